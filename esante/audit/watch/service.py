"""What the watch does each minute, and what it finds when it is asked."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from esante.audit import policy
from esante.audit.events import AccessBurst, AuditRead
from esante.audit.watch import store
from esante.audit.watch.structs import Access, OddAccess, OddKind
from esante.identity import service as identity
from esante.kernel import audit_log
from esante.kernel.errors import Invalid
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.notifications import service as notifications
from esante.people.service import fold
from esante.workplaces import service as workplaces
from esante.workplaces.structs import OpeningHours

BURST_WINDOW = timedelta(minutes=15)
BURST_SILENCE = timedelta(hours=1)
LONGEST_DAYS = 31
VISIT_DAYS = 7
TOLD_ELSEWHERE = ("auth.locked", "backup.failed", "clock.doubted")
"""What has a notification of its own."""


def watch(tx: WriteTx, nothing: None = None) -> None:
    """For the house, each minute: tell the admins of what became critical, and note who is refused again and again."""
    upto, seen = audit_log.head(tx.conn).seq, store.seen(tx)
    if seen == upto:
        return
    if seen is not None:
        for one in store.criticals(tx, seen, upto):
            if one.action not in TOLD_ELSEWHERE:
                _tell_admins(tx, one.action, one.count, one.last_seq)
    for burst in store.bursts(tx, upto, tx.now - BURST_WINDOW, tx.settings.denial_burst):
        if not store.was_told_since(tx, burst.who, tx.now - BURST_SILENCE):
            tx.record(AccessBurst(subject=burst.who, count=burst.count))
    store.note_seen(tx, upto)


def list_odd(tx: LookTx, since: date, until: date, kind: OddKind | None) -> list[OddAccess]:
    """Accesses of these days, both included, that somebody may want to ask about, newest first; admins only, and audited.

    31 days at most. A record is opened out of hours when the clinic has opening hours and is closed at that time.
    """
    policy.may_read_log(tx)
    if not since <= until <= since + timedelta(days=LONGEST_DAYS - 1):
        raise Invalid("Ask for {days} days at most, the first one first", field="to", days=LONGEST_DAYS)
    found = find_odd(tx, since, until)
    shown = [one for one in found if kind in (None, one.kind)]
    tx.record(AuditRead(subject="audit", count=len(shown)))
    return shown


def find_odd(tx: LookTx, since: date, until: date) -> list[OddAccess]:
    """For other rooms. What `list_odd` shows, of all kinds, without a line of its own."""
    zone, last = ZoneInfo(tx.settings.time_zone), audit_log.head(tx.conn).seq
    begin = datetime.combine(since, time(), zone)
    end = datetime.combine(until + timedelta(days=1), time(), zone)
    first, behind = store.first_at_or_after(tx, begin, last), store.first_at_or_after(tx, end, last)
    hours = workplaces.the_workplace(tx).hours
    groups: dict[tuple[OddKind, date, str, str], list[Access]] = {}
    for access in store.accesses(tx, first, behind - 1, VISIT_DAYS):
        local = access.at.astimezone(zone)
        for kind in _why(access, local, hours):
            groups.setdefault((kind, local.date(), access.actor, access.patient_id), []).append(access)
    return [
        OddAccess(
            kind=kind,
            on=on,
            actor=actor,
            actor_name=group[0].actor_name,
            role=group[0].role,
            patient_id=patient_id,
            count=len(group),
            last_seq=group[0].seq,
            last_at=group[0].at,
        )
        for (kind, on, actor, patient_id), group in groups.items()
    ]


def line_at(tx: ReadTx, instant: datetime, last: int) -> int:
    """For other rooms. The first line of that instant or later; one behind `last` when there is none."""
    return store.first_at_or_after(tx, instant, last)


def _why(access: Access, local: datetime, hours: list[OpeningHours]) -> list[OddKind]:
    kinds: list[OddKind] = []
    if access.actor_last_name and fold(access.actor_last_name) == fold(access.patient_last_name or ""):
        kinds.append("own_name")
    if not access.has_visit and access.role != "admin":
        kinds.append("no_visit")
    wall = local.strftime("%H:%M")
    if hours and not any(one.weekday == local.isoweekday() and one.from_time <= wall < one.to_time for one in hours):
        kinds.append("out_of_hours")
    return kinds


def _tell_admins(tx: WriteTx, action: str, count: int, seq: int) -> None:
    for admin in identity.accounts_in_role(tx, "admin"):
        notifications.tell(
            tx, admin, "critical_event", "urgent", "Something critical happened",
            "{action}, {count} times. The review queue of the audit log has the lines.",
            str(seq), action=action, count=str(count),
        )  # fmt: skip
