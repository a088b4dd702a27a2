"""The nouns of workplaces: sites with opening hours, rooms and chairs."""

from datetime import datetime
from typing import Annotated, Literal, NewType

import msgspec
from msgspec import UNSET, Meta, UnsetType

from esante.kernel.actor import Scope
from esante.kernel.structs import Asked, Kept, Line, WallTime

WorkplaceId = NewType("WorkplaceId", str)
RoomId = NewType("RoomId", str)

WorkplaceKind = Literal["clinic", "hospital", "private_practice", "medical_center", "home_visits"]
RoomKind = Literal["room", "chair"]
Weekday = Annotated[int, Meta(ge=1, le=7)]
"""ISO: 1 is Monday."""

Phone = Annotated[str, Meta(min_length=3, max_length=40)]
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Website = Annotated[str, Meta(pattern=r"^https?://", max_length=200)]
Text = Annotated[str, Meta(max_length=2000)]


class OpeningHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open on this weekday between two wall times; several intervals a day may be given."""

    weekday: Weekday
    from_time: WallTime = msgspec.field(name="from")
    to_time: WallTime = msgspec.field(name="to")


class Workplace(Kept):
    """A site. `isPrimary` marks the clinic's own; `source` says whether it was made here or imported."""

    id: WorkplaceId
    name: str
    kind: WorkplaceKind
    phone: str | None
    email: str | None
    website: str | None
    description: str | None
    street: str | None
    postal_code: str | None
    city: str | None
    country: str | None
    hours: list[OpeningHours]
    is_primary: bool
    is_active: bool
    source: Literal["clinic", "import"]
    version: int
    created_at: datetime
    updated_at: datetime


class WorkplacePatch(Asked):
    """What is to change; a field that is left out stays."""

    name: Line | UnsetType = UNSET
    kind: WorkplaceKind | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    website: Website | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    street: Line | UnsetType | None = UNSET
    postal_code: Line | UnsetType | None = UNSET
    city: Line | UnsetType | None = UNSET
    country: Line | UnsetType | None = UNSET
    hours: Annotated[list[OpeningHours], Meta(max_length=42)] | UnsetType = UNSET


class ImportedWorkplace(Asked):
    """A site as another system describes it: exempt from the rules of the desk."""

    name: str
    kind: WorkplaceKind = "clinic"
    phone: str | None = None
    email: str | None = None
    website: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None


class Room(Kept):
    """A room or a chair of a workplace; an inactive one takes no new appointment."""

    id: RoomId
    workplace_id: WorkplaceId
    name: str
    kind: RoomKind
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class NewRoom(Asked):
    name: Line
    kind: RoomKind = "room"


class RoomPatch(Asked):
    name: Line | UnsetType = UNSET
    kind: RoomKind | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class GrantedScope(Kept):
    """One thing that an assistant may do in one workplace."""

    workplace_id: WorkplaceId
    scope: Scope
