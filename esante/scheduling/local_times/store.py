"""Every SQL statement about the local times of visits."""

from datetime import date, datetime

import msgspec

from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx, WriteTx


class LocalTime(Kept):
    """The start of a visit, as an instant and in the clinic's zone."""

    id: str
    starts_at: datetime
    local_on: date = msgspec.field(name="localDate")
    local_time: str


def after(tx: ReadTx, since: datetime, after_id: str, limit: int) -> list[LocalTime]:
    """The next visits by id that start after the instant."""
    return tx.all(
        LocalTime,
        "SELECT id, starts_at, local_on, local_time FROM appointment WHERE id > ? AND starts_at > ? ORDER BY id LIMIT ?",
        after_id,
        since,
        limit,
    )


def put(tx: WriteTx, kept: LocalTime) -> None:
    tx.run("UPDATE appointment SET local_on = :local_on, local_time = :local_time WHERE id = :id", kept)
