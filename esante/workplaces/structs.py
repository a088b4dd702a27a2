# ruff: noqa: RUF012 - msgspec copies defaults
"""The nouns of workplaces: sites with opening hours, rooms and chairs, members, assistants."""

from datetime import datetime
from typing import Annotated, Literal, NewType

import msgspec
from msgspec import UNSET, Meta, UnsetType

from esante.identity.structs import Email as Address
from esante.identity.structs import Language, Password
from esante.kernel.actor import Scope
from esante.kernel.structs import AccountId, Asked, Kept, Line, WallTime
from esante.people.structs import PractitionerId

WorkplaceId = NewType("WorkplaceId", str)
RoomId = NewType("RoomId", str)
InvitationId = NewType("InvitationId", str)
AssignmentId = NewType("AssignmentId", str)

WorkplaceKind = Literal["clinic", "hospital", "private_practice", "medical_center", "home_visits"]
RoomKind = Literal["room", "chair"]
Weekday = Annotated[int, Meta(ge=1, le=7)]
"""ISO: 1 is Monday."""

Phone = Annotated[str, Meta(min_length=3, max_length=40)]
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Website = Annotated[str, Meta(pattern=r"^https?://", max_length=200)]
Text = Annotated[str, Meta(max_length=2000)]
Fee = Annotated[int, Meta(ge=0, le=10**12)]
"""Minor units of the clinic's currency."""
Texts = Annotated[list[Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]], Meta(max_length=100)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Reason = Annotated[str, Meta(min_length=3, max_length=500, pattern=r"\S")]
Scopes = Annotated[list[Scope], Meta(min_length=1, max_length=20)]


class OpeningHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open on this weekday between two wall times; several intervals a day may be given."""

    weekday: Weekday
    from_time: WallTime = msgspec.field(name="from")
    to_time: WallTime = msgspec.field(name="to")


Week = Annotated[list[OpeningHours], Meta(max_length=42)]


class Workplace(Kept):
    """A site. `isPrimary` marks the clinic's own; `source` says whether it was made here or imported.

    `ownerId` is the practitioner who made it. `feeMinor` is the usual fee of a visit, in minor units of the clinic's currency.
    """

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
    latitude: float | None
    longitude: float | None
    hours: list[OpeningHours]
    fee_minor: int | None
    services: list[str]
    insurances: list[str]
    owner_id: PractitionerId | None
    is_primary: bool
    is_active: bool
    source: Literal["clinic", "import"]
    version: int
    created_at: datetime
    updated_at: datetime


class NewWorkplace(Asked):
    """A site to be opened, or all of it changed at once."""

    name: Line
    kind: WorkplaceKind
    phone: Phone | None = None
    email: Email | None = None
    website: Website | None = None
    description: Text | None = None
    street: Line | None = None
    postal_code: Line | None = None
    city: Line | None = None
    country: Line | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    hours: Week = []
    fee_minor: Fee | None = None
    services: Texts = []
    insurances: Texts = []


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
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET
    hours: Week | UnsetType = UNSET
    fee_minor: Fee | UnsetType | None = UNSET
    services: Texts | UnsetType = UNSET
    insurances: Texts | UnsetType = UNSET


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


# ------------------------------------------------------------------------------- members


class DoctorWorkplace(Kept):
    """A site as one practitioner works there: `feeMinor` is what they ask, `isPrimary` their own choice of first site."""

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
    latitude: float | None
    longitude: float | None
    hours: list[OpeningHours]
    services: list[str]
    insurances: list[str]
    fee_minor: int | None
    currency: str
    is_primary: bool
    is_owner: bool
    version: int


class Member(Kept):
    """A practitioner who works at a site. `feeMinor` is their own fee there; null when it is the site's."""

    practitioner_id: PractitionerId
    first_name: str
    last_name: str
    specialty: str
    fee_minor: int | None
    is_primary: bool
    since_at: datetime


class MemberWish(Asked):
    """A member's own fee (null: the site's), and whether this is to be their primary site; what is left out stays."""

    fee_minor: Fee | UnsetType | None = UNSET
    is_primary: Literal[True] | UnsetType = UNSET


# ---------------------------------------------------------------------------- assistants


class GrantedScope(Kept):
    """One thing that an assistant may do in one workplace, for one practitioner or for `EVERYBODY`."""

    workplace_id: WorkplaceId
    practitioner_id: str
    scope: Scope


InvitationStatus = Literal["pending", "accepted", "rejected", "cancelled", "expired"]


class InvitationRow(Kept):
    """An invitation as it is kept; `status` is as of now: one that nobody answered in time reads `expired`."""

    id: InvitationId
    workplace_id: WorkplaceId
    practitioner_id: PractitionerId | None
    email: str
    email_key: str
    name: str | None
    message: str | None
    scopes: list[Scope]
    salt: bytes
    status: InvitationStatus
    expires_at: datetime
    invited_by: str
    created_at: datetime


class Invitation(Kept):
    """Somebody is asked to assist at a site, with these scopes, until `expiresAt`."""

    id: InvitationId
    workplace_id: WorkplaceId
    workplace_name: str
    practitioner_id: PractitionerId | None
    practitioner_name: str | None
    email: str
    name: str | None
    message: str | None
    scopes: list[Scope]
    status: InvitationStatus
    expires_at: datetime
    created_at: datetime
    ended_at: datetime | None


class InvitationMade(Kept):
    """The invitation; `code` when the address has no account yet: hand it over, it is not shown again."""

    invitation: Invitation
    code: str | None


class InvitationWish(Asked):
    """Whom to invite, to which site, to do what. Without `scopes`: the agenda, patients' addresses, messages."""

    workplace_id: WorkplaceId
    email: Address
    name: Line | None = None
    message: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    scopes: Scopes | None = None


class InvitationAnswer(Asked):
    """Yes or no to an invitation."""

    invitation_id: InvitationId
    accept: bool


class JoinWish(Asked):
    """Somebody without an account accepts by the code that they were handed, and chooses a password."""

    email: Address
    code: Annotated[str, Meta(min_length=1, max_length=40)]
    password: Password
    name: Line | None = None
    language: Language | None = None


class Joined(Kept):
    """The account that was made; sign in with it."""

    account_id: AccountId
    workplace_id: WorkplaceId
    scopes: list[Scope]


class Assignment(Kept):
    """Somebody assists, or has assisted, at a site. `practitionerId` is who invited them, null for the clinic itself."""

    id: AssignmentId
    account_id: AccountId
    email: str | None
    name: str | None
    workplace_id: WorkplaceId
    workplace_name: str
    practitioner_id: PractitionerId | None
    doctors: list[PractitionerId] | None
    """Whom they work for there; null: for everybody."""
    scopes: list[Scope]
    since_at: datetime
    ended_at: datetime | None
    ended_side: Literal["assistant", "clinic"] | None
    end_reason: str | None
    version: int


class ScopesWish(Asked):
    """All that an assistant may do at the site from now on, and for whom (null: for everybody there); left out, that stays."""

    scopes: Scopes
    doctors: Annotated[list[PractitionerId], Meta(min_length=1, max_length=100)] | UnsetType | None = UNSET


class Leaving(Asked):
    """Which site the assistant leaves, and why."""

    workplace_id: WorkplaceId
    reason: Reason


class Removal(Asked):
    """Why an assistant is removed."""

    reason: Reason


class AssistedDoctor(Kept):
    """A practitioner of a site where the assistant works."""

    practitioner_id: PractitionerId
    title: str | None
    first_name: str
    last_name: str
    specialty: str
    workplace_id: WorkplaceId
    workplace_name: str


class AssistedWorkplace(Kept):
    """A site where the assistant works, and what they may do there."""

    assignment_id: AssignmentId
    workplace_id: WorkplaceId
    workplace_name: str
    hours: list[OpeningHours]
    scopes: list[Scope]
    since_at: datetime
