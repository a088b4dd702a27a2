"""Who may sign in: whoever knows the password."""

from esante.kernel.errors import Unauthenticated
from esante.kernel.transaction import ReadTx


def may_try(tx: ReadTx) -> None:
    """Open to everybody: the proof is the secret in the request itself."""


def may_switch(tx: ReadTx) -> None:
    """Somebody must be signed in, in a session."""
    if tx.actor.session_id is None:
        raise Unauthenticated("Please sign in")
