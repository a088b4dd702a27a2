"""The nouns of the kiosk."""

from datetime import date, datetime
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from esante.identity.structs import Email, Language
from esante.kernel.structs import Asked, Kept, Line
from esante.people.structs import Gender, PatientId, PersonName, PractitionerId, SpecialtyCount
from esante.scheduling.structs import (
    AppointmentId,
    AppointmentType,
    AppointmentTypeId,
    PartOfDay,
    StatedReason,
    VisitReason,
)
from esante.workplaces.structs import WorkplaceId

KioskVisitId = NewType("KioskVisitId", str)
Pass = Annotated[str, Meta(min_length=1, max_length=200)]


class KioskNewcomer(Asked):
    """Somebody who is not known here says who they are."""

    mobile_number: Annotated[str, Meta(min_length=3, max_length=40)]
    birth_date: date
    first_name: PersonName
    last_name: PersonName
    gender: Gender | None = None
    email: Email | None = None
    language: Language | None = None


class KioskVisit(Kept):
    """Somebody at the kiosk, as kept; the code and the pass are derived, not kept."""

    id: KioskVisitId
    patient_id: PatientId | None
    salt: bytes
    attempts: int
    created_at: datetime
    opened_at: datetime | None
    ends_at: datetime
    network: str | None
    """The address that it came from."""
    newcomer: KioskNewcomer | None
    """Who it will be, once the code is right; nothing of a patient who is known."""


class KioskStart(Asked):
    mobile_number: Annotated[str, Meta(min_length=3, max_length=40)]
    birth_date: date


class KioskStarted(Kept):
    """The same whether anybody fits or not."""

    id: KioskVisitId
    ends_at: datetime


class KioskCode(Asked):
    id: KioskVisitId
    code: Annotated[str, Meta(pattern=r"^\d{6}$")]


class KioskPass(Kept):
    """The right to one's own visits for some minutes; `token` goes into every further request."""

    token: str
    ends_at: datetime


class WithPass(Asked):
    token: Pass


class KioskCheckIn(Asked):
    token: Pass
    appointment_id: AppointmentId


class KioskDoctors(Asked):
    token: Pass
    specialty: Line | None = None
    cursor: str | None = None


class KioskSlots(Asked):
    """Which free times: of one practitioner, of a specialty, or of anybody, for a kind of visit."""

    token: Pass
    type_id: AppointmentTypeId
    practitioner_id: PractitionerId | None = None
    specialty: Line | None = None
    workplace_id: WorkplaceId | None = None
    first: date | None = msgspec.field(name="from", default=None)
    last: date | None = msgspec.field(name="to", default=None)
    part_of_day: PartOfDay | None = None


class KioskBooking(Asked):
    token: Pass
    practitioner_id: PractitionerId
    type_id: AppointmentTypeId
    starts_at: datetime
    reason: VisitReason
    workplace_id: WorkplaceId | None = None


class KioskChoices(Kept):
    """What can be booked at the kiosk, and with whom."""

    types: list[AppointmentType]
    specialties: list[SpecialtyCount]


class KioskCancel(Asked):
    token: Pass
    appointment_id: AppointmentId
    reason: StatedReason


class NewcomerWaiting(Kept):
    """For the desk: who waits at the kiosk to be registered. `code` is to be read out once the identity card was seen."""

    id: KioskVisitId
    first_name: str
    last_name: str
    birth_date: date
    mobile_number: str
    seems_known: bool
    """Almost certainly there is a record already: then the desk helps, and no code is read out."""
    code: str
    ends_at: datetime


class KioskCodeShown(Kept):
    """For the desk, to be read to a patient whose identity it has seen."""

    id: KioskVisitId
    code: str
    ends_at: datetime
