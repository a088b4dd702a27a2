"""Every SQL statement about appointments and the time that they take."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from esante.kernel.structs import Kept, new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PatientId, PractitionerId
from esante.scheduling.slots import Taken
from esante.scheduling.structs import (
    Appointment,
    AppointmentFilter,
    AppointmentId,
    AppointmentLine,
    InsuranceWarning,
    Span,
)
from esante.workplaces.structs import RoomId, RoomKind, WorkplaceId

Source = Literal["appointment", "request", "offer"]
"""What takes a time: a visit, an open wish to move one, an offer from the waiting list."""

# Fixed fragments, no values. A hold that has run out is over, whether the job that says so has run or not.
STATUS = (
    "CASE WHEN appointment.status = 'pending' AND appointment.hold_until <= :now"
    " THEN 'expired' ELSE appointment.status END"
)
APPOINTMENT = (
    "SELECT id, patient_id, practitioner_id, workplace_id, room_id, type_id, type_name, price_minor, currency, starts_at,"  # noqa: S608
    " ends_at, local_on, local_time, "
    + STATUS
    + " AS status, hold_until, reason, symptoms, notes, is_remote, remote_text,"
    " buffer_minutes, series_id, status_reason, override_reason, created_via, moves, entered_in_error, settled_at,"
    " checked_in_at, pre_checked_at, reconfirm_until, insurance_warning, version, created_at, created_by, updated_at"
    " FROM appointment"
)
LINE = (
    "SELECT appointment.id, appointment.patient_id, patient.first_name || ' ' || patient.last_name AS patient_name,"  # noqa: S608
    " appointment.practitioner_id, practitioner.first_name || ' ' || practitioner.last_name AS practitioner_name,"
    " appointment.workplace_id, appointment.room_id, room.name AS room_name, appointment.type_name, appointment_type.color,"
    " appointment.starts_at, appointment.ends_at, appointment.local_time, " + STATUS + " AS status,"
    " appointment.is_remote, appointment.checked_in_at, appointment.pre_checked_at, appointment.reconfirm_until,"
    " appointment.insurance_warning, appointment.version"
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
    "workplace_id": "appointment.workplace_id = :workplace_id",
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
    tx.run(_INSERT, new)


COLUMNS = Appointment.__struct_fields__
_INSERT = f"INSERT INTO appointment ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)})"  # noqa: S608


def update_appointment(tx: WriteTx, changed: Appointment) -> None:
    tx.run(
        "UPDATE appointment SET room_id = :room_id, starts_at = :starts_at, ends_at = :ends_at, local_on = :local_on,"
        " local_time = :local_time, status = :status, hold_until = :hold_until, reason = :reason, symptoms = :symptoms,"
        " notes = :notes, remote_text = :remote_text, status_reason = :status_reason, override_reason = :override_reason,"
        " moves = :moves, entered_in_error = :entered_in_error, settled_at = :settled_at,"
        " checked_in_at = :checked_in_at, pre_checked_at = :pre_checked_at, reconfirm_until = :reconfirm_until,"
        " version = :version, updated_at = :updated_at WHERE id = :id",
        changed,
    )


def insert_version(tx: WriteTx, before: Appointment) -> None:
    """What it said until now."""
    tx.run(
        "INSERT INTO appointment_version (appointment_id, version, body, replaced_at, replaced_by) VALUES (?, ?, ?, ?, ?)",
        before.id,
        before.version,
        before,
        tx.now,
        tx.actor.id,
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


def insurance_warning(
    tx: ReadTx, patient_id: PatientId, workplace_id: WorkplaceId, day: date
) -> InsuranceWarning | None:
    """Whether the patient's policies have run out by that day, or the site accepts none of the good ones; None without any."""
    return tx.maybe(
        InsuranceWarning | None,  # type: ignore[arg-type]
        "SELECT CASE WHEN patient.insurances = '[]' THEN NULL WHEN NOT EXISTS (SELECT 1 FROM json_each(patient.insurances)"
        " WHERE coalesce(value ->> 'validTo', :day) >= :day) THEN 'expired' WHEN workplace.insurances <> '[]' AND NOT EXISTS"
        " (SELECT 1 FROM json_each(patient.insurances) own JOIN json_each(workplace.insurances) accepted"
        " ON lower(own.value ->> 'provider') = lower(accepted.value) AND coalesce(own.value ->> 'validTo', :day) >= :day)"
        " THEN 'not_accepted' END FROM patient, workplace WHERE patient.id = :patient AND workplace.id = :place",
        {"patient": patient_id, "place": workplace_id, "day": day},
    )


def has_profile(tx: ReadTx, patient_id: PatientId) -> bool:
    """Birth date, a telephone number (one's own or the guardian's), and the consent that data are processed."""
    return tx.one(
        bool,
        "SELECT patient.birth_date IS NOT NULL AND coalesce(patient.mobile_e164, guardian.mobile_e164) IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM patient_consent WHERE patient_consent.patient_id = patient.id"
        " AND kind = 'data_processing' AND revoked_at IS NULL)"
        " FROM patient LEFT JOIN patient AS guardian ON guardian.id = patient.guardian_id WHERE patient.id = ?",
        patient_id,
    )


def of_series(tx: ReadTx, series_id: str) -> list[Appointment]:
    """Its visits, by start."""
    return tx.all(
        Appointment, APPOINTMENT + " WHERE series_id = :id ORDER BY starts_at", {"id": series_id, "now": tx.now}
    )


def unattended(tx: ReadTx, ended_before: datetime, limit: int) -> list[Appointment]:
    """Confirmed visits that ended long ago."""
    return tx.all(
        Appointment,
        APPOINTMENT + " WHERE status = 'confirmed' AND ends_at <= :before ORDER BY starts_at LIMIT :limit",
        {"before": ended_before, "now": tx.now, "limit": limit},
    )


class Lapsed(Kept):
    """A hold that has run out."""

    appointment_id: AppointmentId
    source: Source


def lapsed_holds(tx: ReadTx, wanted: Appointment | Span) -> list[Lapsed]:
    """Holds of the same practitioner, patient or room that have run out and whose time touches this one."""
    return tx.all(
        Lapsed,
        "SELECT DISTINCT appointment_id, source FROM occupancy WHERE starts_at < :ends_at"
        " AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', :starts_at, '-1 day') AND ends_at > :starts_at AND hold_until <= :now"
        " AND (resource_kind, resource_id) IN (VALUES ('practitioner', :practitioner), ('patient', :patient), ('room', :room))",
        _span(wanted) | {"now": tx.now},
    )


def take_time(
    tx: WriteTx, taken: Appointment | Span, override_reason: str | None, source: Source = "appointment"
) -> None:
    """One row for each resource; the trigger refuses what overlaps, and then none is there.

    Practitioner and room stay taken for the buffer after the visit; the patient may go.
    """
    values = _span(taken) | {
        "leaves_at": taken.ends_at,
        "source": source,
        "hold_until": taken.hold_until,
        "override_reason": override_reason,
    }
    tx.run(_TAKE if taken.room_id is None else _TAKE + _TAKE_ROOM, values)


_TAKE = (
    "INSERT INTO occupancy (resource_kind, resource_id, starts_at, ends_at, appointment_id, source, hold_until, override_reason)"
    " VALUES ('practitioner', :practitioner, :starts_at, :ends_at, :id, :source, :hold_until, :override_reason),"
    " ('patient', :patient, :starts_at, :leaves_at, :id, :source, :hold_until, :override_reason)"
)
_TAKE_ROOM = ", ('room', :room, :starts_at, :ends_at, :id, :source, :hold_until, :override_reason)"
_OF_ONE = (
    " WHERE starts_at = :starts_at AND appointment_id = :id AND"
    " (resource_kind, resource_id) IN (VALUES ('practitioner', :practitioner), ('patient', :patient), ('room', :room))"
)


def free_time(tx: WriteTx, kept: Appointment | Span) -> None:
    tx.run("DELETE FROM occupancy" + _OF_ONE, _span(kept))  # noqa: S608


def keep_time(tx: WriteTx, held: Appointment | Span) -> None:
    """What was held is taken: by an appointment that is sure."""
    tx.run("UPDATE occupancy SET hold_until = NULL, source = 'appointment'" + _OF_ONE, _span(held))  # noqa: S608


def _span(of: Appointment | Span) -> dict[str, Any]:
    return {
        "id": of.id,
        "practitioner": of.practitioner_id,
        "patient": of.patient_id,
        "room": of.room_id,
        "starts_at": of.starts_at,
        "ends_at": of.ends_at + timedelta(minutes=of.buffer_minutes),
    }


def busy(tx: ReadTx, kind: str, ids: Sequence[str], starts_at: datetime, ends_at: datetime) -> dict[str, Taken]:
    """The taken times of each resource between two instants; nothing in it is longer than a day. Lapsed holds are free.

    No structs: a search over three months reads tens of thousands of rows.
    """
    rows: Any = tx.conn.execute(
        "SELECT resource_id, starts_at, ends_at FROM occupancy WHERE resource_kind = :kind"
        " AND resource_id IN (SELECT value FROM json_each(:ids)) AND starts_at < :ends_at"
        " AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', :starts_at, '-1 day') AND ends_at > :starts_at"
        " AND (hold_until IS NULL OR hold_until > :now) ORDER BY resource_id, starts_at",
        {"kind": kind, "ids": list(ids), "starts_at": starts_at, "ends_at": ends_at, "now": tx.now},
    )
    found: dict[str, Taken] = {}
    current, whose = Taken(), ""
    for resource_id, begin, end in rows:
        if resource_id != whose:
            whose, current = resource_id, Taken()
            found[whose] = current
        current.add(begin, end)
    return found


def rooms_of_kind(tx: ReadTx, workplace_id: WorkplaceId, kind: RoomKind) -> list[RoomId]:
    return tx.all(
        RoomId,
        "SELECT id FROM room WHERE workplace_id = ? AND kind = ? AND is_active = 1 ORDER BY name, id",
        workplace_id,
        kind,
    )


def rooms_by_site(tx: ReadTx, kind: RoomKind) -> dict[WorkplaceId, list[RoomId]]:
    """The open rooms of the kind, of every site."""
    found: dict[WorkplaceId, list[RoomId]] = {}
    rows = tx.conn.execute("SELECT workplace_id, id FROM room WHERE kind = ? AND is_active = 1", (kind,))
    for place, room in rows.fetchall():
        found.setdefault(WorkplaceId(str(place)), []).append(RoomId(str(room)))
    return found


def free_room(
    tx: ReadTx,
    workplace_id: WorkplaceId,
    kind: RoomKind,
    starts_at: datetime,
    ends_at: datetime,
    for_visit: AppointmentId,
) -> RoomId | None:
    """The first room of the kind that no other visit has then."""
    return tx.maybe(
        RoomId,
        "SELECT id FROM room WHERE workplace_id = :place AND kind = :kind AND is_active = 1 AND NOT EXISTS ("
        " SELECT 1 FROM occupancy WHERE resource_kind = 'room' AND resource_id = room.id AND starts_at < :ends_at"
        " AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', :starts_at, '-1 day') AND ends_at > :starts_at"
        " AND (hold_until IS NULL OR hold_until > :now) AND appointment_id <> :visit) ORDER BY name, id",
        {
            "place": workplace_id,
            "kind": kind,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "now": tx.now,
            "visit": for_visit,
        },
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


def count_live_of(tx: ReadTx, practitioner_id: PractitionerId, workplace_id: WorkplaceId) -> int:
    """How many live appointments of a practitioner at a site have not ended."""
    return tx.one(
        int,
        "SELECT count(*) FROM appointment WHERE practitioner_id = ? AND workplace_id = ? AND ends_at > ? AND starts_at > ?"
        " AND status IN ('pending', 'confirmed', 'checked_in', 'in_progress') AND (hold_until IS NULL OR hold_until > ?)",
        practitioner_id,
        workplace_id,
        tx.now,
        tx.now - timedelta(days=1),
        tx.now,
    )


def count_live_at(tx: ReadTx, workplace_id: WorkplaceId) -> int:
    """How many live appointments of a site have not ended."""
    return tx.one(
        int,
        "SELECT count(*) FROM appointment WHERE workplace_id = ? AND ends_at > ?"
        " AND status IN ('pending', 'confirmed', 'checked_in', 'in_progress') AND (hold_until IS NULL OR hold_until > ?)",
        workplace_id,
        tx.now,
        tx.now,
    )
