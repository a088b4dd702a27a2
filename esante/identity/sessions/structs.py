"""Sessions as kept, as shown to their owner, and the tokens that open them."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from esante.kernel.structs import AccountId, Asked, Kept, SessionId

SessionKind = Literal["cookie", "app"]
EndReason = Literal[
    "logout",
    "logout_all",
    "ended_by_owner",
    "suspended",
    "archived",
    "password",
    "second_factor",
    "pin",
    "token_reused",
    "role_switched",
    "restored",
]


class Session(Kept):
    """The row: the authority over cookie and tokens. Never leaves the process."""

    id: SessionId
    account_id: AccountId
    role: str
    kind: SessionKind
    device_id: str | None
    device: str | None
    address: str | None
    salt: bytes
    generation: int
    rotated_at: datetime | None
    refresh_until_at: datetime
    expires_at: datetime
    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    proven_at: datetime | None = None
    locked_at: datetime | None = None
    pin_tries: int = 0
    enrolling: bool = False


class SessionView(Kept):
    """A session as its owner sees it; `current` marks the one that asks."""

    id: SessionId
    role: str
    kind: SessionKind
    device: str | None
    address: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool = False


class Device(Kept):
    """Which device opens the session: the id binds refresh tokens, the label is for the owner's list."""

    device_id: str | None = None
    device: str | None = None


class Opened(Kept):
    """An open session with the secrets that its holder must keep. Only for the answer to that holder."""

    session: Session
    cookie_token: str | None = None
    refresh_token: str | None = None


class Refresh(Asked):
    """The refresh token, and the device that it was given to."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=200)]
    device_id: Annotated[str, Meta(max_length=100)] | None = None
