"""Whom accounts stand for, when that changes (SPEC PE-17, PE-18)."""

from esante.identity.persons import store
from esante.identity.sessions import service as sessions
from esante.kernel.structs import AccountId
from esante.kernel.transaction import ReadTx, WriteTx


def move_person(tx: WriteTx, from_id: str, to_id: str, only: list[str] | None = None) -> list[AccountId]:
    """For other rooms. The patient accounts of one record (or `only` these of them) stand for another one from now on.

    Their sessions end: whoever signs in again sees the other record. Which accounts they were.
    """
    moved = store.move(tx, from_id, to_id) if only is None else store.move_some(tx, only, from_id, to_id)
    for account_id in moved:
        sessions.end_all(tx, account_id, "role_switched")
    return moved


def accounts_of(tx: ReadTx, person_id: str) -> list[AccountId]:
    """For other rooms. The accounts that stand for this patient."""
    return store.accounts_of(tx, person_id)


def forget_person(tx: WriteTx, person_id: str) -> list[AccountId]:
    """For other rooms. Nobody signs in for this patient any more; an account that was nothing else loses its address.

    Which accounts they were.
    """
    found = store.accounts_of(tx, person_id)
    for account_id in found:
        sessions.end_all(tx, account_id, "role_switched")
        if store.drop_role(tx, account_id):
            store.empty(tx, account_id)
    return found
