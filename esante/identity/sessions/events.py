"""What happens to sessions."""

from typing import ClassVar

from esante.kernel.structs import Event, Severity


class SessionEnded(Event, tag="user.session_revoked"):
    """The session `subject` is over: its cookie and its tokens open nothing any more, from this commit on."""

    account_id: str
    why: str


class TokenReused(Event, tag="auth.token_reused"):
    """A spent refresh token came back, too late or from elsewhere: somebody has a copy. The session `subject` is ended."""

    severity: ClassVar[Severity] = "critical"
    account_id: str


class SessionLocked(Event, tag="auth.session_locked"):
    """Its holder has locked the session `subject`: it answers nothing until it is unlocked."""

    account_id: str


class SessionUnlocked(Event, tag="auth.session_unlocked"):
    """The PIN of account and device was right."""

    account_id: str


class SessionRefreshed(Event, tag="auth.refreshed"):
    """The session's refresh token was rotated."""

    account_id: str
