"""Every statement that takes a person's name and address out of a record."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.erasure.structs import ErasedRow


def rows_of(tx: ReadTx, patient_id: str) -> list[ErasedRow]:
    """The record and all that were merged into it, over any number of merges."""
    return tx.all(
        ErasedRow,
        "WITH RECURSIVE same (id) AS (SELECT id FROM patient WHERE id = ? UNION"
        " SELECT p.id FROM same JOIN patient p ON p.merged_into = same.id)"
        " SELECT p.id, p.number, p.photo_id, p.erased_at FROM same JOIN patient p ON p.id = same.id",
        patient_id,
    )


def empty(tx: WriteTx, row: ErasedRow) -> None:
    """Of the birth date the year stays; clinical fields stay."""
    tx.run(
        "UPDATE patient SET first_name = '–', last_name = :name, sort_name = :sort_name, birth_date ="
        " substr(birth_date, 1, 4) || '-01-01', email = NULL, mobile_number = NULL, mobile_e164 = NULL, address = NULL,"
        " nationality = NULL, language = NULL, contacts = '[]', insurances = '[]', photo_id = NULL,"
        " archived_at = coalesce(archived_at, :now), erased_at = :now, version = version + 1, updated_at = :now"
        " WHERE id = :id",
        {"id": row.id, "name": f"№ {row.number}", "sort_name": f"№ {row.number}", "now": tx.now},
    )


def forget_versions(tx: WriteTx, patient_id: str) -> None:
    tx.run("DELETE FROM patient_version WHERE patient_id = ?", patient_id)


def forget_merges(tx: WriteTx, patient_id: str) -> None:
    """What they said before is not known any more, so they cannot be undone."""
    tx.run(
        "DELETE FROM patient_merge_row WHERE merge_id IN (SELECT id FROM patient_merge WHERE survivor_id = :id OR other_id = :id)",
        {"id": patient_id},
    )
    tx.run("DELETE FROM patient_merge WHERE survivor_id = :id OR other_id = :id", {"id": patient_id})
