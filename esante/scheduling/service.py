"""The use cases of appointments: from the request to the end of the visit, and what other rooms ask of them."""

from datetime import datetime, timedelta

import msgspec

from esante.kernel.errors import Conflict, check_version
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people import service as people
from esante.scheduling import holds, occupancy, policy, rules, states, store, types, visits
from esante.scheduling.agenda import list_appointments as list_appointments  # for the pages of the rooms on the right
from esante.scheduling.agenda import list_day as list_day
from esante.scheduling.events import (
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentCompleted,
    AppointmentConfirmed,
    AppointmentNoShow,
    AppointmentRejected,
    AppointmentRequested,
    AppointmentRescheduled,
    AppointmentStarted,
    AppointmentUpdated,
    ReconfirmationDue,
)
from esante.scheduling.structs import (
    Appointment,
    AppointmentChange,
    AppointmentId,
    AppointmentPatch,
    AppointmentRequest,
    AppointmentType,
    Because,
    RescheduleRequest,
)
from esante.workplaces import service as workplaces

MISSED_AFTER = timedelta(hours=24)
MOST_AT_ONCE = 500


# ---------------------------------------------------------------- asking for a visit


def request_appointment(tx: WriteTx, wish: AppointmentRequest) -> Appointment:
    """Book a time. A patient's request is pending until it is confirmed, unless its type confirms itself; the desk's is confirmed.

    Price, length, end and state come from the type and the clinic. Refused: a time that is taken for practitioner, patient
    or room (`SLOT_TAKEN`, with the nearest free ones); the past; a site where the practitioner does not work. For patients
    also: somebody else's record, no reason given, a time that is not offered, too soon or too far ahead. The desk may book
    over what is taken with an `overrideReason`.
    """
    policy.may_book(tx)
    practitioner = people.bookable_practitioner(tx, wish.practitioner_id)
    place = workplaces.place_for(tx, practitioner.id, wish.workplace_id)
    policy.may_book_with(tx, practitioner.id, place)
    patient = rules.patient_of(tx, wish)
    kind = types.bookable_type(tx, wish.type_id, practitioner.id)
    starts_at = rules.start_of(tx, wish)
    rules.check_request(tx, wish, kind, starts_at, patient.id, place)
    wanted = visits.new_visit(tx, wish, kind, place, patient.id, starts_at, insured=patient.insured)
    return book(tx, wanted, kind, wish)


def book(tx: WriteTx, wanted: Appointment, kind: AppointmentType, wish: AppointmentRequest) -> Appointment:
    """Keep the appointment and take its time; what its sender may do was asked before. For the right."""
    room_id = occupancy.room_for(tx, wanted.workplace_id, wanted, kind, wish.room_id)
    if room_id is not None:
        wanted = msgspec.structs.replace(wanted, room_id=room_id)
    if occupancy.take(tx, wanted, kind, wish.override_reason):
        wanted = msgspec.structs.replace(wanted, override_reason=wish.override_reason)
    store.insert_appointment(tx, wanted)
    if wanted.hold_until is not None:
        holds.hold(tx, wanted)
        tx.record(visits.event(AppointmentRequested, wanted, hold_until=wanted.hold_until))
        return wanted
    confirm_booked(tx, wanted)
    return wanted


def confirm_booked(tx: WriteTx, booked: Appointment) -> None:
    """What follows when an appointment comes confirmed. For the right."""
    visits.open_care(tx, booked)
    overridden = booked.override_reason is not None
    confirmed = visits.event(AppointmentConfirmed, booked, booked=True, overridden=overridden)
    tx.record(confirmed, reason=booked.override_reason)


# ---------------------------------------------------------------- answering a request


def confirm_appointment(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """Say yes to a request whose hold has not run out; or take back a no-show of today, if the time is still free."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("confirm", kept.status)
    changed = visits.changed(tx, kept, status=status, hold_until=None, status_reason=None, settled_at=tx.now)
    if kept.status == "no_show":
        rules.check_today(tx, kept)
        occupancy.take_again(tx, changed)
    else:
        holds.keep(tx, kept)
    store.update_appointment(tx, changed)
    visits.open_care(tx, changed)
    tx.record(visits.event(AppointmentConfirmed, changed))
    return changed


def reject_appointment(tx: WriteTx, appointment_id: AppointmentId, because: Because) -> Appointment:
    """Say no to a request, with a reason; its time is free again."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("reject", kept.status)
    changed = visits.end(tx, kept, status=status, status_reason=because.reason)
    tx.record(visits.event(AppointmentRejected, changed))
    return changed


def cancel_appointment(tx: WriteTx, appointment_id: AppointmentId, because: Because) -> Appointment:
    """Call a visit off, with a reason; its time is free again.

    A patient can until some hours before the start (setting `patientCancelHours`), or while asked whether a new time suits,
    and not once checked in; staff until the visit has begun.
    """
    kept = visits.visit(tx, appointment_id)
    policy.may_cancel(tx, kept)
    status = states.after("cancel", kept.status)
    by_patient = tx.actor.role == "patient"
    if by_patient:
        rules.check_notice(tx, kept)
    changed = visits.end(tx, kept, status=status, status_reason=because.reason)
    tx.record(visits.event(AppointmentCancelled, changed, by_patient=by_patient))
    return changed


def withdraw_appointment(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """Cancel an appointment that was entered in error; lists hide it from then on. Staff only."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("cancel", kept.status)
    changed = visits.end(tx, kept, status=status, status_reason="entered in error", entered_in_error=True)
    tx.record(visits.event(AppointmentCancelled, changed, by_patient=False, in_error=True))
    return changed


def move_appointment(tx: WriteTx, appointment_id: AppointmentId, wish: RescheduleRequest) -> Appointment:
    """Give a pending or confirmed appointment another start, for staff; id, length and price stay, the old time is kept as a trace.

    Refused: the past, a time that is taken unless there is an `overrideReason`. A request that is still pending is held anew;
    a patient's wish to move it has lapsed. Where the clinic wants it (setting `reconfirmMovedHours`) the patient is asked
    whether the new time of a confirmed visit suits; it stays confirmed, with the mark `reconfirmUntil` until there is an answer.
    """
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    states.after("move", kept.status)
    starts_at = rules.instant_of(tx, wish.starts_at)
    rules.check_not_past(tx, starts_at)
    holds.lapse_move(tx, kept)
    return move(tx, kept, starts_at, wish, reconfirm_until=visits.reconfirm_until(tx, kept, starts_at))


def move(
    tx: WriteTx,
    kept: Appointment,
    starts_at: datetime,
    wish: RescheduleRequest,
    reconfirm_until: datetime | None = None,
) -> Appointment:
    """Move it to the start; who may, and whether it can be moved at all, was asked before. For the right."""
    status = states.after("move", kept.status)
    kind = types.appointment_type(tx, kept.type_id)
    changed = visits.changed(
        tx,
        kept,
        **visits.times(tx, starts_at, kept.ends_at - kept.starts_at),
        hold_until=visits.hold_until(tx, starts_at) if status == "pending" else None,
        settled_at=None if status == "pending" else tx.now,
        moves=kept.moves + 1,
        pre_checked_at=None,
        reconfirm_until=reconfirm_until,
    )
    holds.release(tx, kept)
    room_id = occupancy.room_for(tx, kept.workplace_id, changed, kind, wish.room_id)
    changed = msgspec.structs.replace(changed, room_id=room_id)
    overridden = occupancy.take(tx, changed, kind, wish.override_reason)
    override_reason = wish.override_reason if overridden else None
    changed = msgspec.structs.replace(changed, override_reason=override_reason)
    store.update_appointment(tx, changed)
    store.insert_move(tx, kept, starts_at, wish.reason)
    if changed.hold_until is not None:
        holds.hold(tx, changed)
    moved = visits.event(
        AppointmentRescheduled,
        changed,
        previous_starts_at=kept.starts_at,
        confirmed=status == "confirmed",
        overridden=overridden,
        reconfirm_until=reconfirm_until,
    )
    tx.record(moved, reason=override_reason)
    if reconfirm_until is not None:
        tx.later(ReconfirmationDue(appointment_id=kept.id, until=reconfirm_until), due=reconfirm_until)
    return changed


def change_appointment(
    tx: WriteTx, appointment_id: AppointmentId, version: int, patch: AppointmentPatch
) -> Appointment:
    """Edit what is written about a live appointment, or its room; `Stale` (with what it is now) when somebody was faster.

    Patients edit their reason and symptoms; room, notes and the remote address are the desk's.
    """
    kept = visits.visit(tx, appointment_id)
    policy.may_edit(tx, kept, patch)
    return _change(tx, kept, version, patch)


def _change(tx: WriteTx, kept: Appointment, version: int, patch: AppointmentPatch) -> Appointment:
    states.check_editable(kept.status)
    check_version(kept.version, version, current=msgspec.to_builtins(kept))
    given = rules.edits(kept, patch)
    if not given:
        return kept
    changed = visits.changed(tx, kept, **given)
    if changed.room_id != kept.room_id:
        kind = types.appointment_type(tx, kept.type_id)
        occupancy.room_for(tx, kept.workplace_id, changed, kind, changed.room_id)
        store.free_time(tx, kept)
        occupancy.take(tx, changed, kind, kept.override_reason)
    store.insert_version(tx, kept)
    store.update_appointment(tx, changed)
    tx.record(visits.event(AppointmentUpdated, changed, fields=sorted(given)))
    return changed


def replace_appointment(
    tx: WriteTx, appointment_id: AppointmentId, version: int, wish: AppointmentChange
) -> Appointment:
    """Like `change_appointment`, with every field given, for the desk; what is left out becomes empty."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    return _change(tx, kept, version, AppointmentPatch(**msgspec.structs.asdict(wish)))


# -------------------------------------------------------------------- the visit's day


def check_in_patient(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The patient is here: on the appointment's local day only. A no-show of today who came after all is taken back."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    return _check_in(tx, kept)


def check_in_oneself(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """A patient says at the kiosk: I am here."""
    kept = visits.visit(tx, appointment_id)
    policy.may_check_in_oneself(tx, kept)
    return _check_in(tx, kept)


def _check_in(tx: WriteTx, kept: Appointment) -> Appointment:
    status = states.after("check_in", kept.status)
    rules.check_today(tx, kept)
    changed = visits.changed(tx, kept, status=status, checked_in_at=tx.now, reconfirm_until=None)
    if kept.status == "no_show":
        occupancy.take_again(tx, changed)
        visits.open_care(tx, changed)
    else:
        holds.lapse_move(tx, kept)
    store.update_appointment(tx, changed)
    tx.record(visits.event(AppointmentCheckedIn, changed))
    return changed


def start_visit(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The practitioner of the visit begins it, once the patient is checked in."""
    kept = visits.visit(tx, appointment_id)
    policy.may_attend(tx, kept)
    changed = visits.changed(tx, kept, status=states.after("start", kept.status))
    store.update_appointment(tx, changed)
    tx.record(visits.event(AppointmentStarted, changed, workplace_id=changed.workplace_id))
    return changed


def complete_appointment(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The visit has been; by its practitioner, not before its start. The time that is left is free again."""
    kept = visits.visit(tx, appointment_id)
    policy.may_attend(tx, kept)
    status = states.after("complete", kept.status)
    if tx.now < kept.starts_at:
        raise Conflict("An appointment cannot be completed before it starts", code="TOO_EARLY")
    changed = visits.changed(tx, kept, status=status)
    holds.lapse_move(tx, kept)
    holds.release(tx, kept)
    store.update_appointment(tx, changed)
    people.keep_care(tx, kept.patient_id, kept.practitioner_id, source_id=kept.id)
    tx.record(visits.event(AppointmentCompleted, changed))
    return changed


def mark_no_show(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The patient did not come; for staff, once the end and some minutes of grace are past. No visit, so no care follows."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("no_show", kept.status)
    from_then = kept.ends_at + timedelta(minutes=tx.settings.no_show_grace_minutes)
    if tx.now < from_then:
        raise Conflict(
            "It is too early to say that the patient did not come", code="TOO_EARLY", extra={"from": from_then}
        )
    changed = visits.end(tx, kept, status=status)
    tx.record(visits.event(AppointmentNoShow, changed))
    return changed


def expire_hold(tx: WriteTx, appointment_id: AppointmentId) -> None:
    """Say that a request's hold has run out, if it has; bears being run twice. For the house."""
    policy.only_house(tx)
    kept = store.appointment(tx, appointment_id)
    if kept is not None:
        holds.expire(tx, kept)


def mark_missed(tx: WriteTx) -> None:
    """Where the clinic wants it (setting `autoNoShow`): who was confirmed and never checked in has missed a visit that ended
    a day ago. For the house."""
    policy.only_house(tx)
    if not tx.settings.auto_no_show:
        return
    for kept in store.unattended(tx, tx.now - MISSED_AFTER, MOST_AT_ONCE):
        tx.record(visits.event(AppointmentNoShow, visits.end(tx, kept, status="no_show")))


def appointment_for(tx: ReadTx, appointment_id: AppointmentId) -> Appointment:
    """An appointment by its id, with the state it has now. For other rooms."""
    return visits.visit(tx, appointment_id)
