"""What a sign-in asks and answers."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from esante.identity.sessions.structs import Opened, SessionView
from esante.identity.structs import AccountRoleName, GivenPassword, Me
from esante.kernel.structs import Asked, Kept

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


class RoleSwitch(Asked):
    """The role to act in from now on."""

    role: AccountRoleName


class Verdict(Kept):
    """What came of a try. A wrong one is a result, not an error: its count must be kept."""

    outcome: Literal["opened", "invalid", "not_verified", "deactivated", "role_missing", "role_needed"]
    opened: Opened | None = None
    account: Me | None = None
    roles: list[str] = []  # noqa: RUF012 - msgspec copies it


class SignedIn(Kept, kw_only=True):
    """An open session. Tokens for apps only; `expiresIn` are the seconds that the access token lasts."""

    access_token: str | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    expires_in: int | UnsetType = UNSET
    session: SessionView
    account: Me | UnsetType = UNSET
