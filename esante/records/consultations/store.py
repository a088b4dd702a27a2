"""Every SQL statement of consultations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import apsw

from esante.kernel.errors import Conflict, Locked
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PatientId
from esante.records.consultations.structs import (
    Addendum,
    Consultation,
    ConsultationBrief,
    ConsultationId,
    Snapshot,
)
from esante.scheduling.structs import AppointmentId

BRIEF = (
    "SELECT c.id, c.appointment_id, c.patient_id, c.practitioner_id, c.type, c.status, c.started_at, c.started_precision,"
    " c.chief_complaint, c.diagnosis, c.follow_up_on, c.source, c.version FROM consultation c WHERE"
)
NARROW = {
    "patient_id": "AND c.patient_id = :patient_id",
    "status": "AND c.status = :status",
    "from_at": "AND c.started_at >= :from_at",
    "to_at": "AND c.started_at < :to_at",
    "before_at": "AND (c.started_at, c.id) < (:before_at, :before_id)",
}
NEWEST_FIRST = "ORDER BY c.started_at DESC, c.id DESC LIMIT :limit"


def consultation(tx: ReadTx, id: ConsultationId) -> Consultation | None:
    return tx.maybe(Consultation, "SELECT * FROM consultation WHERE id = ?", id)


def of_appointment(tx: ReadTx, appointment_id: AppointmentId) -> Consultation | None:
    return tx.maybe(Consultation, "SELECT * FROM consultation WHERE appointment_id = ?", appointment_id)


def briefs(tx: ReadTx, visible: str, values: dict[str, Any], narrowed_by: Sequence[str]) -> list[ConsultationBrief]:
    """`visible` is the policy's condition; `narrowed_by` names the conditions of `NARROW` whose values are given."""
    sql = " ".join((BRIEF, visible, *(NARROW[name] for name in narrowed_by), NEWEST_FIRST))
    return tx.all(ConsultationBrief, sql, values)


def wrote_for(tx: ReadTx, practitioner_id: str, patient_id: PatientId) -> bool:
    """Has this practitioner written a consultation of this patient?"""
    return tx.one(
        bool,
        "SELECT EXISTS (SELECT 1 FROM consultation WHERE patient_id = ? AND practitioner_id = ?)",
        patient_id,
        practitioner_id,
    )


def insert(tx: WriteTx, row: Consultation) -> None:
    try:
        tx.run(
            "INSERT INTO consultation (id, appointment_id, patient_id, practitioner_id, workplace_id, type, status,"
            " started_at, ended_at, started_precision, chief_complaint, symptoms, vitals, examination, diagnosis,"
            " diagnosis_code, notes, additional_notes, follow_up_required, follow_up_on, follow_up_notes,"
            " shared_with_patient, source, version, created_at, updated_at, completed_at, can_edit_until, sealed_at,"
            " error_at, error_reason) VALUES (:id, :appointment_id, :patient_id, :practitioner_id, :workplace_id, :type,"
            " :status, :started_at, :ended_at, :started_precision, :chief_complaint, :symptoms, :vitals, :examination,"
            " :diagnosis, :diagnosis_code, :notes, :additional_notes, :follow_up_required, :follow_up_on,"
            " :follow_up_notes, :shared_with_patient, :source, :version, :created_at, :updated_at, :completed_at,"
            " :can_edit_until, :sealed_at, :error_at, :error_reason)",
            row,
        )
    except apsw.ConstraintError as error:
        if error.extendedresult != apsw.SQLITE_CONSTRAINT_UNIQUE:  # type: ignore[attr-defined]  # absent from the stubs
            raise
        raise Conflict("This appointment has its consultation already", code="CONSULTATION_EXISTS") from None


def update_content(tx: WriteTx, row: Consultation) -> None:
    """The content of a row whose version has been counted up; the table itself refuses it when it is sealed."""
    try:
        tx.run(
            "UPDATE consultation SET type = :type, chief_complaint = :chief_complaint, symptoms = :symptoms,"
            " vitals = :vitals, examination = :examination, diagnosis = :diagnosis, diagnosis_code = :diagnosis_code,"
            " notes = :notes, additional_notes = :additional_notes, follow_up_required = :follow_up_required,"
            " follow_up_on = :follow_up_on, follow_up_notes = :follow_up_notes,"
            " shared_with_patient = :shared_with_patient, version = :version, updated_at = :updated_at WHERE id = :id",
            row,
        )
    except apsw.ConstraintError as error:
        if error.extendedresult != apsw.SQLITE_CONSTRAINT_TRIGGER:  # type: ignore[attr-defined]  # absent from the stubs
            raise
        raise Locked("This consultation is sealed: add an addendum instead", code="CONSULTATION_SEALED") from None


def update_completed(tx: WriteTx, row: Consultation) -> None:
    tx.run(
        "UPDATE consultation SET status = :status, ended_at = :ended_at, completed_at = :completed_at,"
        " can_edit_until = :can_edit_until, version = :version, updated_at = :updated_at WHERE id = :id",
        row,
    )


def update_error(tx: WriteTx, row: Consultation) -> None:
    """State only; the content stays as it is."""
    tx.run(
        "UPDATE consultation SET status = :status, error_at = :error_at, error_reason = :error_reason,"
        " version = :version, updated_at = :updated_at WHERE id = :id",
        row,
    )


def mark_sealed(tx: WriteTx, id: ConsultationId, at: datetime) -> bool:
    """True the first time only."""
    return tx.run("UPDATE consultation SET sealed_at = ? WHERE id = ? AND sealed_at IS NULL", at, id) > 0


def insert_history(tx: WriteTx, entry: Snapshot) -> None:
    tx.run(
        "INSERT INTO consultation_history (consultation_id, version, action, at, by, snapshot)"
        " VALUES (:consultation_id, :version, :action, :at, :by, :snapshot)",
        entry,
    )


def insert_addendum(tx: WriteTx, row: Addendum) -> None:
    tx.run(
        "INSERT INTO consultation_addendum (id, consultation_id, practitioner_id, text, is_private, created_at)"
        " VALUES (:id, :consultation_id, :practitioner_id, :text, :is_private, :created_at)",
        row,
    )


def addenda(tx: ReadTx, id: ConsultationId) -> list[Addendum]:
    return tx.all(Addendum, "SELECT * FROM consultation_addendum WHERE consultation_id = ? ORDER BY created_at, id", id)


def move(tx: WriteTx, from_id: str, to_id: str) -> list[str]:
    """All of one record of a patient to another one of the same; the table refuses it unless the two are merged."""
    return tx.all(str, "UPDATE consultation SET patient_id = ? WHERE patient_id = ? RETURNING id", to_id, from_id)


def move_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> list[str]:
    """A consultation goes with its visit; without one by its id."""
    return tx.all(
        str,
        "UPDATE consultation SET patient_id = :to_id WHERE patient_id = :from_id"
        " AND (appointment_id IN (SELECT id FROM appointment WHERE patient_id = :to_id)"
        " OR (appointment_id IS NULL AND id IN (SELECT value FROM json_each(:ids)))) RETURNING id",
        {"ids": ids, "from_id": from_id, "to_id": to_id},
    )
