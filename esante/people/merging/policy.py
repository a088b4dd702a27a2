"""Who may say that two records are one person's."""

from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx


def may_merge(tx: ReadTx) -> None:
    """An admin, and the house."""
    if tx.actor.role != "admin" and not tx.actor.is_house:
        raise Forbidden("Only an admin may merge patients")
