"""Who is warned of somebody known already: whoever may register patients; the list of pairs is for admins."""

from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx
from esante.people.patients import policy as patients


def may_look_for_duplicates(tx: ReadTx, *, is_approved_doctor: bool) -> None:
    """Whoever may register patients."""
    patients.may_create_patients(tx, is_approved_doctor=is_approved_doctor)


def may_list_duplicates(tx: ReadTx) -> None:
    """An admin, and the house."""
    if tx.actor.role != "admin" and not tx.actor.is_house:
        raise Forbidden("Only an admin may do this")
