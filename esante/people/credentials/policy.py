"""Who may see the copies: the doctor, and admins (SPEC PE-10, row 42)."""

from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx
from esante.people.practitioners import policy as practitioners


def may_keep_own(tx: ReadTx) -> str:
    """A doctor, the own ones; the practitioner's id."""
    return practitioners.is_doctor(tx)


def may_verify(tx: ReadTx) -> None:
    """Admins, who decide on practitioners."""
    if tx.actor.role != "admin":
        raise Forbidden("Only an admin may decide this")
