"""The nouns of scheduling."""

from datetime import date, datetime
from typing import Annotated, Literal, NewType

import msgspec
from msgspec import UNSET, Meta, UnsetType

from esante.kernel.structs import Asked, Kept, Line, WallTime
from esante.people.structs import PatientId, PractitionerId
from esante.workplaces.structs import RoomId, RoomKind, Weekday, WorkplaceId

AppointmentId = NewType("AppointmentId", str)
AppointmentTypeId = NewType("AppointmentTypeId", str)
TemplateRowId = NewType("TemplateRowId", str)

Status = Literal[
    "pending",
    "confirmed",
    "checked_in",
    "in_progress",
    "completed",
    "no_show",
    "rejected",
    "cancelled",
    "expired",
]

Price = Annotated[int, Meta(ge=0, le=100_000_000)]
"""Minor units of the currency."""
Color = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
TypeMinutes = Annotated[int, Meta(ge=5, le=480, multiple_of=5)]
SlotMinutes = Annotated[int, Meta(ge=5, le=240, multiple_of=5)]
VisitReason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
StatedReason = Annotated[str, Meta(min_length=3, max_length=500, pattern=r"\S")]
"""Why a visit is refused, cancelled or moved, or why a rule is overridden."""


class AppointmentType(Kept):
    """A kind of visit. An inactive one takes no new appointment; appointments keep the price and name they were booked with."""

    id: AppointmentTypeId
    name: str
    price_minor: int
    currency: str
    duration_minutes: int
    color: str
    auto_confirm: bool
    room_kind: RoomKind | None
    """A visit of this type occupies a room or chair of this kind."""
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class NewAppointmentType(Asked):
    """The currency is the clinic's."""

    name: Line
    price_minor: Price
    duration_minutes: TypeMinutes
    color: Color = "#1c7ed6"
    auto_confirm: bool = False
    room_kind: RoomKind | None = None


class AppointmentTypePatch(Asked):
    name: Line | UnsetType = UNSET
    price_minor: Price | UnsetType = UNSET
    duration_minutes: TypeMinutes | UnsetType = UNSET
    color: Color | UnsetType = UNSET
    auto_confirm: bool | UnsetType = UNSET
    room_kind: RoomKind | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


class TemplateRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """There every week, on this weekday, between two wall times; between two days when they are given, both included."""

    weekday: Weekday
    from_time: WallTime = msgspec.field(name="from")
    to_time: WallTime = msgspec.field(name="to")
    slot_minutes: SlotMinutes = 30
    valid_from: date | None = None
    valid_to: date | None = None


class Template(Kept):
    """The weekly availability of one practitioner."""

    practitioner_id: PractitionerId
    rows: list[TemplateRow]


class TemplateWish(Asked):
    """The whole template; what was there before is replaced."""

    rows: Annotated[list[TemplateRow], Meta(max_length=200)]


class DayInterval(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """There on one day, between two wall times."""

    from_time: WallTime = msgspec.field(name="from")
    to_time: WallTime = msgspec.field(name="to")
    slot_minutes: SlotMinutes = 30


class DayException(Kept):
    """One day that is not like its weekday: the template is off (`dayOff`), or there is time beside it (`extra`), or both."""

    practitioner_id: PractitionerId
    day_on: date = msgspec.field(name="date")
    day_off: bool
    extra: list[DayInterval]
    note: str | None
    updated_at: datetime


class DayExceptionWish(Asked):
    day_off: bool = False
    extra: Annotated[list[DayInterval], Meta(max_length=20)] = msgspec.field(default_factory=list)
    note: Line | None = None


class Slot(msgspec.Struct, frozen=True, rename="camel"):
    """A free time: its instants, and the wall time of its start in the clinic's zone; either may be sent back as `startsAt`."""

    starts_at: datetime
    ends_at: datetime
    local_start: str
    practitioner_id: PractitionerId


class AppointmentRequest(Asked):
    """What is asked for. Price, length and end come from the type, never from the sender.

    `startsAt` without an offset is a wall time of the clinic. `patientId` may be left out by a patient who books for
    themselves. `walkIn` (now), `roomId` and `overrideReason` (to book over what is taken) are for the desk.
    """

    practitioner_id: PractitionerId
    type_id: AppointmentTypeId
    starts_at: datetime | None = None
    patient_id: PatientId | None = None
    reason: VisitReason | None = None
    walk_in: bool = False
    room_id: RoomId | None = None
    override_reason: StatedReason | None = None


class RescheduleRequest(Asked):
    """A new start, and if need be another room; length, type and price stay."""

    starts_at: datetime
    reason: StatedReason | None = None
    room_id: RoomId | None = None
    override_reason: StatedReason | None = None


class Because(Asked):
    """The reason that a refusal or a cancellation must have."""

    reason: StatedReason


class Appointment(Kept):
    """One visit, from the request to its end. `status` is as of now: a hold that has run out reads `expired`."""

    id: AppointmentId
    patient_id: PatientId
    practitioner_id: PractitionerId
    workplace_id: WorkplaceId
    room_id: RoomId | None
    type_id: AppointmentTypeId
    type_name: str
    price_minor: int
    currency: str
    starts_at: datetime
    ends_at: datetime
    local_on: date = msgspec.field(name="localDate")
    local_time: str
    """The wall time of the start, in the clinic's zone."""
    status: Status
    hold_until: datetime | None
    reason: str | None
    status_reason: str | None
    override_reason: str | None
    created_via: Literal["patient", "desk"]
    moves: int
    """How often it was moved."""
    entered_in_error: bool
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class AppointmentLine(Kept):
    """An appointment in a list: names, times and state, nothing that was written about it."""

    id: AppointmentId
    patient_id: PatientId
    patient_name: str
    practitioner_id: PractitionerId
    practitioner_name: str
    workplace_id: WorkplaceId
    room_id: RoomId | None
    room_name: str | None
    type_name: str
    color: str
    starts_at: datetime
    ends_at: datetime
    local_time: str
    status: Status
    version: int


class DayChange(Kept):
    """What a change of availability leaves as it is: live appointments that now lie outside. Nothing is dropped."""

    exception: DayException | None
    conflicts: list[AppointmentLine]


class TemplateChange(Kept):
    template: Template
    conflicts: list[AppointmentLine]


class Board(Kept):
    """The day of the clinic, by what is to be done next."""

    day_on: date = msgspec.field(name="date")
    expected: list[AppointmentLine]
    waiting: list[AppointmentLine]
    with_practitioner: list[AppointmentLine]
    done: list[AppointmentLine]
    absent: list[AppointmentLine]
    to_confirm: list[AppointmentLine]


class AppointmentFilter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which appointments: by start, practitioner, patient and state. All that is given must hold."""

    from_at: datetime | None = None
    until_at: datetime | None = None
    practitioner_id: PractitionerId | None = None
    patient_id: PatientId | None = None
    status: Status | None = None
    with_errors: bool = False
