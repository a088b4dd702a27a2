"""Who may have a second factor: staff, each for their own account."""

from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.transaction import ReadTx


def may_use_own(tx: ReadTx) -> None:
    """Staff, with their own account."""
    if tx.actor.role in ("anonymous", "system"):
        raise Unauthenticated("Please sign in")
    if tx.actor.role == "patient":
        raise Forbidden("A second factor is for the clinic's staff")


def may_step_up(tx: ReadTx) -> None:
    """Somebody must be signed in, in a session."""
    if tx.actor.session_id is None:
        raise Unauthenticated("Please sign in")


def may_manage_accounts(tx: ReadTx) -> None:
    """The house (the command line): the phone is lost, and the recovery codes with it."""
    if not tx.actor.is_house:
        raise Forbidden("Only the console may do this")
