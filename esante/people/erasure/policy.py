"""Who may erase a person: an admin who has just proven who he is."""

from esante.identity.proof import service as proof
from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx


def may_erase(tx: ReadTx) -> None:
    """An admin, freshly proven (`STEP_UP_REQUIRED` otherwise); the house."""
    if tx.actor.role != "admin" and not tx.actor.is_house:
        raise Forbidden("Only an admin may erase a patient")
    proof.require_fresh(tx)
