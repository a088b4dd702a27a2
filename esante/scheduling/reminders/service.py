"""Which reminders are due (SPEC R19, NO-11, NO-12)."""

from collections.abc import Iterator
from datetime import timedelta

from esante.kernel import clock
from esante.kernel.transaction import ReadTx, WriteTx
from esante.scheduling import finder, policy, slots
from esante.scheduling.events import ReminderDue
from esante.scheduling.reminders import store
from esante.scheduling.reminders.store import Coming, Mark
from esante.scheduling.reminders.structs import DayAhead

LEAST_AHEAD = timedelta(minutes=15)
"""Nearer than this nobody is reminded any more."""
KEPT_DAYS = 30


def note_due(tx: WriteTx) -> int:
    """Note every mark that a confirmed visit has come within, and have its patient told once; how many are told. For the house.

    A visit that became sure only after its mark is passed over; so is a mark that a nearer one has overtaken while the clinic
    was not running; fifteen minutes before the start it is too late for all of them.
    """
    policy.only_house(tx)
    marks = sorted(set(tx.settings.reminder_minutes))
    if not marks:
        return 0
    told = 0
    for visit in store.coming(tx, tx.now + LEAST_AHEAD, tx.now + timedelta(minutes=marks[-1])):
        for mark in _due(tx, visit, marks):
            store.note(tx, mark)
            if mark.outcome == "due":
                told += 1
                tx.record(
                    ReminderDue(
                        subject=visit.id,
                        patient_id=visit.patient_id,
                        practitioner_id=visit.practitioner_id,
                        starts_at=visit.starts_at,
                        minutes=mark.minutes,
                    )
                )
    return told


def days_ahead(tx: ReadTx) -> list[DayAhead]:
    """What the rest of the local day brings, for each practitioner and site where there is anything. For other rooms."""
    zone = finder.zone_of(tx)
    return store.agendas(tx, slots.day_bounds(clock.local_date(tx.now, zone), zone)[1])


def forget_old(tx: WriteTx) -> None:
    """The marks of visits long past. For the house."""
    policy.only_house(tx)
    store.forget_old(tx, tx.now - timedelta(days=KEPT_DAYS))


def _due(tx: WriteTx, visit: Coming, marks: list[int]) -> Iterator[Mark]:
    """The nearest mark that has come is told, unless it was; those further away that were not noted are overtaken."""
    ahead = visit.starts_at - tx.now
    reached = [
        minutes
        for minutes in marks
        if ahead <= timedelta(minutes=minutes) and visit.settled_at <= visit.starts_at - timedelta(minutes=minutes)
    ]
    for minutes in reached:
        if minutes not in visit.noted:
            yield Mark(visit, minutes, "due" if minutes == reached[0] else "overtaken")
