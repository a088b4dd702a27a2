"""Every SQL statement about appointment types and availability."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.scheduling.structs import (
    AppointmentType,
    AppointmentTypeId,
    DayException,
    OwnPrice,
    TemplateRow,
)
from esante.workplaces.structs import WorkplaceId

_REST = (
    " currency, duration_minutes, color, auto_confirm, room_kind, buffer_minutes, requires_referral, is_remote, remote_text,"
    " is_active, version, created_at, updated_at FROM appointment_type"
)
TYPE = "SELECT id, name, price_minor," + _REST
# With the practitioner's own price, where there is one.
TYPE_WITH = (
    "SELECT id, name, coalesce((SELECT price_minor FROM appointment_type_price WHERE type_id = appointment_type.id"  # noqa: S608
    " AND practitioner_id = :practitioner), price_minor) AS price_minor," + _REST
)


def types(tx: ReadTx, *, only_active: bool) -> list[AppointmentType]:
    """By name; those withdrawn too unless `only_active`."""
    return tx.all(AppointmentType, TYPE + " WHERE is_active >= ? ORDER BY name, id", int(only_active))


def appointment_type(tx: ReadTx, type_id: AppointmentTypeId) -> AppointmentType | None:
    """One, or None."""
    return tx.maybe(AppointmentType, TYPE + " WHERE id = ?", type_id)


def appointment_type_with(
    tx: ReadTx, type_id: AppointmentTypeId, practitioner_id: PractitionerId
) -> AppointmentType | None:
    """One at the price that it has with this practitioner, or None."""
    return tx.maybe(AppointmentType, TYPE_WITH + " WHERE id = :id", {"id": type_id, "practitioner": practitioner_id})


def own_prices(tx: ReadTx, type_id: AppointmentTypeId) -> list[OwnPrice]:
    """Of every practitioner who has one."""
    return tx.all(
        OwnPrice,
        "SELECT type_id, practitioner_id, price_minor, updated_at FROM appointment_type_price WHERE type_id = ?"
        " ORDER BY practitioner_id",
        type_id,
    )


def put_own_price(tx: WriteTx, price: OwnPrice) -> None:
    """In the place of the one that there was."""
    tx.run(
        "INSERT INTO appointment_type_price (type_id, practitioner_id, price_minor, updated_at)"
        " VALUES (:type_id, :practitioner_id, :price_minor, :updated_at) ON CONFLICT (type_id, practitioner_id)"
        " DO UPDATE SET price_minor = excluded.price_minor, updated_at = excluded.updated_at",
        price,
    )


def delete_own_price(tx: WriteTx, type_id: AppointmentTypeId, practitioner_id: PractitionerId) -> bool:
    """Was there one?"""
    return (
        tx.run("DELETE FROM appointment_type_price WHERE type_id = ? AND practitioner_id = ?", type_id, practitioner_id)
        > 0
    )


def type_named(tx: ReadTx, name: str) -> AppointmentTypeId | None:
    """The active one of this name."""
    return tx.maybe(AppointmentTypeId, "SELECT id FROM appointment_type WHERE name = ? AND is_active = 1", name)


def insert_type(tx: WriteTx, new: AppointmentType) -> None:
    """A new one."""
    tx.run(
        "INSERT INTO appointment_type (id, name, price_minor, currency, duration_minutes, color, auto_confirm, room_kind,"
        " buffer_minutes, requires_referral, is_remote, remote_text, is_active, version, created_at, updated_at)"
        " VALUES (:id, :name, :price_minor, :currency, :duration_minutes, :color, :auto_confirm, :room_kind,"
        " :buffer_minutes, :requires_referral, :is_remote, :remote_text, :is_active, :version, :created_at, :updated_at)",
        new,
    )


def update_type(tx: WriteTx, changed: AppointmentType) -> None:
    """What of it may change."""
    tx.run(
        "UPDATE appointment_type SET name = :name, price_minor = :price_minor, duration_minutes = :duration_minutes,"
        " color = :color, auto_confirm = :auto_confirm, room_kind = :room_kind, buffer_minutes = :buffer_minutes,"
        " requires_referral = :requires_referral, is_remote = :is_remote, remote_text = :remote_text,"
        " is_active = :is_active, version = :version, updated_at = :updated_at WHERE id = :id",
        changed,
    )


ROWS = "SELECT weekday, from_time, to_time, slot_minutes, valid_from, valid_to, workplace_id FROM availability_template"


def template(tx: ReadTx, practitioner_id: PractitionerId) -> list[TemplateRow]:
    """The weekly rows of a practitioner."""
    return tx.all(
        TemplateRow, ROWS + " WHERE practitioner_id = ? ORDER BY weekday, from_time, valid_from", practitioner_id
    )


class OwnedRow(TemplateRow, frozen=True, kw_only=True, rename="camel"):
    """A row of a template, with whose it is."""

    practitioner_id: PractitionerId


def templates(tx: ReadTx, practitioners: Sequence[PractitionerId]) -> dict[PractitionerId, list[OwnedRow]]:
    """The weekly rows of each."""
    found: dict[PractitionerId, list[OwnedRow]] = {}
    for row in tx.all(
        OwnedRow,
        "SELECT practitioner_id, weekday, from_time, to_time, slot_minutes, valid_from, valid_to, workplace_id"
        " FROM availability_template WHERE practitioner_id IN (SELECT value FROM json_each(?))",
        list(practitioners),
    ):
        found.setdefault(row.practitioner_id, []).append(row)
    return found


def weekday(tx: ReadTx, practitioner_id: PractitionerId, iso: int) -> list[TemplateRow]:
    """The rows of one weekday, 1 for Monday."""
    return tx.all(TemplateRow, ROWS + " WHERE practitioner_id = ? AND weekday = ?", practitioner_id, iso)


def replace_template(tx: WriteTx, practitioner_id: PractitionerId, rows: list[TemplateRow]) -> None:
    """These rows, each with its site, and no others."""
    tx.run("DELETE FROM availability_template WHERE practitioner_id = ?", practitioner_id)
    for row in rows:
        tx.run(
            "INSERT INTO availability_template (id, practitioner_id, workplace_id, weekday, from_time, to_time,"
            " slot_minutes, valid_from, valid_to) VALUES (:id, :practitioner_id, :workplace_id, :weekday, :from_time,"
            " :to_time, :slot_minutes, :valid_from, :valid_to)",
            msgspec.structs.asdict(row) | {"id": new_id(), "practitioner_id": practitioner_id},
        )


EXCEPTION = "SELECT practitioner_id, day_on, day_off, extra, note, updated_at FROM availability_exception"


def exception(tx: ReadTx, practitioner_id: PractitionerId, day: date) -> DayException | None:
    """What is different on a day, or None."""
    return tx.maybe(DayException, EXCEPTION + " WHERE practitioner_id = ? AND day_on = ?", practitioner_id, day)


def exceptions(
    tx: ReadTx, practitioners: Sequence[PractitionerId], first: date, last: date
) -> dict[tuple[PractitionerId, date], DayException]:
    """What is different between two days, both included, by practitioner and day."""
    found = tx.all(
        DayException,
        EXCEPTION + " WHERE practitioner_id IN (SELECT value FROM json_each(?)) AND day_on BETWEEN ? AND ?",  # noqa: S608
        list(practitioners),
        first,
        last,
    )
    return {(one.practitioner_id, one.day_on): one for one in found}


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


def leave_site(tx: WriteTx, practitioner_id: PractitionerId, workplace_id: WorkplaceId) -> bool:
    """Nothing of the week, and nothing added to a day, is at this site any more; was there anything?"""
    values = {"whom": practitioner_id, "place": workplace_id}
    rows = tx.run("DELETE FROM availability_template WHERE practitioner_id = :whom AND workplace_id = :place", values)
    days = tx.run(
        "UPDATE availability_exception SET extra = (SELECT json_group_array(json(value)) FROM json_each(extra)"
        " WHERE value ->> 'workplaceId' <> :place) WHERE practitioner_id = :whom"
        " AND EXISTS (SELECT 1 FROM json_each(extra) WHERE value ->> 'workplaceId' = :place)",
        values,
    )
    return rows + days > 0


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
