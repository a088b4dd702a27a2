"""Accounts: made, confirmed, suspended, listed (SPEC R9, ID-01 to ID-05, ID-17)."""

from datetime import datetime

from esante.identity.accounts import mobile as numbers
from esante.identity.accounts import policy, store
from esante.identity.events import (
    AccountAddressKnown,
    AccountConfirmed,
    AccountCreated,
    AccountReactivated,
    AccountsListed,
    AccountSuspended,
    AddressAskedFor,
    CodeRefused,
    ConfirmationIssued,
    LanguageChosen,
)
from esante.identity.one_time import service as one_time
from esante.identity.proof import service as proof
from esante.identity.sessions import service as sessions
from esante.identity.structs import (
    Account,
    AccountContact,
    AccountFilter,
    AddressAsked,
    AddressConfirmation,
    CodeConfirmation,
    Credentials,
    DoorSession,
    Me,
    NewAccount,
    OneTimeMail,
)
from esante.kernel.actor import Role
from esante.kernel.disk import essential
from esante.kernel.errors import Conflict, NotFound
from esante.kernel.structs import AccountId, Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx

# --------------------------------------------------------------------------- for other rooms


def accounts_of_person(tx: ReadTx, person_id: str) -> list[AccountContact]:
    """For other rooms. Every account that stands for this patient or practitioner."""
    return store.contacts_of_person(tx, person_id)


def accounts_in_role(tx: ReadTx, role: Role) -> list[AccountContact]:
    """For other rooms. Every active account that holds the role: whom to tell when all admins must know."""
    return store.contacts_in_role(tx, role)


def contact(tx: ReadTx, account_id: str) -> AccountContact:
    """For other rooms. Where to reach the account; `NotFound` when there is none."""
    found = store.contact(tx, account_id)
    if found is None:
        raise NotFound("There is no such account")
    return found


def set_language(tx: WriteTx, account_id: str, language: str) -> None:
    """For other rooms. Mails and answers to this account are in the language from now on."""
    if store.set_language(tx, account_id, language):
        tx.record(LanguageChosen(subject=account_id, language=language))


def account_of_address(tx: ReadTx, email: str) -> AccountId | None:
    """For other rooms. Whose e-mail address this is, whatever the case."""
    found = store.credentials_by_email(tx, email_key(email))
    return found.id if found else None


def account_of_mobile(tx: ReadTx, mobile: str) -> AccountId | None:
    """For other rooms. Whose mobile number (E.164) this is."""
    found = store.credentials_by_mobile(tx, mobile)
    return found.id if found else None


def create_account(tx: WriteTx, new: NewAccount) -> AccountId:
    """For other rooms. Make an account; an unconfirmed one with an address gets its confirmation issued.

    An address or a mobile number that another account has is a `Conflict`.
    """
    key = email_key(new.email) if new.email else None
    if key and store.email_taken(tx, key):
        raise Conflict("This e-mail address has an account already", code="EMAIL_TAKEN", field="email")
    if new.mobile and account_of_mobile(tx, new.mobile):
        raise Conflict("This mobile number has an account already", code="MOBILE_TAKEN", field="mobileNumber")
    account_id = AccountId(new_id())
    row = {
        "id": account_id,
        "email": new.email,
        "email_key": key,
        "mobile": new.mobile,
        "password_hash": new.password_hash,
        "status": "active" if new.confirmed else "pending_confirmation",
        "language": new.language,
        "now": tx.now,
    }
    store.insert_account(tx, row)
    store.insert_role(tx, account_id, new.role, new.person_id)
    tx.record(AccountCreated(subject=account_id, role=new.role))
    if not new.confirmed and new.email:
        _issue_confirmation(tx, account_id)
    return account_id


def add_role(tx: WriteTx, account_id: AccountId, role: Role, person_id: str | None = None) -> None:
    """For other rooms. The account may act in one more role; one that it has already is a `Conflict`."""
    if store.role(tx, account_id, role):
        raise Conflict("This account has that role already", code="ROLE_HELD")
    store.insert_role(tx, account_id, role, person_id)
    tx.record(AccountCreated(subject=account_id, role=role))


def tell_address_is_known(tx: WriteTx, account_id: AccountId) -> None:
    """For other rooms. Somebody tried to register this account's address: its owner is mailed, and nothing else happens."""
    tx.record(AccountAddressKnown(subject=account_id))


def confirmation_secrets(tx: ReadTx, one_time_id: str) -> OneTimeMail:
    """For the house: what a confirmation or reset mail must say, derived now.

    `NotFound` for an unknown or first-admin row, and for one that was used or has run out: it is of no use to anybody.
    """
    row = one_time.one_time(tx, one_time_id)
    if row is None or row.account_id is None or row.purpose == "first_admin":
        raise NotFound("There is no such one-time secret")
    if row.used_at is not None or row.link_until_at <= tx.now:
        raise NotFound("There is no such one-time secret")
    owner = contact(tx, row.account_id)
    derived = one_time.secrets_of(tx, row)
    return OneTimeMail(
        account_id=owner.account_id,
        email=owner.email,
        language=owner.language,
        token=derived.token,
        code=derived.code,
        purpose=row.purpose,
    )


def find_credentials(tx: ReadTx, identifier: str) -> Credentials | None:
    """For other rooms. The account behind an e-mail address, or else behind a mobile number."""
    if "@" in identifier:
        return store.credentials_by_email(tx, email_key(identifier))
    number = maybe_mobile(tx, identifier)
    return store.credentials_by_mobile(tx, number) if number else None


def admin_exists(tx: ReadTx) -> bool:
    """For other rooms. Has the clinic an admin, suspended or not?"""
    return store.admin_exists(tx)


def credentials(tx: ReadTx, account_id: str) -> Credentials | None:
    """For other rooms. What a sign-in is checked against, as of now."""
    return store.credentials(tx, account_id)


def put_password(tx: WriteTx, account_id: AccountId, password_hash: str) -> None:
    """For other rooms. The account's hash from now on; failures and waiting are forgotten."""
    store.set_password(tx, account_id, password_hash)


def door_session(tx: ReadTx, session_id: str) -> DoorSession | None:
    """For other rooms. A session that is not ended, of an active account that still holds the role."""
    return store.door_session(tx, session_id)


def keep_rehashed(tx: WriteTx, account_id: AccountId, old: str, new: str) -> None:
    """For other rooms. The same password, hashed with today's parameters."""
    store.set_rehashed(tx, account_id, old, new)


def note_login(tx: WriteTx, account_id: AccountId) -> None:
    """For other rooms. A right password forgets the failures."""
    store.note_login(tx, account_id)


def note_failure(tx: WriteTx, account_id: AccountId, count: int, since: datetime, until: datetime | None) -> None:
    """For other rooms. How many failures since when, and until when unknown devices wait."""
    store.count_failure(tx, account_id, count, since, until)


def has_other_admins(tx: ReadTx, account_id: AccountId) -> bool:
    """For other rooms. Is there another active admin than this one?"""
    return bool(store.other_active_admins(tx, account_id))


def archive(tx: WriteTx, account_id: AccountId, reason: str | None) -> None:
    """For other rooms. Closed for good; `NotFound`, `WRONG_STATE` when it is so already, `LAST_ADMIN` for the last admin."""
    before = _account(tx, account_id)
    if before.status == "active" and "admin" in before.roles and not store.other_active_admins(tx, account_id):
        raise Conflict("This is the clinic's last admin", code="LAST_ADMIN")
    if not store.archive(tx, account_id, reason):
        raise Conflict(
            "This account is {state}",
            code="WRONG_STATE",
            state=before.status,
            extra={"state": before.status, "possible": []},
        )


def email_key(email: str) -> str:
    """For other rooms. The form in which addresses are compared."""
    return email.strip().casefold()


def mobile(tx: ReadTx, written: str) -> str:
    """For other rooms. The number in E.164; `Invalid`, naming the clinic's country, when it is none."""
    return numbers.normalised(written, tx.settings.country)


def maybe_mobile(tx: ReadTx, written: str) -> str | None:
    """For other rooms. The number in E.164, or None."""
    return numbers.maybe(written, tx.settings.country)


def mobile_spellings(e164: str) -> list[str]:
    """For other rooms. The digits by which a number is searched."""
    return numbers.spellings(e164)


# -------------------------------------------------------------------------------- confirming


def confirm_by_link(tx: WriteTx, asked: AddressConfirmation) -> bool:
    """Confirm the address whose mail held this token, once, within 24 hours. False when the link does not do it."""
    policy.may_try(tx)
    row = one_time.redeem_token(tx, asked.token, "confirm")
    if row is None or row.account_id is None:
        tx.record(CodeRefused(subject="unknown", purpose="confirm"))
        return False
    confirm(tx, row.account_id)
    return True


def confirm_by_code(tx: WriteTx, asked: CodeConfirmation) -> bool:
    """Confirm by the six digits, once, within ten minutes; after five wrong tries even the right code is refused (False)."""
    policy.may_try(tx)
    found = find_credentials(tx, asked.email or asked.mobile or "")
    if found is None or not one_time.redeem_code(tx, found.id, "confirm", asked.code):
        tx.record(CodeRefused(subject=found.id if found else "unknown", purpose="confirm"))
        return False
    confirm(tx, found.id)
    return True


def resend_confirmation(tx: WriteTx, asked: AddressAsked) -> None:
    """Send a fresh link and code, at most once a minute and five times an hour. Says nothing about the address."""
    policy.may_try(tx)
    found = find_credentials(tx, asked.email or asked.mobile or "")
    tx.record(AddressAskedFor(subject=found.id if found else "unknown", purpose="confirm"))
    if found and found.status == "pending_confirmation" and one_time.can_issue(tx, found.id, "confirm"):
        _issue_confirmation(tx, found.id)


def confirm_in_person(tx: WriteTx, account_id: AccountId) -> Account:
    """The person stands at the desk: an admin (or the house) confirms without mail. Confirmed already changes nothing."""
    policy.may_manage_accounts(tx)
    _account(tx, account_id)
    confirm(tx, account_id)
    return _account(tx, account_id)


def confirm(tx: WriteTx, account_id: AccountId) -> None:
    """For other rooms. The address is proven; an account that is confirmed stays as it is."""
    if store.set_active(tx, account_id):
        tx.record(AccountConfirmed(subject=account_id))


def _issue_confirmation(tx: WriteTx, account_id: AccountId) -> None:
    row = one_time.issue(tx, account_id, "confirm")
    tx.record(ConfirmationIssued(subject=account_id, one_time_id=row.id))


# ------------------------------------------------------------------------------ administration


def me(tx: ReadTx) -> Me:
    """Who is signed in, in which role and for whom."""
    policy.may_use_own_account(tx)
    return me_in(tx, AccountId(tx.actor.id), tx.actor.role, tx.actor.session_id)


def me_in(tx: ReadTx, account_id: AccountId, role: str, session_id: str | None) -> Me:
    """For other rooms. An account as it appears in one of its sessions."""
    found = _account(tx, account_id)
    held = store.role(tx, account_id, role)
    return Me(
        account_id=found.id,
        email=found.email,
        mobile_number=found.mobile_e164,
        status=found.status,
        language=found.language,
        role=role,
        person_id=held.person_id if held else None,
        roles=found.roles,
        session_id=session_id,
    )


def account(tx: ReadTx, account_id: AccountId) -> Account:
    """One account, for an admin or the house; `NotFound` when there is none."""
    policy.may_manage_accounts(tx)
    return _account(tx, account_id)


def list_accounts(tx: LookTx, asked: AccountFilter) -> Page[Account]:
    """Newest first, by role, status, or a part of address or mobile number. Admin or house; one audit line."""
    policy.may_manage_accounts(tx)
    key = decode_cursor(asked.cursor, 1)
    pattern = None
    if asked.search:
        plain = asked.search.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{plain}%"
    found = store.accounts(tx, asked, pattern, key[0] if key else None)
    shown = found[: asked.limit]
    tx.record(AccountsListed(subject="accounts", count=len(shown)))
    return Page(items=shown, next_cursor=encode_cursor(shown[-1].id) if len(found) > asked.limit else None)


@essential
def suspend_account(tx: WriteTx, account_id: AccountId, reason: str) -> Account:
    """End every session of the account at once and let it sign in no more. An admin, freshly proven, or the house.

    Refused for one's own account, and (`WRONG_STATE`) for one that is suspended or archived already.
    """
    policy.may_manage_accounts(tx)
    proof.require_fresh(tx)
    before = _account(tx, account_id)
    if account_id == tx.actor.id:
        raise Conflict("You cannot suspend your own account", code="OWN_ACCOUNT")
    if not store.suspend(tx, account_id, reason):
        raise Conflict(
            "This account is {state}",
            code="WRONG_STATE",
            state=before.status,
            extra={"state": before.status, "possible": ["reactivate"]},
        )
    sessions.end_all(tx, account_id, "suspended")
    tx.record(AccountSuspended(subject=account_id), reason=reason)
    return _account(tx, account_id)


def reactivate_account(tx: WriteTx, account_id: AccountId) -> Account:
    """Let a suspended account sign in again, in the state it had before. Any other state is `WRONG_STATE`.

    An admin, freshly proven, or the house.
    """
    policy.may_manage_accounts(tx)
    proof.require_fresh(tx)
    before = _account(tx, account_id)
    if not store.reactivate(tx, account_id):
        raise Conflict(
            "This account is {state}",
            code="WRONG_STATE",
            state=before.status,
            extra={"state": before.status, "possible": ["suspend"]},
        )
    tx.record(AccountReactivated(subject=account_id))
    return _account(tx, account_id)


def _account(tx: ReadTx, account_id: AccountId) -> Account:
    found = store.account(tx, account_id)
    if found is None:
        raise NotFound("There is no such account")
    return found
