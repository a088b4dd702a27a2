"""The console's one-time code, and the admin that it makes (SPEC ID-01)."""

from esante.identity.accounts import service as accounts
from esante.identity.events import CodeRefused, FirstAdminCodeIssued, FirstAdminMade
from esante.identity.one_time import service as one_time
from esante.identity.structs import FirstAdmin, NewAccount
from esante.kernel.errors import Conflict, Forbidden
from esante.kernel.structs import AccountId
from esante.kernel.transaction import WriteTx


def issue_first_admin_code(tx: WriteTx) -> str:
    """For the house: the code that makes the first admin, for 24 hours; `Conflict` when there is an admin.

    An earlier code no longer works.
    """
    if not tx.actor.is_house:
        raise Forbidden("Only the console may do this")
    if accounts.admin_exists(tx):
        raise Conflict("This clinic has an admin already", code="ADMIN_EXISTS")
    one_time.forget_first_admin_codes(tx)
    row = one_time.issue(tx, None, "first_admin")
    tx.record(FirstAdminCodeIssued(subject=row.id))
    return one_time.secrets_of(tx, row).token


def make_first_admin(tx: WriteTx, asked: FirstAdmin, password_hash: str) -> AccountId | None:
    """Spend the console's code and make the admin, confirmed; None when the code does not do it or an admin exists.

    For the house: it gave the code to whoever stands at the console, so the code is the policy.
    """
    row = None if accounts.admin_exists(tx) else one_time.redeem_token(tx, asked.code, "first_admin")
    if row is None:
        tx.record(CodeRefused(subject="unknown", purpose="first_admin"))
        return None
    new = NewAccount(
        email=asked.email,
        password_hash=password_hash,
        role="admin",
        language=asked.language or tx.settings.language,
        confirmed=True,
    )
    account_id = accounts.create_account(tx, new)
    tx.record(FirstAdminMade(subject=account_id))
    return account_id
