"""Every SQL statement about appointments and the time that they take."""

from datetime import datetime, timedelta
from typing import Any

from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.scheduling.slots import Busy
from esante.scheduling.structs import Appointment, AppointmentFilter, AppointmentId, AppointmentLine
from esante.workplaces.structs import RoomId, RoomKind, WorkplaceId

# Fixed fragments, no values. A hold that has run out is over, whether the job that says so has run or not.
STATUS = (
    "CASE WHEN appointment.status = 'pending' AND appointment.hold_until <= :now"
    " THEN 'expired' ELSE appointment.status END"
)
APPOINTMENT = (
    "SELECT id, patient_id, practitioner_id, workplace_id, room_id, type_id, type_name, price_minor, currency, starts_at,"  # noqa: S608
    " ends_at, local_on, local_time, " + STATUS + " AS status, hold_until, reason, status_reason, override_reason,"
    " created_via, moves, entered_in_error, version, created_at, created_by, updated_at FROM appointment"
)
LINE = (
    "SELECT appointment.id, appointment.patient_id, patient.first_name || ' ' || patient.last_name AS patient_name,"  # noqa: S608
    " appointment.practitioner_id, practitioner.first_name || ' ' || practitioner.last_name AS practitioner_name,"
    " appointment.workplace_id, appointment.room_id, room.name AS room_name, appointment.type_name, appointment_type.color,"
    " appointment.starts_at, appointment.ends_at, appointment.local_time, " + STATUS + " AS status, appointment.version"
    " FROM appointment JOIN patient ON patient.id = appointment.patient_id"
    " JOIN practitioner ON practitioner.id = appointment.practitioner_id"
    " JOIN appointment_type ON appointment_type.id = appointment.type_id"
    " LEFT JOIN room ON room.id = appointment.room_id"
)
CONDITIONS = {
    "from_at": "appointment.starts_at >= :from_at",
    "until_at": "appointment.starts_at < :until_at",
    "practitioner_id": "appointment.practitioner_id = :practitioner_id",
    "patient_id": "appointment.patient_id = :patient_id",
    "status": "appointment.status = :status",
}
# The state as it is now; the column itself has the index.
AS_OF_NOW = {
    "pending": "appointment.status = :status AND appointment.hold_until > :now",
    "expired": "appointment.status IN ('expired', 'pending') AND " + STATUS + " = :status",
}


def appointment(tx: ReadTx, appointment_id: AppointmentId) -> Appointment | None:
    return tx.maybe(Appointment, APPOINTMENT + " WHERE id = :id", {"id": appointment_id, "now": tx.now})


def insert_appointment(tx: WriteTx, new: Appointment) -> None:
    tx.run(
        "INSERT INTO appointment (id, patient_id, practitioner_id, workplace_id, room_id, type_id, type_name, price_minor,"
        " currency, starts_at, ends_at, local_on, local_time, status, hold_until, reason, status_reason, override_reason,"
        " created_via, moves, entered_in_error, version, created_at, created_by, updated_at) VALUES (:id, :patient_id,"
        " :practitioner_id, :workplace_id, :room_id, :type_id, :type_name, :price_minor, :currency, :starts_at, :ends_at,"
        " :local_on, :local_time, :status, :hold_until, :reason, :status_reason, :override_reason, :created_via, :moves,"
        " :entered_in_error, :version, :created_at, :created_by, :updated_at)",
        new,
    )


def update_appointment(tx: WriteTx, changed: Appointment) -> None:
    tx.run(
        "UPDATE appointment SET room_id = :room_id, starts_at = :starts_at, ends_at = :ends_at, local_on = :local_on,"
        " local_time = :local_time, status = :status, hold_until = :hold_until, status_reason = :status_reason,"
        " override_reason = :override_reason, moves = :moves, entered_in_error = :entered_in_error, version = :version,"
        " updated_at = :updated_at WHERE id = :id",
        changed,
    )


def insert_move(tx: WriteTx, kept: Appointment, starts_at: datetime, reason: str | None) -> None:
    tx.run(
        "INSERT INTO appointment_move (id, appointment_id, previous_starts_at, previous_ends_at, starts_at, reason,"
        " moved_at, moved_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        new_id(),
        kept.id,
        kept.starts_at,
        kept.ends_at,
        starts_at,
        reason,
        tx.now,
        tx.actor.id,
    )


def lapsed_holds(tx: ReadTx, starts_at: datetime, ends_at: datetime) -> list[AppointmentId]:
    """Requests whose hold has run out and whose time touches this one."""
    return tx.all(
        AppointmentId,
        "SELECT id FROM appointment INDEXED BY appointment_hold WHERE status = 'pending' AND hold_until <= :now"
        " AND starts_at < :ends_at AND ends_at > :starts_at",
        {"now": tx.now, "starts_at": starts_at, "ends_at": ends_at},
    )


def take_time(tx: WriteTx, taken: Appointment, override_reason: str | None) -> None:
    """One row for each resource; the trigger refuses what overlaps, and then none is there."""
    values = {
        "id": taken.id,
        "practitioner": taken.practitioner_id,
        "patient": taken.patient_id,
        "room": taken.room_id,
        "starts_at": taken.starts_at,
        "ends_at": taken.ends_at,
        "hold_until": taken.hold_until,
        "override_reason": override_reason,
    }
    tx.run(_TAKE if taken.room_id is None else _TAKE + _TAKE_ROOM, values)


_TAKE = (
    "INSERT INTO occupancy (appointment_id, resource_kind, resource_id, starts_at, ends_at, hold_until, override_reason)"
    " VALUES (:id, 'practitioner', :practitioner, :starts_at, :ends_at, :hold_until, :override_reason),"
    " (:id, 'patient', :patient, :starts_at, :ends_at, :hold_until, :override_reason)"
)
_TAKE_ROOM = ", (:id, 'room', :room, :starts_at, :ends_at, :hold_until, :override_reason)"


def free_time(tx: WriteTx, appointment_id: AppointmentId) -> None:
    tx.run("DELETE FROM occupancy WHERE appointment_id = ?", appointment_id)


def keep_time(tx: WriteTx, appointment_id: AppointmentId) -> None:
    """A confirmed appointment's time is no longer a hold."""
    tx.run("UPDATE occupancy SET hold_until = NULL WHERE appointment_id = ?", appointment_id)


def busy(tx: ReadTx, kind: str, resource_id: str, starts_at: datetime, ends_at: datetime) -> list[Busy]:
    """The taken times of a resource between two instants; nothing in it is longer than a day. Lapsed holds are free."""
    return tx.all(
        Busy,
        "SELECT starts_at, ends_at FROM occupancy WHERE resource_kind = :kind AND resource_id = :id"
        " AND starts_at < :ends_at AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', :starts_at, '-1 day')"
        " AND ends_at > :starts_at AND (hold_until IS NULL OR hold_until > :now) ORDER BY starts_at",
        {"kind": kind, "id": resource_id, "starts_at": starts_at, "ends_at": ends_at, "now": tx.now},
    )


def rooms_of_kind(tx: ReadTx, workplace_id: WorkplaceId, kind: RoomKind) -> list[RoomId]:
    return tx.all(
        RoomId,
        "SELECT id FROM room WHERE workplace_id = ? AND kind = ? AND is_active = 1 ORDER BY name, id",
        workplace_id,
        kind,
    )


def free_room(
    tx: ReadTx, workplace_id: WorkplaceId, kind: RoomKind, starts_at: datetime, ends_at: datetime
) -> RoomId | None:
    """The first room of the kind that nobody else has then."""
    return tx.maybe(
        RoomId,
        "SELECT id FROM room WHERE workplace_id = :place AND kind = :kind AND is_active = 1 AND NOT EXISTS ("
        " SELECT 1 FROM occupancy WHERE resource_kind = 'room' AND resource_id = room.id AND starts_at < :ends_at"
        " AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', :starts_at, '-1 day') AND ends_at > :starts_at)"
        " ORDER BY name, id",
        {"place": workplace_id, "kind": kind, "starts_at": starts_at, "ends_at": ends_at},
    )


def appointments(
    tx: ReadTx,
    scope: tuple[str, dict[str, Any]],
    wanted: AppointmentFilter,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[AppointmentLine]:
    """By start, narrowed to what the actor may see; `after` is the start and id of the last one shown."""
    narrowed, values = scope
    given = {name: getattr(wanted, name) for name in CONDITIONS if getattr(wanted, name) is not None}
    conditions = [narrowed, *(CONDITIONS[name] for name in given if name != "status")]
    if wanted.status is not None:
        if wanted.status != "completed":
            # Few are in any other state: a plus keeps SQLite from walking a practitioner's whole past to find them.
            conditions = [
                one.replace("appointment.practitioner_id", "+appointment.practitioner_id") for one in conditions
            ]
        conditions.append(AS_OF_NOW.get(wanted.status, CONDITIONS["status"]))
    if not wanted.with_errors:
        conditions.append("appointment.entered_in_error = 0")
    if after is not None:
        conditions.append("(appointment.starts_at, appointment.id) > (:after_at, :after_id)")
        given |= {"after_at": after[0], "after_id": after[1]}
    return tx.all(
        AppointmentLine,
        LINE + " WHERE " + " AND ".join(conditions) + " ORDER BY appointment.starts_at, appointment.id LIMIT :limit",
        values | given | {"now": tx.now, "limit": limit},
    )


def live_lines(
    tx: ReadTx, practitioner_id: PractitionerId, from_at: datetime, until_at: datetime | None
) -> list[AppointmentLine]:
    """The practitioner's live appointments that end after the first instant and start before the second."""
    return tx.all(
        AppointmentLine,
        LINE + " WHERE appointment.practitioner_id = :practitioner AND appointment.ends_at > :from_at"
        " AND appointment.starts_at > :day_before"
        " AND (:until_at IS NULL OR appointment.starts_at < :until_at)"
        " AND appointment.status IN ('pending', 'confirmed', 'checked_in', 'in_progress')"
        " AND (appointment.hold_until IS NULL OR appointment.hold_until > :now) ORDER BY appointment.starts_at",
        {
            "practitioner": practitioner_id,
            "from_at": from_at,
            "day_before": from_at - timedelta(days=1),
            "until_at": until_at,
            "now": tx.now,
        },
    )
