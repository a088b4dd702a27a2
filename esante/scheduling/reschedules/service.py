"""The use cases of wishes to move a visit (SPEC SC-16, SC-17)."""

from datetime import datetime
from typing import Any

import msgspec

from esante.kernel.errors import Conflict, NotFound
from esante.kernel.structs import Page, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.scheduling import holds, occupancy, policy, rules, service, states, types, visits
from esante.scheduling.events import (
    AppointmentAccessed,
    MoveEvent,
    RescheduleApproved,
    RescheduleRejected,
    RescheduleRequested,
    RescheduleWithdrawn,
)
from esante.scheduling.reschedules import store
from esante.scheduling.reschedules.structs import MoveRequest, MoveRequestId, MoveStatus, MoveWish
from esante.scheduling.structs import Appointment, AppointmentId, AppointmentType, Because, RescheduleRequest


def ask_to_move(tx: WriteTx, appointment_id: AppointmentId, wish: MoveWish) -> MoveRequest:
    """A patient wishes another time for a pending or confirmed visit; the new time is held while the wish is open.

    Refused: a second open wish, more moves than the clinic allows (setting `maxPatientReschedules`), a time that is taken or
    not offered, and what cancelling would refuse: too short a notice.
    """
    kept = visits.visit(tx, appointment_id)
    policy.may_ask_to_move(tx, kept)
    states.after("move", kept.status)
    rules.check_notice(tx, kept)
    _check_none_open(tx, kept)
    most = tx.settings.max_patient_reschedules
    if store.count_approved(tx, kept.id) >= most:
        raise Conflict(
            "This visit was moved {most} times already. Please call the desk", code="MOVED_TOO_OFTEN", most=most
        )
    starts_at = rules.instant_of(tx, wish.starts_at)
    if starts_at == kept.starts_at:
        raise Conflict("The visit is at this time already", code="SAME_TIME")
    kind = types.appointment_type(tx, kept.type_id)
    rules.check_offered(tx, kept.practitioner_id, kind, starts_at, kept.ends_at - kept.starts_at, kept.workplace_id)
    wanted = _hold(tx, kept, kind, starts_at, wish)
    store.insert_request(tx, wanted)
    holds.announce_move(tx, wanted)
    tx.record(_event(RescheduleRequested, kept, wanted, hold_until=wanted.hold_until))
    return wanted


def list_wishes(tx: LookTx, appointment_id: AppointmentId) -> Page[MoveRequest]:
    """Every wish to move this visit, oldest first, for whoever may see the visit."""
    kept = visits.visit(tx, appointment_id)
    policy.may_see(tx, kept)
    tx.record(AppointmentAccessed(subject=kept.id, patient_id=kept.patient_id))
    return Page(items=store.requests(tx, kept.id))


def approve_wish(tx: WriteTx, appointment_id: AppointmentId) -> Appointment:
    """Move the visit to the time that was wished for. Its hold is checked again: what has lapsed cannot be approved."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    wish = _open(tx, kept)
    rules.check_not_past(tx, wish.starts_at)
    holds.release_move(tx, kept, wish)
    moved = service.move(
        tx, kept, wish.starts_at, RescheduleRequest(starts_at=wish.starts_at, reason=wish.reason, room_id=wish.room_id)
    )
    _decide(tx, wish, "approved", None)
    tx.record(_event(RescheduleApproved, kept, wish))
    return moved


def reject_wish(tx: WriteTx, appointment_id: AppointmentId, because: Because) -> MoveRequest:
    """The visit stays where it is, with a reason; the time that was held is free again."""
    kept = visits.visit(tx, appointment_id)
    policy.may_manage(tx, kept)
    wish = _open(tx, kept)
    return _close(tx, kept, wish, "rejected", because.reason, RescheduleRejected)


def withdraw_wish(tx: WriteTx, appointment_id: AppointmentId) -> MoveRequest:
    """The patient no longer wishes it."""
    kept = visits.visit(tx, appointment_id)
    policy.may_ask_to_move(tx, kept)
    wish = _open(tx, kept)
    return _close(tx, kept, wish, "withdrawn", None, RescheduleWithdrawn)


def lapse_wish(tx: WriteTx, request_id: MoveRequestId) -> None:
    """Say that a wish's hold has run out, if it has; bears being run twice. For the house."""
    policy.only_house(tx)
    wish = store.request(tx, request_id)
    if wish is not None:
        holds.lapse_move(tx, visits.visit(tx, wish.appointment_id), only_if_over=True)


def _hold(tx: WriteTx, kept: Appointment, kind: AppointmentType, starts_at: datetime, wish: MoveWish) -> MoveRequest:
    """The wish, its time taken beside that of the visit, which stays until somebody says yes."""
    wanted = MoveRequest(
        id=MoveRequestId(new_id()),
        appointment_id=kept.id,
        starts_at=starts_at,
        ends_at=starts_at + (kept.ends_at - kept.starts_at),
        room_id=kept.room_id,
        reason=wish.reason,
        status="open",
        hold_until=min(visits.hold_until(tx, starts_at), kept.starts_at),
        decision_reason=None,
        decided_at=None,
        decided_by=None,
        created_at=tx.now,
        created_by=tx.actor.id,
    )
    room = occupancy.room_for(tx, kept.workplace_id, holds.span_of_move(kept, wanted), kind, None)
    wanted = msgspec.structs.replace(wanted, room_id=room)
    occupancy.take(tx, holds.span_of_move(kept, wanted), kind, None, "request")
    return wanted


def _check_none_open(tx: WriteTx, kept: Appointment) -> None:
    """One open wish at most; one that has lapsed unsaid is said to have."""
    wish = store.undecided(tx, kept.id)
    if wish is None:
        return
    if wish.status == "open":
        raise Conflict("There is an open wish to move this visit already", code="ALREADY_ASKED")
    holds.lapse_move(tx, kept)


def _open(tx: ReadTx, kept: Appointment) -> MoveRequest:
    wish = store.undecided(tx, kept.id)
    if wish is None:
        raise NotFound("There is no open wish to move this visit")
    if wish.status != "open":
        raise Conflict(
            "The wish to move this visit has lapsed", code="WRONG_STATE", extra={"state": wish.status, "possible": []}
        )
    return wish


def _close(
    tx: WriteTx, kept: Appointment, wish: MoveRequest, status: MoveStatus, reason: str | None, kind: type[MoveEvent]
) -> MoveRequest:
    holds.release_move(tx, kept, wish)
    holds.freed(tx, kept.practitioner_id, wish.starts_at, wish.ends_at)
    decided = _decide(tx, wish, status, reason)
    tx.record(_event(kind, kept, wish))
    return decided


def _decide(tx: WriteTx, wish: MoveRequest, status: MoveStatus, reason: str | None) -> MoveRequest:
    decided = msgspec.structs.replace(
        wish, status=status, decision_reason=reason, decided_at=tx.now, decided_by=tx.actor.id
    )
    store.update_request(tx, decided)
    return decided


def _event(kind: type[MoveEvent], kept: Appointment, wish: MoveRequest, **more: Any) -> MoveEvent:
    return kind(
        subject=wish.id,
        patient_id=kept.patient_id,
        appointment_id=kept.id,
        practitioner_id=kept.practitioner_id,
        starts_at=wish.starts_at,
        previous_starts_at=kept.starts_at,
        **more,
    )
