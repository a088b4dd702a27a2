"""Accounts made by an admin (SPEC ID-01, R24): nobody types another's password, a slip is handed over."""

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel.errors import Conflict, Invalid
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.logins import policy
from esante.people.logins.structs import LoginMade, NewLogin
from esante.people.patients import service as patients
from esante.people.practitioners import service as practitioners


def add_login(tx: WriteTx, asked: NewLogin) -> LoginMade:
    """Make an account for somebody, confirmed, since an admin has seen the person; or give one a further role.

    Refused: neither or both of an address and an account, a patient or doctor role without its person, a person in any other
    role, a person who has an account in that role (`HAS_ACCOUNT`), an archived record, and an address that has an account.
    """
    policy.may_add_logins(tx)
    _check_person(tx, asked)
    if asked.account_id is not None:
        if asked.email or asked.mobile_number:
            raise Invalid("Name an account, or the address of a new one", field="accountId")
        found = identity.account(tx, asked.account_id)
        identity.add_role(tx, found.id, asked.role, asked.person_id)
        return LoginMade(account=identity.account(tx, found.id), slip=None)
    if not (asked.email or asked.mobile_number):
        raise Invalid("An account needs an e-mail address or a mobile number", field="email")
    new = NewAccount(
        email=asked.email,
        mobile=identity.mobile(tx, asked.mobile_number) if asked.mobile_number else None,
        role=asked.role,
        person_id=asked.person_id,
        language=asked.language or tx.settings.language,
        confirmed=True,
    )
    made = identity.create_account(tx, new)
    slip = identity.issue_reset(tx, made)
    return LoginMade(account=identity.account(tx, made), slip=slip)


def _check_person(tx: ReadTx, asked: NewLogin) -> None:
    if asked.role not in ("patient", "doctor"):
        if asked.person_id is not None:
            raise Invalid("This field is not for this role", field="personId")
        return
    if asked.person_id is None:
        raise Invalid("This field is needed", field="personId")
    if asked.role == "patient":
        known = patients.patient_brief(tx, asked.person_id)
        if known.archived_at is not None:
            raise Conflict("This patient's record is archived", code="PATIENT_ARCHIVED")
    else:
        practitioners.practitioner_brief(tx, asked.person_id)
    if any(one.role == asked.role for one in identity.accounts_of_person(tx, asked.person_id)):
        raise Conflict("This person has an account already", code="HAS_ACCOUNT")
