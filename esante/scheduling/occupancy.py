"""Taking time and giving it back: the only code that writes occupancy. The trigger on the table has the last word."""

from datetime import datetime
from typing import Any

import apsw
import msgspec

from esante.kernel.actor import house
from esante.kernel.errors import Conflict, Invalid
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.scheduling import availability, store, types
from esante.scheduling.events import AppointmentExpired, ExpirePendingHold
from esante.scheduling.structs import Appointment, AppointmentType
from esante.workplaces import service as workplaces
from esante.workplaces.structs import RoomId

REFUSED = "occupied: "


def take(tx: WriteTx, wanted: Appointment, kind: AppointmentType, override_reason: str | None) -> bool:
    """Take the time of practitioner, patient and room; whether it was taken over somebody else's, by `override_reason`.

    What is taken is a `Conflict` (`SLOT_TAKEN`) that says for whom, with the three nearest free times.
    """
    try:
        store.take_time(tx, wanted, None)
        return False
    except apsw.ConstraintError as error:
        _, is_ours, resource = str(error).partition(REFUSED)
        if not is_ours:
            raise
    if override_reason is None:
        raise Conflict(
            "This time is taken",
            code="SLOT_TAKEN",
            extra={
                "resource": resource,
                "nearest": nearest(tx, wanted.practitioner_id, wanted.starts_at, kind),
            },
        )
    store.take_time(tx, wanted, override_reason)
    return True


def take_again(tx: WriteTx, wanted: Appointment) -> None:
    """The time of a visit that is to be after all, if it is still free."""
    release_lapsed(tx, wanted.starts_at, wanted.ends_at)
    take(tx, wanted, types.appointment_type(tx, wanted.type_id), None)


def nearest(tx: ReadTx, practitioner_id: PractitionerId, starts_at: datetime, kind: AppointmentType) -> list[Any]:
    """The free times nearest to the one wanted, ready to be shown."""
    found = availability.nearest_free(tx, practitioner_id, starts_at, kind)
    shown: list[Any] = msgspec.to_builtins(found)
    return shown


def room_for(tx: ReadTx, wanted: Appointment, kind: AppointmentType, asked: RoomId | None) -> RoomId | None:
    """The room that is asked for, else the one it has, else the first free one of the kind that the type needs."""
    if asked is not None:
        room = workplaces.room(tx, asked)
        if not room.is_active or room.workplace_id != wanted.workplace_id:
            raise Invalid("This room takes no appointments", field="roomId")
        return room.id
    if kind.room_kind is None:
        return wanted.room_id
    free = store.free_room(tx, wanted.workplace_id, kind.room_kind, wanted.starts_at, wanted.ends_at)
    if free is not None:
        return free
    all_of_kind = store.rooms_of_kind(tx, wanted.workplace_id, kind.room_kind)
    if not all_of_kind:
        raise Conflict("There is no room for this type of visit", code="NO_ROOM")
    return wanted.room_id or all_of_kind[0]


def hold(tx: WriteTx, pending: Appointment) -> None:
    """Have the hold's end announced when it comes."""
    tx.later(ExpirePendingHold(appointment_id=pending.id), due=pending.hold_until, key=_key(pending))


def keep(tx: WriteTx, held: Appointment) -> None:
    """The hold is over, the time stays taken."""
    store.keep_time(tx, held.id)
    tx.forget(_key(held))


def release(tx: WriteTx, kept: Appointment) -> None:
    """Give the time back, and withdraw what was to be announced."""
    store.free_time(tx, kept.id)
    if kept.hold_until is not None:
        tx.forget(_key(kept))


def release_lapsed(tx: WriteTx, starts_at: datetime, ends_at: datetime) -> None:
    """Holds that have run out and whose job is late stand in nobody's way."""
    for lapsed in store.lapsed_holds(tx, starts_at, ends_at):
        found = store.appointment(tx, lapsed)
        if found is not None:
            expire(tx, found)


def expire(tx: WriteTx, lapsed: Appointment) -> None:
    """Say that a hold has run out and give its time back, once; in the name of the house, whoever's booking found it."""
    if lapsed.status != "expired" or lapsed.hold_until is None:
        return
    expired = msgspec.structs.replace(lapsed, hold_until=None, version=lapsed.version + 1, updated_at=tx.now)
    release(tx, lapsed)
    store.update_appointment(tx, expired)
    actor, tx.actor = tx.actor, house("job:expire_pending_hold")
    tx.record(
        AppointmentExpired(
            subject=lapsed.id,
            patient_id=lapsed.patient_id,
            practitioner_id=lapsed.practitioner_id,
            starts_at=lapsed.starts_at,
            type_id=lapsed.type_id,
            version=expired.version,
        )
    )
    tx.actor = actor


def _key(held: Appointment) -> str:
    return f"hold:{held.id}"
