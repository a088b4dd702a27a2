"""Every SQL statement about recovery kits. The secret itself is on paper; here is only when it was made and proved."""

from datetime import datetime

from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx, WriteTx


def insert_kit(tx: WriteTx, kit_id: str) -> None:
    tx.run("INSERT INTO recovery_kit (id, made_at) VALUES (:id, :now)", {"id": kit_id, "now": tx.now})


def prove_kit(tx: WriteTx, kit_id: str) -> None:
    """A kit that came with a restored keyring may have no row yet."""
    tx.run(
        "INSERT INTO recovery_kit (id, made_at, proven_at) VALUES (:id, :now, :now)"
        " ON CONFLICT (id) DO UPDATE SET proven_at = excluded.proven_at",
        {"id": kit_id, "now": tx.now},
    )


def delete_kit(tx: WriteTx, kit_id: str) -> None:
    tx.run("DELETE FROM recovery_kit WHERE id = :id", {"id": kit_id})


class Count(Kept):
    """So many rows."""

    count: int


def kits_proven_since(tx: ReadTx, since: datetime) -> int:
    return tx.one(Count, "SELECT count(*) AS count FROM recovery_kit WHERE proven_at >= :since", {"since": since}).count


def kits(tx: ReadTx) -> int:
    return tx.one(Count, "SELECT count(*) AS count FROM recovery_kit").count
