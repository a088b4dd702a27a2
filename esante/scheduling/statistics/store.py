"""Every SQL statement that counts appointments."""

from datetime import datetime

from esante.kernel.transaction import ReadTx
from esante.people.structs import PractitionerId
from esante.scheduling.statistics.structs import PatientCount, Tally
from esante.scheduling.store import STATUS

# Fixed fragments, no values.
_WHERE = (
    " FROM appointment WHERE starts_at >= :from_at AND starts_at < :until_at AND entered_in_error = 0"
    " AND (:who IS NULL OR practitioner_id = :who)"
)
TALLIES = (
    "SELECT practitioner_id, local_on AS day_on, CAST(substr(local_time, 1, 2) AS INTEGER) AS hour, "
    + STATUS
    + " AS status, count(*) AS number, sum(moves > 0) AS moved, sum(price_minor) AS price_minor"
    + _WHERE
    + " GROUP BY 1, 2, 3, 4"
)


def tallies(tx: ReadTx, from_at: datetime, until_at: datetime, who: PractitionerId | None) -> list[Tally]:
    """Everything that starts between two instants, by practitioner, day, hour and state as of now."""
    return tx.all(Tally, TALLIES, {"from_at": from_at, "until_at": until_at, "who": who, "now": tx.now})


def top_patients(
    tx: ReadTx, from_at: datetime, until_at: datetime, who: PractitionerId | None, limit: int
) -> list[PatientCount]:
    """Who has the most."""
    return tx.all(
        PatientCount,
        "SELECT patient_id, count(*) AS total" + _WHERE + " GROUP BY 1 ORDER BY total DESC, patient_id LIMIT :limit",
        {"from_at": from_at, "until_at": until_at, "who": who, "limit": limit},
    )


def count_patients(tx: ReadTx, from_at: datetime, until_at: datetime, who: PractitionerId) -> int:
    """Different people with a completed visit."""
    return tx.one(
        int,
        "SELECT count(DISTINCT patient_id) FROM appointment WHERE practitioner_id = ? AND status = 'completed'"
        " AND entered_in_error = 0 AND starts_at >= ? AND starts_at < ?",
        who,
        from_at,
        until_at,
    )


def count_new_patients(tx: ReadTx, from_at: datetime, until_at: datetime, who: PractitionerId) -> int:
    """People whose first completed visit with this practitioner starts between the two instants."""
    return tx.one(
        int,
        "SELECT count(*) FROM (SELECT min(starts_at) AS first_at FROM appointment WHERE practitioner_id = ?"
        " AND status = 'completed' AND entered_in_error = 0 GROUP BY patient_id) WHERE first_at >= ? AND first_at < ?",
        who,
        from_at,
        until_at,
    )
