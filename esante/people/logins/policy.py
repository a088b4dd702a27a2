"""Who may let somebody in: an admin who has just proven who he is. The desk may not, for a patient's account reads the chart."""

from esante.identity import service as identity
from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx


def may_add_logins(tx: ReadTx) -> None:
    """An admin, freshly proven (`STEP_UP_REQUIRED` otherwise); the house."""
    if tx.actor.role != "admin" and not tx.actor.is_house:
        raise Forbidden("Only an admin may manage accounts")
    identity.require_fresh(tx)
