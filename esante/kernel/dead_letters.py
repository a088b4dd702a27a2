"""Jobs as an admin sees them: what waits, what was given up, and the two ways out of that (SPEC OP-12).

What a job was to work with stays in its row: the list shows names, times and errors only.
"""

from datetime import datetime
from typing import Literal

from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx, WriteTx

JobState = Literal["waiting", "failed"]


class Job(Kept):
    """One row of the queue that is not done. `failedAt`: given up after `tries` tries, for the reason `error`."""

    id: str
    name: str
    due_at: datetime
    tries: int
    failed_at: datetime | None
    error: str | None
    created_at: datetime


class Depth(Kept):
    """How many wait, how many of them are due by now, how many were given up; when the oldest that is due was due."""

    waiting: int
    due: int
    failed: int
    oldest_due_at: datetime | None


def depth(tx: ReadTx) -> Depth:
    return tx.one(
        Depth,
        "SELECT count(*) AS waiting, count(*) FILTER (WHERE due_at <= :now) AS due,"
        " (SELECT count(*) FROM job WHERE failed_at IS NOT NULL) AS failed,"
        " min(due_at) FILTER (WHERE due_at <= :now) AS oldest_due_at"
        " FROM job WHERE done_at IS NULL AND failed_at IS NULL",
        {"now": tx.now},
    )


_JOBS = "SELECT id, name, due_at, tries, failed_at, error, created_at FROM job"
_PAGE = "AND (:after IS NULL OR id < :after) ORDER BY id DESC LIMIT :limit"
_LISTS: dict[JobState, str] = {
    "waiting": f"{_JOBS} WHERE done_at IS NULL AND failed_at IS NULL {_PAGE}",
    "failed": f"{_JOBS} WHERE failed_at IS NOT NULL {_PAGE}",
}


def jobs(tx: ReadTx, state: JobState, after: str | None, limit: int) -> list[Job]:
    """Newest first."""
    return tx.all(Job, _LISTS[state], {"after": after, "limit": limit})


def failed_job(tx: ReadTx, id: str) -> Job:
    """`NotFound` unless it was given up."""
    return tx.one(Job, f"{_JOBS} WHERE id = ? AND failed_at IS NOT NULL", id)


def retry(tx: WriteTx, id: str) -> None:
    """Due now, with all its tries before it."""
    tx.run("UPDATE job SET failed_at = NULL, tries = 0, due_at = ? WHERE id = ? AND failed_at IS NOT NULL", tx.now, id)
    tx.has_jobs = True


def discard(tx: WriteTx, id: str) -> None:
    """It is never done."""
    tx.run("DELETE FROM job WHERE id = ? AND failed_at IS NOT NULL", id)
