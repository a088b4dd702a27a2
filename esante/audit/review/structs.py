"""Lines of the log that somebody has to look at."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from esante.audit.structs import AuditLine
from esante.kernel.structs import Asked, Kept

ReviewState = Literal["open", "closed"]


class Review(Kept):
    """A line, who looks at it, and what came of it. `version` is 0 while nobody has taken or closed it."""

    seq: int
    state: ReviewState
    assignee_id: str | None
    assignee_email: str | None
    note: str | None
    closed_at: datetime | None
    version: int


class ReviewItem(Kept):
    """The queue shows each review with its line."""

    review: Review
    line: AuditLine


class Assignment(Asked):
    """Who shall look at it: an admin's account."""

    account_id: str


class Finding(Asked):
    """What came of it."""

    note: Annotated[str, Meta(min_length=3, max_length=500)]
