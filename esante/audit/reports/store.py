"""Every SQL statement of the reports: between two lines of the log, so that the primary key serves them."""

from datetime import datetime

from esante.audit.reports.structs import ActionCount, Tally
from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx


class Act(Kept):
    """One line of somebody's."""

    at: datetime
    action: str
    patient_id: str | None


class Count(Kept):
    """So many."""

    count: int


def tallies(tx: ReadTx, first: int, last: int) -> list[Tally]:
    return tx.all(
        Tally,
        "SELECT substr(action, 1, instr(action || '.', '.') - 1) AS category, severity,"
        " sum(outcome = 'done') AS done, sum(outcome = 'refused') AS refused, sum(outcome = 'failed') AS failed"
        " FROM audit WHERE seq BETWEEN :first AND :last GROUP BY category, severity ORDER BY category, severity",
        {"first": first, "last": last},
    )


def weighty(tx: ReadTx, first: int, last: int) -> list[ActionCount]:
    return tx.all(
        ActionCount,
        "SELECT action, count(*) AS count FROM audit WHERE severity <> 'info' AND seq BETWEEN :first AND :last"
        " GROUP BY action ORDER BY count DESC, action",
        {"first": first, "last": last},
    )


def acts(tx: ReadTx, actor: str, first: int, last: int) -> list[Act]:
    return tx.all(
        Act,
        "SELECT at, action, patient_id FROM audit WHERE actor = :actor AND seq BETWEEN :first AND :last ORDER BY seq DESC",
        {"actor": actor, "first": first, "last": last},
    )


def reviews_closed(tx: ReadTx, since: datetime, until: datetime) -> int:
    sql = "SELECT count(*) AS count FROM audit_review WHERE closed_at >= :since AND closed_at < :until"
    return tx.one(Count, sql, {"since": since, "until": until}).count
