"""Papers checked before the day (SPEC SC-18), and a patient's yes to a time that the staff chose (SC-15)."""

from datetime import datetime

from esante.kernel.errors import Conflict
from esante.kernel.transaction import WriteTx
from esante.scheduling import policy, states, store, visits
from esante.scheduling.events import AppointmentPreChecked, AppointmentReconfirmed, ReconfirmationMissed
from esante.scheduling.structs import Appointment, AppointmentId


def pre_check(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The papers of a confirmed visit are in order, so that on its day the patient only comes. Again changes nothing.

    A move takes the mark away.
    """
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    states.after("pre_check", kept.status)
    return kept if kept.pre_checked_at else _mark(tx, kept, tx.now)


def withdraw_pre_check(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """They are not in order after all. Again changes nothing."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    states.after("pre_check", kept.status)
    return _mark(tx, kept, None) if kept.pre_checked_at else kept


def reconfirm(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The new time suits: said by the patient, or to the desk. Whom it does not suit calls the visit off, or asks to move it.

    Also after the time to answer has run out. Refused: nobody asked (`NOT_ASKED`).
    """
    kept = visits.visit(tx, appointment_id)
    policy.may_cancel(tx, kept)
    if kept.reconfirm_until is None:
        raise Conflict("Nobody has asked whether this time suits", code="NOT_ASKED")
    changed = visits.changed(tx, kept, reconfirm_until=None)
    store.update_appointment(tx, changed)
    tx.record(visits.event(AppointmentReconfirmed, changed))
    return changed


def note_missed(tx: WriteTx, appointment_id: AppointmentId, until: datetime) -> None:
    """Say that nobody has answered in time, unless somebody has or the visit was moved since. For the house."""
    policy.only_house(tx)
    kept = store.appointment(tx, appointment_id)
    if kept is not None and kept.reconfirm_until == until and kept.status == "confirmed":
        tx.record(visits.event(ReconfirmationMissed, kept))


def _mark(tx: WriteTx, kept: Appointment, at: datetime | None) -> Appointment:
    changed = visits.changed(tx, kept, pre_checked_at=at)
    store.update_appointment(tx, changed)
    tx.record(visits.event(AppointmentPreChecked, changed, withdrawn=at is None))
    return changed
