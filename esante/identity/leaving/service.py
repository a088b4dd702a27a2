"""Archiving an account (SPEC ID-18): it signs in no more, its address is free again, and no record is removed."""

from esante.identity.accounts import service as accounts
from esante.identity.desk import service as desk
from esante.identity.events import AccountArchived
from esante.identity.leaving import policy
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


def _archive(tx: WriteTx, account_id: AccountId, reason: str | None) -> None:
    accounts.archive(tx, account_id, reason)
    sessions.end_all(tx, account_id, "archived")
    second_factor.forget(tx, account_id)
    desk.forget_pins(tx, account_id)
    tx.record(AccountArchived(subject=account_id, by_owner=account_id == tx.actor.id), reason=reason)
