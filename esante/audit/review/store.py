"""Every SQL statement of the review queue. A line without a row of its own is open and nobody's."""

from esante.audit.review.structs import Review, ReviewState
from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx, WriteTx

_FAILED = "a.severity = 'warning' AND a.outcome IN ('refused', 'failed') AND a.action GLOB 'auth.*'"
NEEDS_REVIEW = f"(a.severity = 'critical' OR {_FAILED})"
_REVIEW = (
    "SELECT a.seq, iif(r.closed_at IS NULL, 'open', 'closed') AS state, r.assignee_id,"
    " (SELECT p.email FROM account p WHERE p.id = r.assignee_id) AS assignee_email,"
    " r.note, r.closed_at, coalesce(r.version, 0) AS version"
    " FROM audit a LEFT JOIN audit_review r ON r.seq = a.seq"
)
_COUNT = "SELECT count(*) AS count FROM"
_OPEN = "r.closed_at IS NULL"
_CLOSED = "r.closed_at IS NOT NULL"


class Count(Kept):
    """So many."""

    count: int


def reviews(tx: ReadTx, state: ReviewState, assignee_id: str | None, before: int | None, limit: int) -> list[Review]:
    """Newest first."""
    mine = " AND r.assignee_id = :assignee" if assignee_id else ""
    sql = (
        f"{_REVIEW} WHERE a.severity IN ('warning', 'critical') AND {NEEDS_REVIEW}"
        f" AND {_OPEN if state == 'open' else _CLOSED}{mine} AND (:before IS NULL OR a.seq < :before)"
        " ORDER BY a.seq DESC LIMIT :limit"
    )
    return tx.all(Review, sql, {"assignee": assignee_id, "before": before, "limit": limit})


def review(tx: ReadTx, seq: int) -> Review | None:
    return tx.maybe(Review, f"{_REVIEW} WHERE a.seq = :seq AND {NEEDS_REVIEW}", {"seq": seq})


def count_open(tx: ReadTx) -> int:
    waiting = f"{_REVIEW} WHERE a.severity IN ('warning', 'critical') AND {NEEDS_REVIEW} AND {_OPEN}"
    return tx.one(Count, f"{_COUNT} ({waiting})").count


def assign(tx: WriteTx, seq: int, account_id: str) -> None:
    tx.run(
        "INSERT INTO audit_review (seq, assignee_id) VALUES (:seq, :account)"
        " ON CONFLICT (seq) DO UPDATE SET assignee_id = excluded.assignee_id, version = version + 1",
        {"seq": seq, "account": account_id},
    )


def close(tx: WriteTx, seq: int, account_id: str, note: str) -> None:
    tx.run(
        "INSERT INTO audit_review (seq, assignee_id, note, closed_at, closed_by) VALUES (:seq, :account, :note, :now, :account)"
        " ON CONFLICT (seq) DO UPDATE SET note = excluded.note, closed_at = excluded.closed_at,"
        " closed_by = excluded.closed_by, version = version + 1",
        {"seq": seq, "account": account_id, "note": note, "now": tx.now},
    )
