"""Every statement on replaced passwords."""

from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx


def keep_old_password(tx: WriteTx, account_id: str, password_hash: str) -> None:
    """Of the replaced ones the last three are kept."""
    sql = "INSERT INTO password_history (id, account_id, password_hash, replaced_at) VALUES (?, ?, ?, ?)"
    tx.run(sql, new_id(), account_id, password_hash, tx.now)
    tx.run(
        "DELETE FROM password_history WHERE account_id = :id AND id NOT IN"
        " (SELECT id FROM password_history WHERE account_id = :id ORDER BY replaced_at DESC, id DESC LIMIT 3)",
        {"id": account_id},
    )


def old_passwords(tx: ReadTx, account_id: str) -> list[str]:
    sql = "SELECT password_hash FROM password_history WHERE account_id = ? ORDER BY replaced_at DESC, id DESC LIMIT 3"
    return tx.all(str, sql, account_id)
