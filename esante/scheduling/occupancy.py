"""Taking time: the only code that takes it. The trigger on the table has the last word."""

from datetime import datetime, timedelta
from typing import Any

import apsw
import msgspec

from esante.kernel.errors import Conflict, Invalid
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.scheduling import finder, holds, store, types
from esante.scheduling.structs import Appointment, AppointmentType, Span
from esante.workplaces import service as workplaces
from esante.workplaces.structs import RoomId, WorkplaceId

REFUSED = "occupied: "


def take(
    tx: WriteTx,
    wanted: Appointment | Span,
    kind: AppointmentType,
    override_reason: str | None,
    source: store.Source = "appointment",
) -> bool:
    """Take the time of practitioner, patient and room; whether it was taken over somebody else's, by `override_reason`.

    What is taken is a `Conflict` (`SLOT_TAKEN`) that says for whom, with the three nearest free times. A hold that has run
    out is no reason to refuse.
    """
    resource = _try(tx, wanted, source)
    if resource is not None and holds.release_lapsed(tx, wanted):
        resource = _try(tx, wanted, source)
    if resource is None:
        return False
    if override_reason is None:
        raise Conflict(
            "This time is taken",
            code="SLOT_TAKEN",
            extra={
                "resource": resource,
                "nearest": nearest(tx, wanted.practitioner_id, wanted.starts_at, kind, wanted.workplace_id),
            },
        )
    store.take_time(tx, wanted, override_reason, source)
    return True


def take_again(tx: WriteTx, wanted: Appointment) -> None:
    """The time of a visit that is to be after all, if it is still free."""
    take(tx, wanted, types.appointment_type(tx, wanted.type_id), None)


def nearest(
    tx: ReadTx, practitioner_id: PractitionerId, starts_at: datetime, kind: AppointmentType, place: WorkplaceId
) -> list[Any]:
    """The free times nearest to the one wanted, at its site, ready to be shown."""
    found = finder.nearest_free(tx, practitioner_id, starts_at, kind, place)
    shown: list[Any] = msgspec.to_builtins(found)
    return shown


def room_for(
    tx: ReadTx,
    workplace_id: WorkplaceId,
    wanted: Appointment | Span,
    kind: AppointmentType,
    asked: RoomId | None,
) -> RoomId | None:
    """The room that is asked for, else the one it has, else the first free one of the kind that the type needs."""
    if asked is not None:
        room = workplaces.room(tx, asked)
        if not room.is_active or room.workplace_id != workplace_id:
            raise Invalid("This room takes no appointments", field="roomId")
        return room.id
    if kind.room_kind is None:
        return wanted.room_id
    until = wanted.ends_at + timedelta(minutes=wanted.buffer_minutes)
    free = store.free_room(tx, workplace_id, kind.room_kind, wanted.starts_at, until, wanted.id)
    if free is not None:
        return free
    all_of_kind = store.rooms_of_kind(tx, workplace_id, kind.room_kind)
    if not all_of_kind:
        raise Conflict("There is no room for this type of visit", code="NO_ROOM")
    return wanted.room_id or all_of_kind[0]


def _try(tx: WriteTx, wanted: Appointment | Span, source: store.Source) -> str | None:
    """Take it, or say whose time it is that is taken."""
    try:
        store.take_time(tx, wanted, None, source)
    except apsw.ConstraintError as error:
        _, is_ours, resource = str(error).partition(REFUSED)
        if not is_ours:
            raise
        return resource
    return None
