"""What a sign-in asks and answers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from esante.identity.second_factor.structs import AnyCode
from esante.identity.sessions.structs import Opened, SessionKind, SessionView
from esante.identity.structs import AccountRoleName, Credentials, GivenPassword, Me, Token
from esante.kernel.structs import AccountId, Asked, Kept

DeviceId = Annotated[str, Meta(min_length=8, max_length=100)]


class SignIn(Asked):
    """E-mail address or mobile number, password, and (for who has several) the role to act in.

    `cookie` is for browsers: the session comes as a cookie, and no token is in the answer. `deviceId` is a random text that the
    app keeps: a device that signed in before is never locked out by others' guesses, and binds the refresh token.
    """

    identifier: Annotated[str, Meta(min_length=3, max_length=254)]
    password: GivenPassword
    role: AccountRoleName | None = None
    device: Annotated[str, Meta(max_length=100)] | None = None
    device_id: DeviceId | None = None
    cookie: bool = False


class SecondFactorGiven(Asked):
    """The ticket of a sign-in whose password was right, and the code that was missing."""

    ticket: Token
    code: AnyCode


class RoleSwitch(Asked):
    """The role to act in from now on."""

    role: AccountRoleName


class LoginTicket(Kept):
    """The row behind a sign-in that waits for its code."""

    id: str
    account_id: AccountId
    role: str
    kind: SessionKind
    device_id: str | None
    device: str | None
    salt: bytes
    tries: int = 0
    until_at: datetime
    created_at: datetime
    used_at: datetime | None = None


class Candidate(Kept):
    """Whoever wants in: under what they are counted, their account, if there is one, and whether it knows the device."""

    subject: str
    account: Credentials | None
    is_known: bool


class Verdict(Kept):
    """What came of a try. A wrong one is a result, not an error: its count must be kept."""

    outcome: Literal[
        "opened", "invalid", "not_verified", "deactivated", "role_missing", "role_needed", "code_needed", "ticket_dead"
    ]
    opened: Opened | None = None
    account: Me | None = None
    roles: list[str] = []  # noqa: RUF012 - msgspec copies it
    ticket: str | None = None


class SignedIn(Kept, kw_only=True):
    """An open session. Tokens for apps only; `expiresIn` are the seconds that the access token lasts.

    `enrolling` says that nothing but setting up a second factor is open to it.
    """

    access_token: str | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    expires_in: int | UnsetType = UNSET
    session: SessionView
    account: Me | UnsetType = UNSET
    enrolling: bool = False


class CodeNeeded(Kept):
    """The password was right: send the ticket with a code of the second factor within `expiresIn` seconds."""

    ticket: str
    expires_in: int
