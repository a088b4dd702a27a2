"""Every statement on second factors and recovery codes."""

from esante.identity.second_factor.structs import SecondFactor
from esante.kernel.transaction import ReadTx, WriteTx


def second_factor(tx: ReadTx, account_id: str) -> SecondFactor | None:
    return tx.maybe(SecondFactor, "SELECT * FROM second_factor WHERE account_id = ?", account_id)


def begin(tx: WriteTx, row: SecondFactor) -> None:
    """A fresh secret; an enrolment that was never confirmed gives way."""
    tx.run(
        "INSERT INTO second_factor (account_id, secret, last_step, created_at) VALUES (:account_id, :secret, 0, :created_at)"
        " ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, last_step = 0, created_at = excluded.created_at"
        " WHERE confirmed_at IS NULL",
        row,
    )


def confirm(tx: WriteTx, account_id: str) -> None:
    tx.run("UPDATE second_factor SET confirmed_at = ? WHERE account_id = ?", tx.now, account_id)


def use_step(tx: WriteTx, account_id: str, step: int) -> bool:
    """True for the first who comes with this step; False for everybody after."""
    sql = "UPDATE second_factor SET last_step = ?1 WHERE account_id = ?2 AND last_step < ?1"
    return tx.run(sql, step, account_id) > 0


def remove(tx: WriteTx, account_id: str) -> bool:
    tx.run("DELETE FROM recovery_code WHERE account_id = ?", account_id)
    return tx.run("DELETE FROM second_factor WHERE account_id = ?", account_id) > 0


def put_recovery_codes(tx: WriteTx, account_id: str, digests: list[bytes]) -> None:
    tx.run("DELETE FROM recovery_code WHERE account_id = ?", account_id)
    sql = "INSERT INTO recovery_code (account_id, digest, created_at) VALUES (?, ?, ?)"
    for digest in digests:
        tx.run(sql, account_id, digest, tx.now)


def use_recovery_code(tx: WriteTx, account_id: str, digest: bytes) -> bool:
    sql = "UPDATE recovery_code SET used_at = ? WHERE account_id = ? AND digest = ? AND used_at IS NULL"
    return tx.run(sql, tx.now, account_id, digest) > 0


def recovery_codes_left(tx: ReadTx, account_id: str) -> int:
    return tx.one(int, "SELECT count(*) FROM recovery_code WHERE account_id = ? AND used_at IS NULL", account_id)
