"""Who may see, change and decide on practitioners."""

from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.transaction import ReadTx


def may_see_public_doctors(tx: ReadTx) -> None:
    """Open to everybody while the clinic shows its doctors to strangers; the public projection holds nothing private."""
    if tx.actor.role == "anonymous" and not tx.settings.feature_public_booking:
        raise Unauthenticated("Please sign in")


def may_decide_on_practitioners(tx: ReadTx) -> None:
    """An admin, and the house."""
    if tx.actor.role != "admin" and not tx.actor.is_house:
        raise Forbidden("Only an admin may decide this")


def is_doctor(tx: ReadTx) -> str:
    """The practitioner whom the actor stands for; anybody but a doctor is refused."""
    if tx.actor.role == "anonymous":
        raise Unauthenticated("Please sign in")
    if tx.actor.role != "doctor" or not tx.actor.person_id:
        raise Forbidden("Only a doctor may do this")
    return tx.actor.person_id
