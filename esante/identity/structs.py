"""The nouns of identity: accounts as kept and shown, and what is asked of them."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from esante.kernel.actor import Role
from esante.kernel.structs import AccountId, Asked, Kept, SessionId

AccountStatus = Literal["pending_confirmation", "active", "suspended", "archived"]
AccountRoleName = Literal["patient", "doctor", "assistant", "pharmacist", "admin"]
Language = Literal["fr", "en"]

Email = Annotated[
    str, Meta(max_length=254, pattern=r"^[^@\s<>\"(),:;\\]+@[^@\s<>\"(),:;\\]+\.[^@\s<>\"(),:;\\.]{2,}(?![\s\S])")
]
"""An e-mail address; whether it is somebody's, the confirmation shows."""
Password = Annotated[str, Meta(min_length=8, max_length=64)]
GivenPassword = Annotated[str, Meta(min_length=1, max_length=200)]
"""A password as somebody types it to sign in: no rule but a bound."""
Reason = Annotated[str, Meta(min_length=3, max_length=500)]
Code = Annotated[str, Meta(pattern=r"^[0-9]{6}(?![\s\S])")]
Token = Annotated[str, Meta(min_length=1, max_length=200)]


class NewAccount(Kept, kw_only=True):
    """An account to be made. The caller has decided what the role stands for, and hashed the password outside."""

    email: str | None = None
    mobile: str | None = None
    """Normalised, E.164."""
    password_hash: str | None = None
    role: Role
    person_id: str | None = None
    language: str = "fr"
    confirmed: bool = False


class AccountContact(Kept):
    """Where to reach an account, and in which role."""

    account_id: AccountId
    email: str | None
    language: str
    role: Role


class Account(Kept, kw_only=True):
    """An account as an admin sees it, and as its owner does."""

    id: AccountId
    email: str | None
    mobile_e164: str | None
    status: AccountStatus
    status_reason: str | None = None
    language: str
    roles: list[str]
    created_at: datetime
    last_login_at: datetime | None


class Credentials(Kept):
    """What a sign-in is checked against. Never leaves the process."""

    id: AccountId
    email: str | None
    password_hash: str | None
    status: AccountStatus
    language: str
    failed_logins: int
    failed_since_at: datetime | None
    locked_until_at: datetime | None
    roles: list[str]


class AccountRole(Kept):
    """A role that an account holds, and for whom it stands."""

    account_id: AccountId
    role: AccountRoleName
    person_id: str | None


class DoorSession(Kept):
    """A live session with what the door must know of its account."""

    id: SessionId
    account_id: AccountId
    role: AccountRoleName
    kind: Literal["cookie", "app"]
    salt: bytes
    expires_at: datetime
    last_seen_at: datetime
    locked_at: datetime | None
    enrolling: bool
    person_id: str | None
    language: str


class Me(Kept):
    """Who is signed in, and as what."""

    account_id: AccountId
    email: str | None
    mobile_number: str | None
    status: AccountStatus
    language: str
    role: str
    person_id: str | None
    roles: list[str]
    session_id: str | None


class OneTimeMail(Kept):
    """What a confirmation or reset mail (or a printed slip) must hold. Never logged, never kept."""

    account_id: AccountId
    email: str | None
    language: str
    token: str
    code: str
    purpose: Literal["confirm", "reset"]


class AddressConfirmation(Asked):
    """The link of the confirmation mail was followed."""

    token: Token


class CodeConfirmation(Asked, kw_only=True):
    """The six digits of the confirmation mail, with the address that they were sent to."""

    email: Email | None = None
    mobile: Annotated[str, Meta(max_length=40)] | None = None
    code: Code


class AddressAsked(Asked):
    """Somebody says that this is their address."""

    email: Email | None = None
    mobile: Annotated[str, Meta(max_length=40)] | None = None


class PasswordReset(Asked, kw_only=True):
    """A new password, with the link's token or with address and code."""

    token: Token | None = None
    email: Email | None = None
    code: Code | None = None
    password: Password


class PasswordChange(Asked):
    """The current password, and the one to take its place."""

    current_password: GivenPassword
    new_password: Password


class StatusReason(Asked):
    """Why an account is suspended."""

    reason: Reason


class FirstAdmin(Asked):
    """The first admin, by the code that the console printed."""

    code: Annotated[str, Meta(min_length=1, max_length=200)]
    email: Email
    password: Password
    language: Language | None = None


class AccountFilter(Asked):
    """Which accounts an admin wants listed."""

    role: AccountRoleName | None = None
    status: AccountStatus | None = None
    search: Annotated[str, Meta(max_length=100)] | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Accepted(Kept):
    """The same answer whether the address is known or not."""

    accepted: bool = True
