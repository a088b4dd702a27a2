"""The nouns of calendars."""

from datetime import datetime
from typing import NewType

import msgspec

from esante.kernel.structs import Kept
from esante.people.structs import PractitionerId

FeedId = NewType("FeedId", str)


class FeedRow(Kept):
    """A feed as it is kept; its link is derived, not kept."""

    id: FeedId
    practitioner_id: PractitionerId
    salt: bytes
    created_at: datetime
    revoked_at: datetime | None


class Feed(Kept):
    """A practitioner's calendar feed: whoever has the link reads it."""

    practitioner_id: PractitionerId
    path: str
    """Below the clinic's address."""
    created_at: datetime


class Entry(Kept):
    """One visit, as a calendar shows it."""

    id: str
    summary: str
    starts_at: datetime
    ends_at: datetime
    status: str
    place: str | None
    description: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class AgendaRow(msgspec.Struct, frozen=True, rename="camel"):
    """What a feed says of a visit."""

    id: str
    type_name: str
    initials: str
    room_name: str | None
    starts_at: datetime
    ends_at: datetime
    status: str
    version: int
    created_at: datetime
    updated_at: datetime
