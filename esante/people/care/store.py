"""Every statement on care relations."""

from datetime import datetime

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.care.structs import CareRelation


def relation(tx: ReadTx, source_id: str) -> CareRelation | None:
    return tx.maybe(CareRelation, "SELECT * FROM care_relation WHERE source_id = ?", source_id)


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
        "INSERT INTO care_relation (patient_id, practitioner_id, since_at, source, source_id) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (source_id) DO UPDATE SET until_at = NULL, patient_id = excluded.patient_id,"
        " practitioner_id = excluded.practitioner_id",
        patient_id,
        practitioner_id,
        tx.now,
        source,
        source_id,
    )


def set_until(tx: WriteTx, source_id: str, until: datetime) -> int:
    return tx.run("UPDATE care_relation SET until_at = ? WHERE source_id = ?", until, source_id)
