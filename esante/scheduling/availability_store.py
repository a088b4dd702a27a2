"""Every SQL statement about appointment types and availability."""

from datetime import date, datetime

import msgspec

from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.scheduling.structs import (
    AppointmentType,
    AppointmentTypeId,
    DayException,
    TemplateRow,
)
from esante.workplaces.structs import WorkplaceId

TYPE = (
    "SELECT id, name, price_minor, currency, duration_minutes, color, auto_confirm, room_kind, is_active, version,"
    " created_at, updated_at FROM appointment_type"
)


def types(tx: ReadTx, *, only_active: bool) -> list[AppointmentType]:
    """By name; those withdrawn too unless `only_active`."""
    return tx.all(AppointmentType, TYPE + " WHERE is_active >= ? ORDER BY name, id", int(only_active))


def appointment_type(tx: ReadTx, type_id: AppointmentTypeId) -> AppointmentType | None:
    """One, or None."""
    return tx.maybe(AppointmentType, TYPE + " WHERE id = ?", type_id)


def type_named(tx: ReadTx, name: str) -> AppointmentTypeId | None:
    """The active one of this name."""
    return tx.maybe(AppointmentTypeId, "SELECT id FROM appointment_type WHERE name = ? AND is_active = 1", name)


def insert_type(tx: WriteTx, new: AppointmentType) -> None:
    """A new one."""
    tx.run(
        "INSERT INTO appointment_type (id, name, price_minor, currency, duration_minutes, color, auto_confirm, room_kind,"
        " is_active, version, created_at, updated_at) VALUES (:id, :name, :price_minor, :currency, :duration_minutes,"
        " :color, :auto_confirm, :room_kind, :is_active, :version, :created_at, :updated_at)",
        new,
    )


def update_type(tx: WriteTx, changed: AppointmentType) -> None:
    """What of it may change."""
    tx.run(
        "UPDATE appointment_type SET name = :name, price_minor = :price_minor, duration_minutes = :duration_minutes,"
        " color = :color, auto_confirm = :auto_confirm, room_kind = :room_kind, is_active = :is_active,"
        " version = :version, updated_at = :updated_at WHERE id = :id",
        changed,
    )


ROWS = "SELECT weekday, from_time, to_time, slot_minutes, valid_from, valid_to FROM availability_template"


def template(tx: ReadTx, practitioner_id: PractitionerId) -> list[TemplateRow]:
    """The weekly rows of a practitioner."""
    return tx.all(
        TemplateRow, ROWS + " WHERE practitioner_id = ? ORDER BY weekday, from_time, valid_from", practitioner_id
    )


def weekday(tx: ReadTx, practitioner_id: PractitionerId, iso: int) -> list[TemplateRow]:
    """The rows of one weekday, 1 for Monday."""
    return tx.all(TemplateRow, ROWS + " WHERE practitioner_id = ? AND weekday = ?", practitioner_id, iso)


def replace_template(
    tx: WriteTx, practitioner_id: PractitionerId, workplace_id: WorkplaceId, rows: list[TemplateRow]
) -> None:
    """These rows and no others."""
    tx.run("DELETE FROM availability_template WHERE practitioner_id = ?", practitioner_id)
    for row in rows:
        tx.run(
            "INSERT INTO availability_template (id, practitioner_id, workplace_id, weekday, from_time, to_time,"
            " slot_minutes, valid_from, valid_to) VALUES (:id, :practitioner_id, :workplace_id, :weekday, :from_time,"
            " :to_time, :slot_minutes, :valid_from, :valid_to)",
            msgspec.structs.asdict(row)
            | {"id": new_id(), "practitioner_id": practitioner_id, "workplace_id": workplace_id},
        )


EXCEPTION = "SELECT practitioner_id, day_on, day_off, extra, note, updated_at FROM availability_exception"


def exception(tx: ReadTx, practitioner_id: PractitionerId, day: date) -> DayException | None:
    """What is different on a day, or None."""
    return tx.maybe(DayException, EXCEPTION + " WHERE practitioner_id = ? AND day_on = ?", practitioner_id, day)


def exceptions(tx: ReadTx, practitioner_id: PractitionerId, first: date, last: date) -> dict[date, DayException]:
    """What is different between two days, both included, by day."""
    found = tx.all(
        DayException,
        EXCEPTION + " WHERE practitioner_id = ? AND day_on BETWEEN ? AND ?",
        practitioner_id,
        first,
        last,
    )
    return {one.day_on: one for one in found}


def put_exception(tx: WriteTx, kept: DayException) -> None:
    """In the place of what the day had."""
    tx.run(
        "INSERT INTO availability_exception (practitioner_id, day_on, day_off, extra, note, updated_at)"
        " VALUES (:practitioner_id, :day_on, :day_off, :extra, :note, :updated_at)"
        " ON CONFLICT (practitioner_id, day_on) DO UPDATE SET day_off = excluded.day_off, extra = excluded.extra,"
        " note = excluded.note, updated_at = excluded.updated_at",
        kept,
    )


def delete_exception(tx: WriteTx, practitioner_id: PractitionerId, day: date) -> bool:
    """Was there anything?"""
    return (
        tx.run("DELETE FROM availability_exception WHERE practitioner_id = ? AND day_on = ?", practitioner_id, day) > 0
    )


def bookable(tx: ReadTx, specialty: str | None, now: datetime) -> list[PractitionerId]:
    """Who can be booked and has said when they are there."""
    return tx.all(
        PractitionerId,
        "SELECT practitioner.id FROM practitioner WHERE practitioner.status = 'approved' AND practitioner.archived_at IS NULL"
        " AND (:specialty IS NULL OR practitioner.specialty_key = :specialty) AND (EXISTS ("
        "  SELECT 1 FROM availability_template WHERE availability_template.practitioner_id = practitioner.id) OR EXISTS ("
        "  SELECT 1 FROM availability_exception WHERE availability_exception.practitioner_id = practitioner.id"
        "  AND day_on >= substr(:now, 1, 10))) ORDER BY practitioner.sort_name, practitioner.id LIMIT 200",
        {"specialty": specialty, "now": now},
    )
