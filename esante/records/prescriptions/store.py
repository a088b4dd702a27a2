"""Every SQL statement of prescriptions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import apsw

from esante.kernel.errors import Locked
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PatientId
from esante.records.consultations.structs import ConsultationId
from esante.records.prescriptions.structs import HistoryEntry, Prescription, PrescriptionId

SELECT = "SELECT p.*, :now >= p.can_edit_until AS is_locked, p.ends_on < :today AS is_expired FROM prescription p WHERE"
NARROW = {
    "patient_id": "AND p.patient_id = :patient_id",
    "consultation_id": "AND p.consultation_id = :consultation_id",
    "status": "AND p.status = :status",
    "running": "AND p.status = 'active' AND p.ends_on >= :today",
    "before_at": "AND (p.issued_at, p.id) < (:before_at, :before_id)",
}
NEWEST_FIRST = "ORDER BY p.issued_at DESC, p.id DESC LIMIT :limit"
BY_ID = f"{SELECT} p.id = :id"


def prescription(tx: ReadTx, id: PrescriptionId, today: date) -> Prescription | None:
    return tx.maybe(Prescription, BY_ID, {"id": id, "now": tx.now, "today": today})


def prescriptions(tx: ReadTx, visible: str, values: dict[str, Any], narrowed_by: Sequence[str]) -> list[Prescription]:
    """`visible` is the policy's condition; `narrowed_by` names the conditions of `NARROW` whose values are given."""
    sql = " ".join((SELECT, visible, *(NARROW[name] for name in narrowed_by), NEWEST_FIRST))
    return tx.all(Prescription, sql, values)


def site_of(tx: ReadTx, id: PrescriptionId) -> str | None:
    """Where its consultation was held; None without one, and for one that came from another system."""
    return tx.maybe(
        str,
        "SELECT c.workplace_id FROM prescription p JOIN consultation c ON c.id = p.consultation_id"
        " WHERE p.id = ? AND c.source <> 'import'",
        id,
    )


def next_number(tx: ReadTx, consultation_id: ConsultationId | None, patient_id: PatientId) -> int:
    """Counted within the consultation; within the patient's prescriptions without one otherwise."""
    if consultation_id is not None:
        return tx.one(
            int, "SELECT coalesce(max(number), 0) + 1 FROM prescription WHERE consultation_id = ?", consultation_id
        )
    return tx.one(
        int,
        "SELECT coalesce(max(number), 0) + 1 FROM prescription WHERE patient_id = ? AND consultation_id IS NULL",
        patient_id,
    )


def wrote_for(tx: ReadTx, practitioner_id: str, patient_id: PatientId) -> bool:
    """Has this practitioner prescribed for this patient?"""
    return tx.one(
        bool,
        "SELECT EXISTS (SELECT 1 FROM prescription WHERE patient_id = ? AND practitioner_id = ?)",
        patient_id,
        practitioner_id,
    )


def insert(tx: WriteTx, row: Prescription) -> None:
    tx.run(
        "INSERT INTO prescription (id, consultation_id, patient_id, practitioner_id, number, status, issued_at,"
        " issued_precision, ends_on, reason, lines, general_note, pharmacy, status_reason, superseded_by, source, version,"
        " created_at, updated_at, can_edit_until, lock_announced_at) VALUES (:id, :consultation_id, :patient_id,"
        " :practitioner_id, :number, :status, :issued_at, :issued_precision, :ends_on, :reason, :lines, :general_note,"
        " :pharmacy, :status_reason, :superseded_by, :source, :version, :created_at, :updated_at, :can_edit_until,"
        " :lock_announced_at)",
        row,
    )


def update_content(tx: WriteTx, row: Prescription) -> None:
    """The content of a row whose version has been counted up; the table itself refuses it when it is locked."""
    try:
        tx.run(
            "UPDATE prescription SET lines = :lines, general_note = :general_note, pharmacy = :pharmacy,"
            " ends_on = :ends_on, version = :version, updated_at = :updated_at WHERE id = :id",
            row,
        )
    except apsw.ConstraintError as error:
        if error.extendedresult != apsw.SQLITE_CONSTRAINT_TRIGGER:  # type: ignore[attr-defined]  # absent from the stubs
            raise
        raise Locked(
            "This prescription is locked: replace it by a new one instead", code="PRESCRIPTION_LOCKED"
        ) from None


def update_status(tx: WriteTx, row: Prescription) -> None:
    tx.run(
        "UPDATE prescription SET status = :status, status_reason = :status_reason, superseded_by = :superseded_by,"
        " version = :version, updated_at = :updated_at WHERE id = :id",
        row,
    )


def update_lock(tx: WriteTx, row: Prescription) -> None:
    """Locked by hand, before its time."""
    tx.run(
        "UPDATE prescription SET can_edit_until = :can_edit_until, lock_announced_at = :lock_announced_at,"
        " version = :version, updated_at = :updated_at WHERE id = :id",
        row,
    )


def mark_lock_announced(tx: WriteTx, id: PrescriptionId, at: datetime) -> bool:
    """True the first time only."""
    return (
        tx.run("UPDATE prescription SET lock_announced_at = ? WHERE id = ? AND lock_announced_at IS NULL", at, id) > 0
    )


def insert_history(tx: WriteTx, entry: HistoryEntry) -> None:
    tx.run(
        "INSERT INTO prescription_history (id, prescription_id, version, action, at, by, snapshot)"
        " VALUES (:id, :prescription_id, :version, :action, :at, :by, :snapshot)",
        entry,
    )


def history(tx: ReadTx, id: PrescriptionId) -> list[HistoryEntry]:
    return tx.all(HistoryEntry, "SELECT * FROM prescription_history WHERE prescription_id = ? ORDER BY id", id)


def move(tx: WriteTx, from_id: str, to_id: str) -> list[str]:
    """All of one record of a patient to another one of the same; the table refuses it unless the two are merged."""
    return tx.all(str, "UPDATE prescription SET patient_id = ? WHERE patient_id = ? RETURNING id", to_id, from_id)


def move_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> list[str]:
    """A prescription goes with its consultation; without one by its id."""
    return tx.all(
        str,
        "UPDATE prescription SET patient_id = :to_id WHERE patient_id = :from_id"
        " AND (consultation_id IN (SELECT id FROM consultation WHERE patient_id = :to_id)"
        " OR (consultation_id IS NULL AND id IN (SELECT value FROM json_each(:ids)))) RETURNING id",
        {"ids": ids, "from_id": from_id, "to_id": to_id},
    )
