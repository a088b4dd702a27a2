"""Every statement on merges: the merge itself, what moved, and the rows of this room that move."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.merging.structs import MergeId, MergeRow, Moved

_MERGE = (
    "SELECT id, survivor_id, other_id, reason, survivor_before, survivor_after, other_archived_at, merged_at, merged_by,"
    " undone_at, undone_by FROM patient_merge"
)


def insert_merge(tx: WriteTx, row: MergeRow) -> None:
    tx.run(
        "INSERT INTO patient_merge (id, survivor_id, other_id, reason, survivor_before, survivor_after, other_archived_at,"
        " merged_at, merged_by) VALUES (:id, :survivor_id, :other_id, :reason, :survivor_before, :survivor_after,"
        " :other_archived_at, :merged_at, :merged_by)",
        row,
    )


def set_undone(tx: WriteTx, merge_id: MergeId) -> None:
    sql = "UPDATE patient_merge SET undone_at = ?, undone_by = ? WHERE id = ?"
    tx.run(sql, tx.now, tx.actor.id, merge_id)


def live_merge(tx: ReadTx, other_id: str) -> MergeRow | None:
    return tx.maybe(MergeRow, _MERGE + " WHERE other_id = ? AND undone_at IS NULL", other_id)


def merges_of(tx: ReadTx, patient_id: str) -> list[MergeRow]:
    return tx.all(
        MergeRow, _MERGE + " WHERE survivor_id = :id OR other_id = :id ORDER BY merged_at, id", {"id": patient_id}
    )


def moved(tx: ReadTx, merge_id: str) -> list[Moved]:
    return tx.all(
        Moved,
        "SELECT kind, count(*) AS count FROM patient_merge_row WHERE merge_id = ? AND later = 0 GROUP BY kind ORDER BY kind",
        merge_id,
    )


def note_rows(tx: WriteTx, merge_id: str, kind: str, ids: list[str], *, later: bool = False) -> None:
    tx.run(
        "INSERT INTO patient_merge_row (merge_id, row_id, kind, later) SELECT :merge_id, value, :kind, :later"
        " FROM json_each(:ids) WHERE true ON CONFLICT DO NOTHING",
        {"merge_id": merge_id, "kind": kind, "ids": ids, "later": later},
    )


def row_ids(tx: ReadTx, merge_id: str, kind: str | None) -> list[str]:
    return tx.all(
        str,
        "SELECT row_id FROM patient_merge_row WHERE merge_id = :merge_id AND (:kind IS NULL OR later = 1 OR kind = :kind)",
        {"merge_id": merge_id, "kind": kind},
    )


def note_returned(tx: WriteTx, merge_id: str, ids: list[str]) -> None:
    tx.run(
        "UPDATE patient_merge_row SET returned = 1 WHERE merge_id = :merge_id"
        " AND row_id IN (SELECT value FROM json_each(:ids))",
        {"merge_id": merge_id, "ids": ids},
    )


def left_behind(tx: ReadTx, merge_id: str) -> list[str]:
    """Rows that were chosen for the other record, and that no room gave back."""
    return tx.all(
        str, "SELECT row_id FROM patient_merge_row WHERE merge_id = ? AND later = 1 AND returned = 0", merge_id
    )


# ------------------------------------------------------------------------- rows of this room


def make_alias(tx: WriteTx, other_id: str, survivor_id: str) -> None:
    tx.run(
        "UPDATE patient SET merged_into = ?, archived_at = coalesce(archived_at, ?), version = version + 1, updated_at = ?"
        " WHERE id = ?",
        survivor_id,
        tx.now,
        tx.now,
        other_id,
    )


def make_record(tx: WriteTx, merge: MergeRow) -> None:
    """The alias is a record again, archived or not as it was."""
    tx.run(
        "UPDATE patient SET merged_into = NULL, archived_at = ?, version = version + 1, updated_at = ? WHERE id = ?",
        merge.other_archived_at,
        tx.now,
        merge.other_id,
    )


def move_dependants(tx: WriteTx, from_id: str, to_id: str) -> list[str]:
    sql = "UPDATE patient SET guardian_id = ? WHERE guardian_id = ? RETURNING id"
    return tx.all(str, sql, to_id, from_id)


def move_dependants_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> list[str]:
    return tx.all(
        str,
        "UPDATE patient SET guardian_id = :to_id WHERE guardian_id = :from_id"
        " AND id IN (SELECT value FROM json_each(:ids)) RETURNING id",
        {"ids": ids, "from_id": from_id, "to_id": to_id},
    )


def move_care(tx: WriteTx, from_id: str, to_id: str) -> list[str]:
    """By what they come from: a visit, a registration."""
    sql = "UPDATE care_relation SET patient_id = ? WHERE patient_id = ? RETURNING source_id"
    return tx.all(str, sql, to_id, from_id)


def move_care_back(tx: WriteTx, sources: list[str], from_id: str, to_id: str) -> list[str]:
    return tx.all(
        str,
        "UPDATE care_relation SET patient_id = :to_id WHERE patient_id = :from_id"
        " AND source_id IN (SELECT value FROM json_each(:sources)) RETURNING source_id",
        {"sources": sources, "from_id": from_id, "to_id": to_id},
    )


def move_consents(tx: WriteTx, from_id: str, to_id: str) -> list[str]:
    return tx.all(str, "UPDATE patient_consent SET patient_id = ? WHERE patient_id = ? RETURNING id", to_id, from_id)


def move_consents_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> list[str]:
    return tx.all(
        str,
        "UPDATE patient_consent SET patient_id = :to_id WHERE patient_id = :from_id"
        " AND id IN (SELECT value FROM json_each(:ids)) RETURNING id",
        {"ids": ids, "from_id": from_id, "to_id": to_id},
    )


def move_guardianships(tx: WriteTx, from_id: str, to_id: str) -> list[str]:
    return tx.all(str, "UPDATE patient_consent SET guardian_id = ? WHERE guardian_id = ? RETURNING id", to_id, from_id)


def move_guardianships_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> list[str]:
    return tx.all(
        str,
        "UPDATE patient_consent SET guardian_id = :to_id WHERE guardian_id = :from_id"
        " AND id IN (SELECT value FROM json_each(:ids)) RETURNING id",
        {"ids": ids, "from_id": from_id, "to_id": to_id},
    )
