"""Who may see and change workplaces: everybody signed in sees them, admins change them."""

from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx


def may_see(tx: ReadTx) -> None:
    """Whoever is signed in."""
    if tx.actor.role == "anonymous":
        raise Forbidden("Sign in to see this")


def may_change(tx: ReadTx) -> None:
    """Admins only."""
    if tx.actor.role != "admin":
        raise Forbidden("Only an admin may change the clinic's workplaces and rooms")
