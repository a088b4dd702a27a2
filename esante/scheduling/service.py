"""The use cases of appointments: from the request to the end of the visit, and what other rooms ask of them."""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from esante.kernel import clock
from esante.kernel.errors import Conflict, NotFound
from esante.kernel.structs import Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PatientId
from esante.scheduling import availability, occupancy, policy, rules, slots, states, store, types
from esante.scheduling.events import (
    AppointmentAccessed,
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentCompleted,
    AppointmentConfirmed,
    AppointmentEvent,
    AppointmentNoShow,
    AppointmentRejected,
    AppointmentRequested,
    AppointmentRescheduled,
    AppointmentsListed,
    AppointmentStarted,
)
from esante.scheduling.structs import (
    Appointment,
    AppointmentFilter,
    AppointmentId,
    AppointmentLine,
    AppointmentRequest,
    AppointmentType,
    Because,
    Board,
    RescheduleRequest,
)
from esante.workplaces import service as workplaces
from esante.workplaces.structs import WorkplaceId

E = TypeVar("E", bound=AppointmentEvent)

MOST_OF_A_DAY = 500


# ---------------------------------------------------------------- asking for a visit


def request_appointment(tx: WriteTx, wish: AppointmentRequest) -> Appointment:
    """Book a time. A patient's request is pending until it is confirmed, unless its type confirms itself; the desk's is confirmed.

    Price, length, end and state come from the type and the clinic. Refused: a time that is taken for practitioner, patient
    or room (`SLOT_TAKEN`, with the nearest free ones); the past. For patients also: somebody else's record, no reason given,
    a time that is not offered, too soon or too far ahead. The desk may book over what is taken with an `overrideReason`.
    """
    place = workplaces.the_workplace_id(tx)
    policy.may_book(tx, place)
    patient = rules.patient_of(tx, wish)
    practitioner = people.bookable_practitioner(tx, wish.practitioner_id)
    policy.may_book_with(tx, practitioner.id)
    kind = types.bookable_type(tx, wish.type_id)
    starts_at = rules.start_of(tx, wish)
    rules.check_request(tx, wish, kind, starts_at)
    wanted = _new_appointment(tx, wish, kind, place, patient.id, starts_at)
    occupancy.release_lapsed(tx, wanted.starts_at, wanted.ends_at)
    room_id = occupancy.room_for(tx, wanted, kind, wish.room_id)
    wanted = msgspec.structs.replace(wanted, room_id=room_id)
    store.insert_appointment(tx, wanted)
    if occupancy.take(tx, wanted, kind, wish.override_reason):
        wanted = msgspec.structs.replace(wanted, override_reason=wish.override_reason)
        store.update_appointment(tx, wanted)
    if wanted.hold_until is not None:
        occupancy.hold(tx, wanted)
        tx.record(_event(AppointmentRequested, wanted, hold_until=wanted.hold_until))
        return wanted
    _open_care(tx, wanted)
    overridden = wanted.override_reason is not None
    tx.record(_event(AppointmentConfirmed, wanted, booked=True, overridden=overridden), reason=wanted.override_reason)
    return wanted


# ------------------------------------------------------------------------ looking


def show_appointment(tx: LookTx, appointment_id: AppointmentId) -> Appointment:
    """One appointment with its reason, for the patient, the practitioner, the desk and admins."""
    found = appointment_for(tx, appointment_id)
    policy.may_see(tx, found)
    tx.record(AppointmentAccessed(subject=found.id, patient_id=found.patient_id))
    return found


def list_appointments(
    tx: LookTx, wanted: AppointmentFilter, cursor: str | None = None, limit: int = 20
) -> Page[AppointmentLine]:
    """Names, times and states by start.

    A patient sees their own and dependants', a practitioner their own, the desk its workplace's, an admin all.
    """
    scope = policy.may_list(tx)
    found = store.appointments(tx, scope, wanted, decode_cursor(cursor, 2), limit + 1)
    page, last = found[:limit], found[limit - 1] if len(found) > limit else None
    _note_list(tx, "/appointments", wanted, len(page))
    return Page(items=page, next_cursor=encode_cursor(clock.text(last.starts_at), last.id) if last else None)


def list_day(tx: LookTx, day: date, wanted: AppointmentFilter) -> Page[AppointmentLine]:
    """All appointments of a local day, by start."""
    scope = policy.may_list(tx)
    begin, end = slots.day_bounds(day, availability.zone_of(tx))
    wanted = msgspec.structs.replace(wanted, from_at=begin, until_at=end)
    found = store.appointments(tx, scope, wanted, None, MOST_OF_A_DAY)
    _note_list(tx, "/appointments/by-date", wanted, len(found))
    return Page(items=found)


def show_board(tx: LookTx, day: date, wanted: AppointmentFilter) -> Board:
    """The queue of a day for the staff: who is expected, waiting, with the practitioner, done, absent, and what awaits a yes."""
    policy.may_see_board(tx)
    scope = policy.may_list(tx)
    begin, end = slots.day_bounds(day, availability.zone_of(tx))
    wanted = msgspec.structs.replace(wanted, from_at=begin, until_at=end)
    found = store.appointments(tx, scope, wanted, None, MOST_OF_A_DAY)
    _note_list(tx, "/appointments/board", wanted, len(found))
    by_status: dict[str, list[AppointmentLine]] = {}
    for line in found:
        by_status.setdefault(line.status, []).append(line)
    return Board(
        day_on=day,
        expected=by_status.get("confirmed", []),
        waiting=by_status.get("checked_in", []),
        with_practitioner=by_status.get("in_progress", []),
        done=by_status.get("completed", []),
        absent=by_status.get("no_show", []),
        to_confirm=by_status.get("pending", []),
    )


# ---------------------------------------------------------------- answering a request


def confirm_appointment(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """Say yes to a request whose hold has not run out; or take back a no-show of today, if the time is still free."""
    kept = appointment_for(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("confirm", kept.status)
    changed = _changed(tx, kept, status=status, hold_until=None, status_reason=None)
    if kept.status == "no_show":
        rules.check_today(tx, kept)
        occupancy.take_again(tx, changed)
    else:
        occupancy.keep(tx, kept)
    store.update_appointment(tx, changed)
    _open_care(tx, changed)
    tx.record(_event(AppointmentConfirmed, changed))
    return changed


def reject_appointment(tx: WriteTx, appointment_id: AppointmentId, because: Because) -> Appointment:
    """Say no to a request, with a reason; its time is free again."""
    kept = appointment_for(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("reject", kept.status)
    changed = _end(tx, kept, status=status, status_reason=because.reason)
    tx.record(_event(AppointmentRejected, changed))
    return changed


def cancel_appointment(tx: WriteTx, appointment_id: AppointmentId, because: Because) -> Appointment:
    """Call a visit off, with a reason; its time is free again.

    A patient can until some hours before the start (setting `patientCancelHours`) and not once checked in; staff until
    the visit has begun.
    """
    kept = appointment_for(tx, appointment_id)
    policy.may_cancel(tx, kept)
    status = states.after("cancel", kept.status)
    by_patient = tx.actor.role == "patient"
    if by_patient:
        rules.check_notice(tx, kept)
    changed = _end(tx, kept, status=status, status_reason=because.reason)
    tx.record(_event(AppointmentCancelled, changed, by_patient=by_patient))
    return changed


def withdraw_appointment(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """Cancel an appointment that was entered in error; lists hide it from then on. Staff only."""
    kept = appointment_for(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("cancel", kept.status)
    changed = _end(tx, kept, status=status, status_reason="entered in error", entered_in_error=True)
    tx.record(_event(AppointmentCancelled, changed, by_patient=False, in_error=True))
    return changed


def move_appointment(tx: WriteTx, appointment_id: AppointmentId, wish: RescheduleRequest) -> Appointment:
    """Give a pending or confirmed appointment another start, for staff; id, length and price stay, the old time is kept as a trace.

    Refused: the past, a time that is taken unless there is an `overrideReason`. A request that is still pending is held anew.
    """
    kept = appointment_for(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("move", kept.status)
    starts_at = rules.instant_of(tx, wish.starts_at)
    rules.check_not_past(tx, starts_at)
    kind = types.appointment_type(tx, kept.type_id)
    changed = _changed(
        tx,
        kept,
        **_times(tx, starts_at, kept.ends_at - kept.starts_at),
        hold_until=_hold_until(tx, starts_at) if status == "pending" else None,
        moves=kept.moves + 1,
    )
    occupancy.release(tx, kept)
    occupancy.release_lapsed(tx, changed.starts_at, changed.ends_at)
    changed = msgspec.structs.replace(changed, room_id=occupancy.room_for(tx, changed, kind, wish.room_id))
    overridden = occupancy.take(tx, changed, kind, wish.override_reason)
    override_reason = wish.override_reason if overridden else None
    changed = msgspec.structs.replace(changed, override_reason=override_reason)
    store.update_appointment(tx, changed)
    store.insert_move(tx, kept, starts_at, wish.reason)
    if changed.hold_until is not None:
        occupancy.hold(tx, changed)
    moved = _event(
        AppointmentRescheduled,
        changed,
        previous_starts_at=kept.starts_at,
        confirmed=status == "confirmed",
        overridden=overridden,
    )
    tx.record(moved, reason=override_reason)
    return changed


# -------------------------------------------------------------------- the visit's day


def check_in_patient(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The patient is here: on the appointment's local day only. A no-show of today who came after all is taken back."""
    kept = appointment_for(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("check_in", kept.status)
    rules.check_today(tx, kept)
    changed = _changed(tx, kept, status=status)
    if kept.status == "no_show":
        occupancy.take_again(tx, changed)
        _open_care(tx, changed)
    store.update_appointment(tx, changed)
    tx.record(_event(AppointmentCheckedIn, changed))
    return changed


def start_visit(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The practitioner of the visit begins it, once the patient is checked in."""
    kept = appointment_for(tx, appointment_id)
    policy.may_attend(tx, kept)
    changed = _changed(tx, kept, status=states.after("start", kept.status))
    store.update_appointment(tx, changed)
    tx.record(_event(AppointmentStarted, changed, workplace_id=changed.workplace_id))
    return changed


def complete_appointment(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The visit has been; by its practitioner, not before its start. The time that is left is free again."""
    kept = appointment_for(tx, appointment_id)
    policy.may_attend(tx, kept)
    status = states.after("complete", kept.status)
    if tx.now < kept.starts_at:
        raise Conflict("An appointment cannot be completed before it starts", code="TOO_EARLY")
    changed = _changed(tx, kept, status=status)
    occupancy.release(tx, kept)
    store.update_appointment(tx, changed)
    people.keep_care(tx, source_id=kept.id)
    tx.record(_event(AppointmentCompleted, changed))
    return changed


def mark_no_show(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """The patient did not come; for staff, once the end and some minutes of grace are past. No visit, so no care follows."""
    kept = appointment_for(tx, appointment_id)
    policy.may_manage(tx, kept)
    status = states.after("no_show", kept.status)
    from_then = kept.ends_at + timedelta(minutes=tx.settings.no_show_grace_minutes)
    if tx.now < from_then:
        raise Conflict(
            "It is too early to say that the patient did not come", code="TOO_EARLY", extra={"from": from_then}
        )
    changed = _end(tx, kept, status=status)
    tx.record(_event(AppointmentNoShow, changed))
    return changed


def expire_hold(tx: WriteTx, appointment_id: AppointmentId) -> None:
    """Say that a request's hold has run out, if it has; bears being run twice. For the house."""
    policy.only_house(tx)
    kept = store.appointment(tx, appointment_id)
    if kept is not None:
        occupancy.expire(tx, kept)


def appointment_for(tx: ReadTx, appointment_id: AppointmentId) -> Appointment:
    """An appointment by its id, with the state it has now. For other rooms."""
    found = store.appointment(tx, appointment_id)
    if found is None:
        raise NotFound(policy.HIDDEN)
    return found


# ------------------------------------------------------------------------- the parts


def _new_appointment(
    tx: WriteTx,
    wish: AppointmentRequest,
    kind: AppointmentType,
    place: WorkplaceId,
    patient_id: PatientId,
    starts_at: datetime,
) -> Appointment:
    """The row as it will be kept: everything but the time, the reason and the two people comes from the clinic."""
    by_patient = tx.actor.role == "patient"
    held = by_patient and not kind.auto_confirm
    return Appointment(
        id=AppointmentId(new_id()),
        patient_id=patient_id,
        practitioner_id=wish.practitioner_id,
        workplace_id=place,
        room_id=None,
        type_id=kind.id,
        type_name=kind.name,
        price_minor=kind.price_minor,
        currency=kind.currency,
        **_times(tx, starts_at, timedelta(minutes=kind.duration_minutes)),
        status="pending" if held else "confirmed",
        hold_until=_hold_until(tx, starts_at) if held else None,
        reason=wish.reason,
        status_reason=None,
        override_reason=None,
        created_via="patient" if by_patient else "desk",
        moves=0,
        entered_in_error=False,
        version=1,
        created_at=tx.now,
        created_by=tx.actor.id,
        updated_at=tx.now,
    )


def _times(tx: ReadTx, starts_at: datetime, length: timedelta) -> dict[str, Any]:
    wall = starts_at.astimezone(availability.zone_of(tx))
    return {
        "starts_at": starts_at,
        "ends_at": starts_at + length,
        "local_on": wall.date(),
        "local_time": wall.strftime("%H:%M"),
    }


def _hold_until(tx: ReadTx, starts_at: datetime) -> datetime:
    return min(tx.now + timedelta(hours=tx.settings.pending_hold_hours), starts_at)


def _changed(tx: WriteTx, kept: Appointment, **fields: Any) -> Appointment:
    return msgspec.structs.replace(kept, **fields, version=kept.version + 1, updated_at=tx.now)


def _end(tx: WriteTx, kept: Appointment, **fields: Any) -> Appointment:
    """The visit will not be: its time is free, and what its confirmation opened is closed."""
    changed = _changed(tx, kept, **fields, hold_until=None)
    occupancy.release(tx, kept)
    store.update_appointment(tx, changed)
    if kept.status != "pending":
        people.end_care(tx, source_id=kept.id)
    return changed


def _open_care(tx: WriteTx, confirmed: Appointment) -> None:
    people.open_care(tx, confirmed.patient_id, confirmed.practitioner_id, source="appointment", source_id=confirmed.id)


def _event(kind: type[E], of: Appointment, **more: Any) -> E:
    return kind(
        subject=of.id,
        patient_id=of.patient_id,
        practitioner_id=of.practitioner_id,
        starts_at=of.starts_at,
        type_id=of.type_id,
        version=of.version,
        **more,
    )


def _note_list(tx: LookTx, route: str, wanted: AppointmentFilter, count: int) -> None:
    digest = hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()[:16]
    tx.record(AppointmentsListed(subject=route, filter_digest=digest, count=count))
