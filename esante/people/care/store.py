"""Every statement on care relations."""

from datetime import datetime

from esante.kernel.transaction import ReadTx, WriteTx


def is_treating(tx: ReadTx, practitioner_id: str, patient_id: str) -> bool:
    return tx.one(
        bool,
        "SELECT EXISTS (SELECT 1 FROM care_relation WHERE practitioner_id = ? AND patient_id = ?"
        " AND (until_at IS NULL OR until_at > ?))",
        practitioner_id,
        patient_id,
        tx.now,
    )


def open_relation(tx: WriteTx, patient_id: str, practitioner_id: str, source: str, source_id: str) -> None:
    """One for each source; one that was ended is open again."""
    tx.run(
        "INSERT INTO care_relation (practitioner_id, patient_id, source_id, source, since_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET until_at = NULL WHERE until_at IS NOT NULL",
        practitioner_id,
        patient_id,
        source_id,
        source,
        tx.now,
    )


def set_until(tx: WriteTx, patient_id: str, practitioner_id: str, source_id: str, until: datetime) -> None:
    tx.run(
        "UPDATE care_relation SET until_at = ? WHERE practitioner_id = ? AND patient_id = ? AND source_id = ?",
        until,
        practitioner_id,
        patient_id,
        source_id,
    )


def end(tx: WriteTx, patient_id: str, practitioner_id: str, source_id: str) -> None:
    """What is over already keeps its end."""
    tx.run(
        "UPDATE care_relation SET until_at = ?1 WHERE practitioner_id = ?2 AND patient_id = ?3 AND source_id = ?4"
        " AND (until_at IS NULL OR until_at > ?1)",
        tx.now,
        practitioner_id,
        patient_id,
        source_id,
    )
