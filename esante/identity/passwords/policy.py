"""Who may set a password: its owner, whoever holds the one-time secret, the console."""

from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.transaction import ReadTx


def may_try(tx: ReadTx) -> None:
    """Open to everybody: the proof is the secret in the request itself."""


def may_use_own_account(tx: ReadTx) -> None:
    """Somebody must be signed in."""
    if tx.actor.role in ("anonymous", "system"):
        raise Unauthenticated("Please sign in")


def may_manage_accounts(tx: ReadTx) -> None:
    """Admins, and the house (the command line)."""
    if tx.actor.role != "admin" and not tx.actor.is_house:
        raise Forbidden("Only an admin may manage accounts")


def may_run_the_house(tx: ReadTx) -> None:
    """The house only: no person at a door."""
    if not tx.actor.is_house:
        raise Forbidden("Only the console may do this")
