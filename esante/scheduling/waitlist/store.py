"""Every SQL statement about the waiting list."""

from datetime import date
from typing import Any

import msgspec

from esante.kernel.transaction import ReadTx, WriteTx
from esante.scheduling.structs import AppointmentId
from esante.scheduling.waitlist.structs import RANK, EntryId, EntryStatus, WaitlistEntry

# Fixed fragments, no values.
STATUS = "CASE WHEN status = 'offered' AND offer_until <= :now THEN 'expired' ELSE status END"
ENTRY = (
    "SELECT id, patient_id, practitioner_id, specialty, workplace_id, type_id, from_on, to_on, part_of_day, urgency, reason, "  # noqa: S608
    + STATUS
    + " AS status, offered_practitioner_id, offered_workplace_id, offered_room_id, offered_at, offer_starts_at, offer_ends_at,"
    " offer_until,"
    " appointment_id, created_at, created_by, updated_at FROM waitlist_entry"
)


def entry(tx: ReadTx, entry_id: EntryId) -> WaitlistEntry | None:
    return tx.maybe(WaitlistEntry, ENTRY + " WHERE id = :id", {"id": entry_id, "now": tx.now})


def entry_of_visit(tx: ReadTx, appointment_id: AppointmentId) -> WaitlistEntry | None:
    """The entry whose offer would become, or became, this visit."""
    return tx.maybe(WaitlistEntry, ENTRY + " WHERE appointment_id = :id", {"id": appointment_id, "now": tx.now})


def anybody_waits(tx: ReadTx) -> bool:
    return tx.one(bool, "SELECT EXISTS (SELECT 1 FROM waitlist_entry WHERE status = 'waiting')")


def line_for(tx: ReadTx, practitioner_id: str, day: date) -> list[WaitlistEntry]:
    """Who waits for this practitioner, or for the specialty, on this day: the first in line first."""
    return tx.all(
        WaitlistEntry,
        ENTRY + " WHERE status = 'waiting' AND from_on <= :day AND to_on >= :day AND (practitioner_id = :who"  # noqa: S608
        " OR specialty_key = (SELECT specialty_key FROM practitioner WHERE id = :who)) ORDER BY rank, created_at, id",
        {"who": practitioner_id, "day": day, "now": tx.now},
    )


def is_waiting(tx: ReadTx, like: WaitlistEntry, specialty_key: str | None) -> bool:
    """Does this patient wait for the same already?"""
    return tx.one(
        bool,
        "SELECT EXISTS (SELECT 1 FROM waitlist_entry WHERE patient_id = :patient AND type_id = :type AND status = 'waiting'"
        " AND practitioner_id IS :who AND specialty_key IS :specialty)",
        {
            "patient": like.patient_id,
            "type": like.type_id,
            "who": like.practitioner_id,
            "specialty": specialty_key,
        },
    )


def is_among(tx: ReadTx, scope: tuple[str, dict[str, Any]], entry_id: EntryId) -> bool:
    """Is it one of those that the condition holds for?"""
    narrowed, values = scope
    sql = "SELECT EXISTS (SELECT 1 FROM waitlist_entry WHERE id = :id AND " + narrowed + ")"  # noqa: S608
    return tx.one(bool, sql, values | {"id": entry_id})


def insert_entry(tx: WriteTx, new: WaitlistEntry, specialty_key: str | None) -> None:
    tx.run(
        "INSERT INTO waitlist_entry (id, patient_id, practitioner_id, specialty, specialty_key, workplace_id,"
        " type_id, from_on, to_on,"
        " part_of_day, urgency, rank, reason, status, created_at, created_by, updated_at) VALUES (:id, :patient_id,"
        " :practitioner_id, :specialty, :specialty_key, :workplace_id, :type_id, :from_on, :to_on, :part_of_day,"
        " :urgency, :rank, :reason,"
        " :status, :created_at, :created_by, :updated_at)",
        msgspec.structs.asdict(new) | {"specialty_key": specialty_key, "rank": RANK[new.urgency]},
    )


def update_entry(tx: WriteTx, changed: WaitlistEntry) -> None:
    """Where it stands, and what is offered."""
    tx.run(
        "UPDATE waitlist_entry SET status = :status, offered_practitioner_id = :offered_practitioner_id,"
        " offered_workplace_id = :offered_workplace_id, offered_room_id = :offered_room_id, offered_at ="
        " :offered_at, offer_starts_at = :offer_starts_at,"
        " offer_ends_at = :offer_ends_at, offer_until = :offer_until, appointment_id = :appointment_id,"
        " updated_at = :updated_at WHERE id = :id",
        changed,
    )


def forget_patient(tx: WriteTx, patient_id: str) -> None:
    """What was never offered, or led to nothing."""
    sql = (
        "DELETE FROM waitlist_entry WHERE patient_id = ? AND status IN ('waiting', 'withdrawn', 'declined', 'expired')"
    )
    tx.run(sql, patient_id)


def entries(
    tx: ReadTx,
    scope: tuple[str, dict[str, Any]],
    status: EntryStatus | None,
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[WaitlistEntry]:
    """Those that the actor may see, the newest last; `after` is the id of the last one shown."""
    narrowed, values = scope
    conditions = [narrowed]
    if status is not None:
        conditions.append(STATUS + " = :status")
    if after is not None:
        conditions.append("id > :after")
    return tx.all(
        WaitlistEntry,
        ENTRY + " WHERE " + " AND ".join(conditions) + " ORDER BY id LIMIT :limit",
        values | {"now": tx.now, "status": status, "after": after[0] if after else None, "limit": limit},
    )
