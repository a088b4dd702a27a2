"""Every statement on PINs."""

from esante.kernel.transaction import ReadTx, WriteTx


def pin_hash(tx: ReadTx, account_id: str, device_id: str) -> str | None:
    return tx.maybe(str, "SELECT pin_hash FROM pin WHERE account_id = ? AND device_id = ?", account_id, device_id)


def put_pin(tx: WriteTx, account_id: str, device_id: str, pin_hash: str) -> None:
    tx.run(
        "INSERT INTO pin (account_id, device_id, pin_hash, created_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account_id, device_id) DO UPDATE SET pin_hash = excluded.pin_hash, created_at = excluded.created_at",
        account_id,
        device_id,
        pin_hash,
        tx.now,
    )


def remove_pin(tx: WriteTx, account_id: str, device_id: str) -> bool:
    return tx.run("DELETE FROM pin WHERE account_id = ? AND device_id = ?", account_id, device_id) > 0


def remove_pins(tx: WriteTx, account_id: str) -> None:
    tx.run("DELETE FROM pin WHERE account_id = ?", account_id)
