"""A person reads their own notifications; an admin sees what was sent, never to where."""

from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.transaction import ReadTx


def may_read_own(tx: ReadTx) -> None:
    """Whoever is signed in."""
    if tx.actor.role in ("anonymous", "system"):
        raise Unauthenticated("Please sign in")


def may_see_deliveries(tx: ReadTx) -> None:
    if tx.actor.role != "admin":
        raise Forbidden("Only an admin sees what was sent")
