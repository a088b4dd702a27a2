"""Passwords: changed by their owner, reset by link or code, set by the console (SPEC R7, ID-11, ID-12, ID-19)."""

from esante.identity.accounts import service as accounts
from esante.identity.events import (
    AddressAskedFor,
    CodeRefused,
    LoginFailed,
    PasswordChanged,
    PasswordWasReset,
    ResetIssued,
)
from esante.identity.one_time import service as one_time
from esante.identity.passwords import policy, store
from esante.identity.proof import service as proof
from esante.identity.sessions import service as sessions
from esante.identity.sign_in import service as sign_in
from esante.identity.structs import AddressAsked, Credentials, OneTimeMail, PasswordReset
from esante.kernel.disk import essential
from esante.kernel.errors import Invalid, NotFound
from esante.kernel.structs import AccountId
from esante.kernel.transaction import ReadTx, WriteTx


def ask_for_reset(tx: WriteTx, asked: AddressAsked) -> None:
    """Send a reset link (one hour) and code (ten minutes), with the limits of a resend. Says nothing about the address."""
    policy.may_try(tx)
    found = accounts.find_credentials(tx, asked.email or asked.mobile or "")
    tx.record(AddressAskedFor(subject=found.id if found else "unknown", purpose="reset"))
    if found and found.status != "suspended" and one_time.can_issue(tx, found.id, "reset"):
        row = one_time.issue(tx, found.id, "reset")
        tx.record(ResetIssued(subject=found.id, one_time_id=row.id))


def account_to_reset(tx: ReadTx, asked: PasswordReset) -> AccountId | None:
    """Whose password this link or code may set, without spending it; None when it does not fit.

    Old passwords are compared only after it fits: nobody else learns anything about them.
    """
    policy.may_try(tx)
    if bool(asked.token) == bool(asked.email and asked.code):
        raise Invalid("Send the link's token, or the e-mail address with the code", field="token")
    if asked.token:
        row = one_time.fitting_token(tx, asked.token, "reset")
        return row.account_id if row else None
    account_id = accounts.account_of_address(tx, asked.email or "")
    if account_id and one_time.fits_code(tx, account_id, "reset", asked.code or ""):
        return account_id
    return None


def _spend_reset(tx: WriteTx, asked: PasswordReset) -> AccountId | None:
    if asked.token:
        row = one_time.redeem_token(tx, asked.token, "reset")
        return row.account_id if row else None
    account_id = accounts.account_of_address(tx, asked.email or "")
    if account_id and one_time.redeem_code(tx, account_id, "reset", asked.code or ""):
        return account_id
    return None


def reset_password(tx: WriteTx, asked: PasswordReset, password_hash: str) -> bool:
    """Set the new password by link or code and end all sessions; False when the secret does not do it.

    A reset proves the address too, so a pending account is confirmed by it.
    """
    policy.may_try(tx)
    account_id = _spend_reset(tx, asked)
    if account_id is None:
        tx.record(CodeRefused(subject=accounts.account_of_address(tx, asked.email or "") or "unknown", purpose="reset"))
        return False
    accounts.confirm(tx, account_id)
    _set_password(tx, account_id, password_hash)
    sessions.end_all(tx, account_id, "password")
    tx.record(PasswordWasReset(subject=account_id))
    return True


def passwords_so_far(tx: ReadTx, account_id: AccountId | None) -> list[str]:
    """For the house: the hashes of the current password and the last three, which a new one must not equal."""
    if account_id is None:
        return []
    found = accounts.credentials(tx, account_id)
    current = [found.password_hash] if found and found.password_hash else []
    return current + store.old_passwords(tx, account_id)


def own_credentials(tx: ReadTx) -> Credentials:
    """What the signed-in account's current password is checked against."""
    policy.may_use_own_account(tx)
    found = accounts.credentials(tx, tx.actor.id)
    if found is None:
        raise NotFound("There is no such account")
    return found


@essential
def note_wrong_password(tx: WriteTx) -> None:
    """Somebody in the actor's session did not know the current password: one audit line."""
    policy.may_use_own_account(tx)
    tx.record(LoginFailed(subject=tx.actor.id))


def change_password(tx: WriteTx, password_hash: str) -> None:
    """The owner's new password, already checked; the other sessions are ended."""
    policy.may_use_own_account(tx)
    account_id = AccountId(tx.actor.id)
    _set_password(tx, account_id, password_hash)
    sessions.end_all(tx, account_id, "password", keep=tx.actor.session_id)
    tx.record(PasswordChanged(subject=account_id))


def set_password(tx: WriteTx, account_id: AccountId, password_hash: str) -> None:
    """The console sets a password (`esante user`): the house only; all sessions are ended."""
    policy.may_run_the_house(tx)
    accounts.account(tx, account_id)
    _set_password(tx, account_id, password_hash)
    sessions.end_all(tx, account_id, "password")
    tx.record(PasswordWasReset(subject=account_id))


def issue_reset(tx: WriteTx, account_id: AccountId) -> OneTimeMail:
    """A reset link and code to hand over on paper, because mail may be absent; nobody sees a password.

    An admin, freshly proven, or the house.
    """
    policy.may_manage_accounts(tx)
    proof.require_fresh(tx)
    accounts.contact(tx, account_id)
    row = one_time.issue(tx, account_id, "reset")
    tx.record(ResetIssued(subject=account_id, one_time_id=row.id, by_mail=False))
    return accounts.confirmation_secrets(tx, row.id)


def _set_password(tx: WriteTx, account_id: AccountId, password_hash: str) -> None:
    found = accounts.credentials(tx, account_id)
    if found and found.password_hash:
        store.keep_old_password(tx, account_id, found.password_hash)
    accounts.put_password(tx, account_id, password_hash)
    sign_in.forget_tickets(tx, account_id)
