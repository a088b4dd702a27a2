"""What is asked about a session's proof."""

from esante.identity.proof.structs import Proof
from esante.kernel.transaction import ReadTx


def proof(tx: ReadTx, account_id: str, session_id: str | None) -> Proof:
    return tx.one(
        Proof,
        "SELECT EXISTS (SELECT 1 FROM second_factor WHERE account_id = ?1 AND confirmed_at IS NOT NULL) AS has_second_factor,"
        " (SELECT proven_at FROM session WHERE id = ?2 AND account_id = ?1) AS proven_at",
        account_id,
        session_id,
    )
