"""Every SQL statement about the kiosk."""

from datetime import date, datetime

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PatientId
from esante.scheduling.kiosk.structs import KioskVisit, KioskVisitId

VISIT = "SELECT id, patient_id, salt, attempts, created_at, opened_at, ends_at, network, newcomer FROM kiosk_visit"
MOST_ATTEMPTS = 5


def patient_with(tx: ReadTx, mobile: str, birth_date: date) -> PatientId | None:
    """Whom a number and a birth date fit."""
    return tx.maybe(
        PatientId,
        "SELECT id FROM patient WHERE mobile_e164 = ? AND birth_date = ? AND archived_at IS NULL AND source <> 'import'",
        mobile,
        birth_date,
    )


def count_since(tx: ReadTx, patient_id: PatientId, since: datetime) -> int:
    """How often somebody has given this patient's number since then."""
    return tx.one(int, "SELECT count(*) FROM kiosk_visit WHERE patient_id = ? AND created_at > ?", patient_id, since)


def count_in_vain(tx: ReadTx, network: str, since: datetime) -> int:
    """How often somebody at this address has begun since then, and no right code followed."""
    return tx.one(
        int,
        "SELECT count(*) FROM kiosk_visit WHERE network = ? AND created_at > ? AND opened_at IS NULL",
        network,
        since,
    )


def newcomers(tx: ReadTx) -> list[KioskVisit]:
    """Who waits to be registered, the first first."""
    sql = (
        VISIT
        + " WHERE newcomer IS NOT NULL AND opened_at IS NULL AND ends_at > ? AND attempts < ? ORDER BY created_at, id"
    )
    return tx.all(KioskVisit, sql, tx.now, MOST_ATTEMPTS)


def visit(tx: ReadTx, visit_id: KioskVisitId) -> KioskVisit | None:
    return tx.maybe(
        KioskVisit,
        VISIT + " WHERE id = ?",
        visit_id,
    )


def waiting_of(tx: ReadTx, patient_id: PatientId) -> KioskVisit | None:
    """The newest of this patient that waits for its code."""
    return tx.maybe(
        KioskVisit,
        VISIT + " WHERE patient_id = ? AND opened_at IS NULL AND ends_at > ? ORDER BY created_at DESC, id DESC",
        patient_id,
        tx.now,
    )


def insert_visit(tx: WriteTx, new: KioskVisit) -> None:
    tx.run(
        "INSERT INTO kiosk_visit (id, patient_id, salt, attempts, created_at, opened_at, ends_at, network, newcomer)"
        " VALUES (:id, :patient_id, :salt, :attempts, :created_at, :opened_at, :ends_at, :network, :newcomer)",
        new,
    )


def update_visit(tx: WriteTx, changed: KioskVisit) -> None:
    tx.run(
        "UPDATE kiosk_visit SET patient_id = :patient_id, attempts = :attempts, opened_at = :opened_at, ends_at = :ends_at,"
        " newcomer = :newcomer WHERE id = :id",
        changed,
    )


def forget_patient(tx: WriteTx, patient_id: str) -> None:
    tx.run("DELETE FROM kiosk_visit WHERE patient_id = ?", patient_id)


def forget_old(tx: WriteTx, before: datetime) -> int:
    return tx.run("DELETE FROM kiosk_visit WHERE ends_at < ?", before)
