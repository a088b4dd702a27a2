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
Buffer = Annotated[int, Meta(ge=0, le=120)]
"""Minutes that practitioner and room stay taken after a visit."""
SlotMinutes = Annotated[int, Meta(ge=5, le=240, multiple_of=5)]
VisitReason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
Symptoms = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
Notes = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]
RemoteText = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
"""How to reach each other for a remote visit: a link, a telephone number."""
InsuranceWarning = Literal["expired", "not_accepted"]
"""All of the patient's policies have run out; or none that is good is of those that the site accepts (SPEC PE-06)."""
PartOfDay = Literal["morning", "afternoon", "evening"]
"""Before noon, before 17:00, after that; by the wall time of the start."""
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
    buffer_minutes: int | None
    """Kept free after the visit; by the clinic's setting when it is null."""
    requires_referral: bool
    """Patients do not book it themselves."""
    is_remote: bool
    remote_text: str | None
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
    buffer_minutes: Buffer | None = None
    requires_referral: bool = False
    is_remote: bool = False
    remote_text: RemoteText | None = None


class AppointmentTypePatch(Asked):
    name: Line | UnsetType = UNSET
    price_minor: Price | UnsetType = UNSET
    duration_minutes: TypeMinutes | UnsetType = UNSET
    color: Color | UnsetType = UNSET
    auto_confirm: bool | UnsetType = UNSET
    room_kind: RoomKind | UnsetType | None = UNSET
    buffer_minutes: Buffer | UnsetType | None = UNSET
    requires_referral: bool | UnsetType = UNSET
    is_remote: bool | UnsetType = UNSET
    remote_text: RemoteText | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


class OwnPrice(Kept):
    """What a type costs with one practitioner, instead of the type's own price."""

    type_id: AppointmentTypeId
    practitioner_id: PractitionerId
    price_minor: int
    updated_at: datetime


class OwnPriceWish(Asked):
    price_minor: Price


class TemplateRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """There every week, on this weekday, between two wall times; between two days when they are given, both included."""

    weekday: Weekday
    from_time: WallTime = msgspec.field(name="from")
    to_time: WallTime = msgspec.field(name="to")
    slot_minutes: SlotMinutes = 30
    valid_from: date | None = None
    valid_to: date | None = None
    workplace_id: WorkplaceId | None = None
    """At which site; where the practitioner usually is, when it is left out."""


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
    workplace_id: WorkplaceId | None = None
    """At which site; where the practitioner usually is, when it is left out."""


class DayException(Kept):
    """One day that is not like its weekday: the template is off (`dayOff`), or there is time beside it (`extra`), or both."""

    practitioner_id: PractitionerId
    day_on: date = msgspec.field(name="date")
    day_off: bool
    extra: list[DayInterval]
    note: str | None
    updated_at: datetime


class DayExceptionWish(Asked):
    """What is to be different. Time in which a live visit lies is not taken away, unless `keepBooked` says that the visit
    stays although it then lies outside."""

    day_off: bool = False
    extra: Annotated[list[DayInterval], Meta(max_length=20)] = msgspec.field(default_factory=list)
    note: Line | None = None
    keep_booked: bool = False


class BulkWish(Asked):
    """The same for many days: from one day to another, both included, on these weekdays (all when they are left out).

    `skipExisting` leaves days alone that differ from their weekday already; `preview` says what would be, and changes nothing.
    """

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    weekdays: Annotated[list[Weekday], Meta(min_length=1, max_length=7)] | None = None
    day_off: bool = False
    extra: Annotated[list[DayInterval], Meta(max_length=20)] = msgspec.field(default_factory=list)
    note: Line | None = None
    skip_existing: bool = True
    keep_booked: bool = False
    preview: bool = False


class Slot(msgspec.Struct, frozen=True, rename="camel"):
    """A free time: its instants, and the wall time of its start in the clinic's zone; either may be sent back as `startsAt`."""

    starts_at: datetime
    ends_at: datetime
    local_start: str
    practitioner_id: PractitionerId
    workplace_id: WorkplaceId


class AppointmentRequest(Asked):
    """What is asked for. Price, length and end come from the type, never from the sender.

    `startsAt` without an offset is a wall time of the clinic. `patientId` may be left out by a patient who books for
    themselves; `workplaceId` for the clinic's own site, or where the practitioner usually is. `walkIn` (now), `roomId` and
    `overrideReason` (to book over what is taken) are for the desk.
    """

    practitioner_id: PractitionerId
    type_id: AppointmentTypeId
    starts_at: datetime | None = None
    patient_id: PatientId | None = None
    workplace_id: WorkplaceId | None = None
    reason: VisitReason | None = None
    symptoms: Symptoms | None = None
    notes: Notes | None = None
    walk_in: bool = False
    room_id: RoomId | None = None
    remote_text: RemoteText | None = None
    override_reason: StatedReason | None = None


class AppointmentPatch(Asked):
    """What is to change; a field that is left out stays. Patients change `reason` and `symptoms`, the desk everything."""

    reason: VisitReason | UnsetType | None = UNSET
    symptoms: Symptoms | UnsetType | None = UNSET
    notes: Notes | UnsetType | None = UNSET
    remote_text: RemoteText | UnsetType | None = UNSET
    room_id: RoomId | UnsetType | None = UNSET


class AppointmentChange(Asked):
    """All that can be changed, at once; what is left out becomes empty."""

    reason: VisitReason | None = None
    symptoms: Symptoms | None = None
    notes: Notes | None = None
    remote_text: RemoteText | None = None
    room_id: RoomId | None = None


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
    symptoms: str | None = None
    notes: str | None = None
    """Practical remarks of the desk, seen by the patient too; what is clinical belongs to the consultation."""
    is_remote: bool = False
    remote_text: str | None = None
    buffer_minutes: int = 0
    series_id: str | None = None
    status_reason: str | None
    override_reason: str | None
    created_via: Literal["patient", "desk"]
    moves: int
    """How often it was moved."""
    entered_in_error: bool
    settled_at: datetime | None = None
    """Since when it has been sure that the visit is at this start."""
    checked_in_at: datetime | None = None
    pre_checked_at: datetime | None = None
    """Since when the desk has had the papers of this visit in order, before its day."""
    reconfirm_until: datetime | None = None
    """The staff moved it: until then the patient is to say whether the new time suits."""
    insurance_warning: InsuranceWarning | None = None
    """Of the visit's day, by what was known when it was booked; nobody is turned away for it."""
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class Span(Kept):
    """A time to be held that is no appointment (yet): a wish to move one, an offer."""

    id: AppointmentId
    """Of the visit that it is for."""
    practitioner_id: PractitionerId
    patient_id: PatientId
    workplace_id: WorkplaceId
    room_id: RoomId | None
    starts_at: datetime
    ends_at: datetime
    buffer_minutes: int
    hold_until: datetime | None


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
    is_remote: bool
    checked_in_at: datetime | None
    pre_checked_at: datetime | None
    reconfirm_until: datetime | None
    insurance_warning: InsuranceWarning | None
    waiting_minutes: int | None = None
    """On the board: for how long somebody who is checked in has been waiting."""
    version: int


class DayChange(Kept):
    """What a change of availability leaves as it is: live appointments that now lie outside. Nothing is dropped."""

    exception: DayException | None
    conflicts: list[AppointmentLine]


class BulkChange(Kept):
    """What became of each day, and the live visits that lie (or, with `keepBooked`, now lie) outside.

    A day that would leave a visit outside is among the skipped.
    """

    preview: bool
    created: list[date]
    updated: list[date]
    skipped: list[date]
    conflicts: list[AppointmentLine]


class TemplateChange(Kept):
    template: Template
    conflicts: list[AppointmentLine]


class Board(Kept):
    """The day of the clinic, by what is to be done next. Those who wait are in the order in which they came."""

    day_on: date = msgspec.field(name="date")
    expected: list[AppointmentLine]
    waiting: list[AppointmentLine]
    with_practitioner: list[AppointmentLine]
    done: list[AppointmentLine]
    absent: list[AppointmentLine]
    to_confirm: list[AppointmentLine]


class AppointmentFilter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which appointments: by start, practitioner, patient, site and state. All that is given must hold."""

    from_at: datetime | None = None
    until_at: datetime | None = None
    practitioner_id: PractitionerId | None = None
    patient_id: PatientId | None = None
    workplace_id: WorkplaceId | None = None
    status: Status | None = None
    with_errors: bool = False


class SlotFilter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which free times: of whom, when, how long. All that is given must hold."""

    first: date | None = None
    last: date | None = None
    specialty: str | None = None
    practitioner_id: PractitionerId | None = None
    workplace_id: WorkplaceId | None = None
    type_id: AppointmentTypeId | None = None
    minutes: int | None = None
    """The length, when no type is given."""
    part_of_day: PartOfDay | None = None
    weekdays: frozenset[int] = frozenset()
    """ISO: 1 is Monday; all when it is empty."""
