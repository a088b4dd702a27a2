"""Who may: admins and the house run the clinic, everybody sees its face, each account its own preferences."""

from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.transaction import ReadTx


def may_see_face(tx: ReadTx) -> bool:
    """Open to everybody; whether the actor sees all settings too."""
    return can_run_clinic(tx)


def may_see_logo(tx: ReadTx) -> None:
    """Open to everybody: it stands beside the sign-in."""


def can_run_clinic(tx: ReadTx) -> bool:
    """Admins, and the house (the command line)."""
    return tx.actor.role == "admin" or tx.actor.is_house


def may_run_clinic(tx: ReadTx) -> None:
    """Only who runs it."""
    if not can_run_clinic(tx):
        raise Forbidden("Only an admin may see and change the clinic's settings")


def has_account(tx: ReadTx) -> str:
    """Whoever is signed in, for themselves."""
    if tx.actor.role in ("anonymous", "system"):
        raise Unauthenticated("Please sign in")
    return tx.actor.id
