"""Who may archive an account: its owner, and an admin."""

from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.transaction import ReadTx


def may_leave(tx: ReadTx) -> None:
    """Somebody must be signed in."""
    if tx.actor.role in ("anonymous", "system"):
        raise Unauthenticated("Please sign in")


def may_manage_accounts(tx: ReadTx) -> None:
    """Admins, and the house (the command line)."""
    if tx.actor.role != "admin" and not tx.actor.is_house:
        raise Forbidden("Only an admin may manage accounts")
