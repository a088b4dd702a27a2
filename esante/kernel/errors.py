"""The refusals: the only errors that a person sees, and the one table from each to its HTTP status (SPEC R11).

The first argument is the message, in English with `{placeholders}`: it is the key of the message catalogues, and the
edge translates it into the person's language. `code` is stable and for programs.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """A rule said no. `details` name the fields at fault; `extra` gives a program what it needs to try better."""

    status: ClassVar[int] = 400
    default_code: ClassVar[str] = "REFUSED"

    def __init__(
        self,
        message: str,
        /,
        *,
        code: str | None = None,
        field: str | None = None,
        extra: dict[str, Any] | None = None,
        retry_after: int | None = None,
        **values: Any,
    ) -> None:
        super().__init__(message)
        self.message, self.values = message, values
        self.code = code or self.default_code
        self.field, self.extra, self.retry_after = field, extra or {}, retry_after

    def __str__(self) -> str:
        return self.message.format(**self.values)


class Invalid(Refusal):
    """What was sent breaks a rule that the sender can mend; `field` names where, in the API's spelling."""

    status, default_code = 400, "VALIDATION_ERROR"


class Unauthenticated(Refusal):
    """Nobody is signed in, or no longer."""

    status, default_code = 401, "UNAUTHENTICATED"


class Forbidden(Refusal):
    """The role or the scope does not allow this act."""

    status, default_code = 403, "FORBIDDEN"


class NotFound(Refusal):
    """It is not there, or it is not there for you: the answer does not tell which."""

    status, default_code = 404, "NOT_FOUND"


class Conflict(Refusal):
    """The state of things does not allow it now."""

    status, default_code = 409, "CONFLICT"


class Gone(Refusal):
    """It was there and has run out: a used link, an expired code."""

    status, default_code = 410, "GONE"


class Stale(Refusal):
    """Somebody changed it since you read it (If-Match)."""

    status, default_code = 412, "STALE_VERSION"


def check_version(kept: int, read: int, **current: Any) -> None:
    """`Stale` when the version that was read is not the one that is kept; the answer has the `version` of now, and `current`."""
    if kept != read:
        raise Stale(
            "Somebody changed this since you read it. Read it again, then change it",
            extra={"version": kept, **current},
        )


class TooLarge(Refusal):
    status, default_code = 413, "TOO_LARGE"


class UnsupportedType(Refusal):
    status, default_code = 415, "UNSUPPORTED_TYPE"


class Locked(Refusal):
    """The row is sealed: its time for changes has passed."""

    status, default_code = 423, "LOCKED"


class VersionMissing(Refusal):
    """An edit needs If-Match with the version that was read."""

    status, default_code = 428, "VERSION_REQUIRED"


class TooMany(Refusal):
    status, default_code = 429, "TOO_MANY_REQUESTS"


class Unavailable(Refusal):
    """The clinic cannot do this now: busy, or read-only. Always says when, or what to do."""

    status, default_code = 503, "UNAVAILABLE"


class DiskFull(Unavailable):
    status, default_code = 507, "DISK_FULL"


class Broken(Exception):
    """For the operator, never for a patient: the box itself is not in order. The message says what, where and what to do."""
