"""Archiving an account (SPEC ID-18): it signs in no more, its address is free again, and no record is removed."""

import apsw

from esante.identity.accounts import service as accounts
from esante.identity.desk import service as desk
from esante.identity.events import AccountArchived, AccountRemoved
from esante.identity.leaving import policy, store
from esante.identity.persons import service as persons
from esante.identity.proof import service as proof
from esante.identity.second_factor import service as second_factor
from esante.identity.sessions import service as sessions
from esante.identity.structs import Account
from esante.kernel.errors import Conflict
from esante.kernel.structs import AccountId
from esante.kernel.transaction import WriteTx


def delete_own_account(tx: WriteTx) -> None:
    """The owner leaves; the password was checked. The clinic's last admin cannot (LAST_ADMIN)."""
    policy.may_leave(tx)
    _archive(tx, AccountId(tx.actor.id), None)


def archive_account(tx: WriteTx, account_id: AccountId, reason: str) -> Account:
    """An admin, freshly proven, closes somebody's account for good. Not one's own, and not an archived one."""
    policy.may_manage_accounts(tx)
    proof.require_fresh(tx)
    if account_id == tx.actor.id:
        raise Conflict("You cannot close your own account here: delete it with your password", code="OWN_ACCOUNT")
    _archive(tx, account_id, reason)
    return accounts.account(tx, account_id)


def remove_account(tx: WriteTx, account_id: AccountId, reason: str) -> Account:
    """An admin, freshly proven, takes away an account that never did anything here; the answer is the last copy of it.

    Refused (`NOT_EMPTY`): an account that stands for a patient or a doctor (the patient is removed, with the account), and
    one that has acted in the clinic or that anything names; such a one is archived.
    """
    policy.may_manage_accounts(tx)
    proof.require_fresh(tx)
    if account_id == tx.actor.id:
        raise Conflict("You cannot close your own account here: delete it with your password", code="OWN_ACCOUNT")
    copy = accounts.account(tx, account_id)
    if store.stands_for_somebody(tx, account_id) or store.has_acted(tx, account_id):
        raise not_empty()
    if "admin" in copy.roles and not accounts.has_other_admins(tx, account_id):
        raise Conflict("This is the clinic's last admin", code="LAST_ADMIN")
    drop_account(tx, account_id, reason)
    return copy


def drop_account(tx: WriteTx, account_id: AccountId, reason: str) -> None:
    """For other rooms. The account and what is only about signing in are gone; `NOT_EMPTY` when anything else names it."""
    sessions.end_all(tx, account_id, "archived")
    tx.record(AccountRemoved(subject=account_id), reason=reason)
    try:
        store.remove(tx, account_id)
    except apsw.ConstraintError:
        raise not_empty() from None


def leave_person(tx: WriteTx, person_id: str, reason: str) -> int:
    """For other rooms. Nobody signs in for this patient any more; how many accounts that were nothing else are gone with it."""
    gone = 0
    for account_id in persons.accounts_of(tx, person_id):
        if accounts.account(tx, account_id).roles == ["patient"]:
            drop_account(tx, account_id, reason)
            gone += 1
    persons.forget_person(tx, person_id)
    return gone


def not_empty() -> Conflict:
    """For other rooms. Why something is not removed for good."""
    return Conflict("There are records of it here: archive it instead", code="NOT_EMPTY")


def _archive(tx: WriteTx, account_id: AccountId, reason: str | None) -> None:
    accounts.archive(tx, account_id, reason)
    sessions.end_all(tx, account_id, "archived")
    second_factor.forget(tx, account_id)
    desk.forget_pins(tx, account_id)
    tx.record(AccountArchived(subject=account_id, by_owner=account_id == tx.actor.id), reason=reason)
