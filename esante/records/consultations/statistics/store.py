"""Every SQL statement that counts consultations."""

from datetime import datetime
from typing import Any

from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx
from esante.records.consultations.statistics.structs import DiagnosisCount

# Fixed fragments, no values.
_COUNTED = (
    " FROM consultation WHERE status = 'completed' AND started_at >= :from_at AND started_at < :until_at"
    " AND (:who IS NULL OR practitioner_id = :who)"
)
_DIAGNOSES = (
    "SELECT min(diagnosis) AS diagnosis, min(diagnosis_code) AS code, count(*) AS consultations,"
    " count(DISTINCT patient_id) AS patients"
    + _COUNTED
    + " AND diagnosis IS NOT NULL GROUP BY coalesce(diagnosis_code, lower(trim(diagnosis)))"
)


class Totals(Kept):
    total: int
    patients: int


def totals(tx: ReadTx, from_at: datetime, until_at: datetime, who: str | None) -> Totals:
    sql = "SELECT count(*) AS total, count(DISTINCT patient_id) AS patients" + _COUNTED
    return tx.one(Totals, sql, _values(from_at, until_at, who))


def diagnoses(
    tx: ReadTx, from_at: datetime, until_at: datetime, who: str | None, least: int, limit: int
) -> list[DiagnosisCount]:
    """The most frequent that at least so many people have."""
    return tx.all(
        DiagnosisCount,
        _DIAGNOSES + " HAVING patients >= :least ORDER BY consultations DESC, diagnosis LIMIT :limit",
        _values(from_at, until_at, who) | {"least": least, "limit": limit},
    )


def count_rare(tx: ReadTx, from_at: datetime, until_at: datetime, who: str | None, least: int) -> int:
    """How many diagnoses fewer people have."""
    sql = "SELECT count(*) FROM (" + _DIAGNOSES + " HAVING patients < :least)"  # noqa: S608
    return tx.one(int, sql, _values(from_at, until_at, who) | {"least": least})


def _values(from_at: datetime, until_at: datetime, who: str | None) -> dict[str, Any]:
    return {"from_at": from_at, "until_at": until_at, "who": who}
