"""The parts that the use cases of appointments are made of: the row to be, its times, its end, its events."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from esante.kernel.errors import NotFound
from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PatientId
from esante.scheduling import finder, holds, policy, store, types
from esante.scheduling.events import AppointmentEvent
from esante.scheduling.structs import Appointment, AppointmentId, AppointmentRequest, AppointmentType
from esante.workplaces.structs import WorkplaceId

E = TypeVar("E", bound=AppointmentEvent)


def visit(tx: ReadTx, appointment_id: AppointmentId) -> Appointment:
    """An appointment by its id, with the state it has now; `NotFound` when there is none. No policy."""
    found = store.appointment(tx, appointment_id)
    if found is None:
        raise NotFound(policy.HIDDEN)
    return found


def new_visit(
    tx: WriteTx,
    wish: AppointmentRequest,
    kind: AppointmentType,
    place: WorkplaceId,
    patient_id: PatientId,
    starts_at: datetime,
    *,
    insured: bool,
) -> Appointment:
    """The row as it will be kept: everything but the time, the texts and the two people comes from the clinic.

    Whoever is `insured` has policies; whether they are good on that day is looked up.
    """
    wall = times(tx, starts_at, timedelta(minutes=kind.duration_minutes))
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
        **wall,
        status="pending" if held else "confirmed",
        hold_until=hold_until(tx, starts_at) if held else None,
        reason=wish.reason,
        symptoms=wish.symptoms,
        notes=wish.notes,
        is_remote=kind.is_remote,
        remote_text=wish.remote_text or kind.remote_text,
        buffer_minutes=types.buffer_of(tx, kind),
        status_reason=None,
        override_reason=None,
        created_via="patient" if by_patient else "desk",
        moves=0,
        entered_in_error=False,
        settled_at=None if held else tx.now,
        insurance_warning=store.insurance_warning(tx, patient_id, place, wall["local_on"]) if insured else None,
        version=1,
        created_at=tx.now,
        created_by=tx.actor.id,
        updated_at=tx.now,
    )


def times(tx: ReadTx, starts_at: datetime, length: timedelta) -> dict[str, Any]:
    """Start, end, and the clinic's day and wall time of the start."""
    wall = starts_at.astimezone(finder.zone_of(tx))
    return {
        "starts_at": starts_at,
        "ends_at": starts_at + length,
        "local_on": wall.date(),
        "local_time": wall.strftime("%H:%M"),
    }


def hold_until(tx: ReadTx, starts_at: datetime) -> datetime:
    """How long a time is held that waits for a yes: some hours, never past its start."""
    return min(tx.now + timedelta(hours=tx.settings.pending_hold_hours), starts_at)


def reconfirm_until(tx: ReadTx, kept: Appointment, starts_at: datetime) -> datetime | None:
    """Until when the patient is to say whether a time that the staff chose suits; None where the clinic asks nobody."""
    hours = tx.settings.reconfirm_moved_hours
    if not hours or kept.status != "confirmed":
        return None
    return min(tx.now + timedelta(hours=hours), starts_at)


def changed(tx: WriteTx, kept: Appointment, **fields: Any) -> Appointment:
    """The next version."""
    return msgspec.structs.replace(kept, **fields, version=kept.version + 1, updated_at=tx.now)


def end(tx: WriteTx, kept: Appointment, **fields: Any) -> Appointment:
    """The visit will not be: its time is free, and what its confirmation opened is closed."""
    ended = changed(tx, kept, **fields, hold_until=None, reconfirm_until=None)
    holds.lapse_move(tx, kept)
    holds.release(tx, kept)
    store.update_appointment(tx, ended)
    if kept.status != "pending":
        people.end_care(tx, kept.patient_id, kept.practitioner_id, source_id=kept.id)
    return ended


def open_care(tx: WriteTx, confirmed: Appointment) -> None:
    """From now on the practitioner treats the patient."""
    people.open_care(tx, confirmed.patient_id, confirmed.practitioner_id, source="appointment", source_id=confirmed.id)


def event(kind: type[E], of: Appointment, **more: Any) -> E:
    """What happened to it."""
    return kind(
        subject=of.id,
        patient_id=of.patient_id,
        practitioner_id=of.practitioner_id,
        starts_at=of.starts_at,
        type_id=of.type_id,
        version=of.version,
        **more,
    )
