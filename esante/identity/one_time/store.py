"""Every statement on one-time secrets."""

from datetime import datetime

from esante.identity.one_time.structs import OneTime, OneTimePurpose
from esante.kernel.transaction import ReadTx, WriteTx


def insert_one_time(tx: WriteTx, row: OneTime) -> None:
    tx.run(
        "INSERT INTO one_time (id, account_id, purpose, salt, link_until_at, code_until_at, created_at)"
        " VALUES (:id, :account_id, :purpose, :salt, :link_until_at, :code_until_at, :created_at)",
        row,
    )


def one_time(tx: ReadTx, one_time_id: str) -> OneTime | None:
    return tx.maybe(OneTime, "SELECT * FROM one_time WHERE id = ?", one_time_id)


def newest(tx: ReadTx, account_id: str, purpose: OneTimePurpose) -> OneTime | None:
    return tx.maybe(
        OneTime,
        "SELECT * FROM one_time WHERE account_id = ? AND purpose = ? ORDER BY created_at DESC, id DESC LIMIT 1",
        account_id,
        purpose,
    )


def count_since(tx: ReadTx, account_id: str, purpose: OneTimePurpose, since: datetime) -> int:
    return tx.one(
        int,
        "SELECT count(*) FROM one_time WHERE account_id = ? AND purpose = ? AND created_at > ?",
        account_id,
        purpose,
        since,
    )


def count_attempt(tx: WriteTx, one_time_id: str) -> None:
    tx.run("UPDATE one_time SET attempts = attempts + 1 WHERE id = ?", one_time_id)


def spend(tx: WriteTx, row: OneTime) -> None:
    """Used up, with every other one of the same account and purpose."""
    tx.run(
        "UPDATE one_time SET used_at = ? WHERE used_at IS NULL AND (id = ? OR (account_id = ? AND purpose = ?))",
        tx.now,
        row.id,
        row.account_id,
        row.purpose,
    )


def spend_first_admin(tx: WriteTx) -> None:
    tx.run("UPDATE one_time SET used_at = ? WHERE used_at IS NULL AND purpose = 'first_admin'", tx.now)


def delete_before(tx: WriteTx, before: datetime) -> int:
    return tx.run("DELETE FROM one_time WHERE created_at < ?", before)
