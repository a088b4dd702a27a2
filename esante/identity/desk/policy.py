"""Who may lock, and who may choose a PIN: staff, in a session of their own."""

from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.transaction import ReadTx


def may_lock(tx: ReadTx) -> None:
    """Somebody must be signed in, in a session."""
    if tx.actor.session_id is None:
        raise Unauthenticated("Please sign in")


def may_choose_pin(tx: ReadTx) -> None:
    """Staff: they are who share a desk."""
    may_lock(tx)
    if tx.actor.role == "patient":
        raise Forbidden("A PIN is for the clinic's staff")
