"""Who may see and end sessions: their owner."""

from esante.kernel.errors import Unauthenticated
from esante.kernel.transaction import ReadTx


def may_use_own_sessions(tx: ReadTx) -> None:
    """Somebody must be signed in."""
    if tx.actor.role in ("anonymous", "system"):
        raise Unauthenticated("Please sign in")


def may_try(tx: ReadTx) -> None:
    """Open to everybody: the proof is the secret in the request itself."""
