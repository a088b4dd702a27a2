"""After a change of the clinic's zone, coming visits keep their instants and get its days and wall times."""

from datetime import timedelta

import msgspec

from esante.kernel.transaction import WriteTx
from esante.scheduling import finder, policy
from esante.scheduling.events import KeepLocalTimes, LocalTimesKept
from esante.scheduling.local_times import store

AT_ONCE = 500
SINCE = timedelta(days=1)
"""Visits of the day that is passing are checked in by it still; what is older stays as it was."""


def keep_local_times(tx: WriteTx, after_id: str = "") -> None:
    """Write the next 500 anew and queue those that follow; one audit line says how many were seen and changed. For the house."""
    policy.only_house(tx)
    zone = finder.zone_of(tx)
    some = store.after(tx, tx.now - SINCE, after_id, AT_ONCE)
    changed = 0
    for kept in some:
        wall = kept.starts_at.astimezone(zone)
        now = msgspec.structs.replace(kept, local_on=wall.date(), local_time=wall.strftime("%H:%M"))
        if now != kept:
            store.put(tx, now)
            changed += 1
    if some:
        tx.record(LocalTimesKept(subject="appointments", zone=zone.key, seen=len(some), changed=changed))
    if len(some) == AT_ONCE:
        tx.later(KeepLocalTimes(after_id=some[-1].id))
