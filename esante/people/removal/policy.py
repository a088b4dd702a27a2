"""Who may remove a record: who may erase one."""

from esante.kernel.transaction import ReadTx
from esante.people.erasure import policy as erasure


def may_remove(tx: ReadTx) -> None:
    """An admin, freshly proven; the house."""
    erasure.may_erase(tx)
