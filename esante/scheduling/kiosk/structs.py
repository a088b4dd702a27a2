"""The nouns of the kiosk."""

from datetime import date, datetime
from typing import Annotated, NewType

from msgspec import Meta

from esante.kernel.structs import Asked, Kept
from esante.people.structs import PatientId
from esante.scheduling.structs import AppointmentId, StatedReason

KioskVisitId = NewType("KioskVisitId", str)
Pass = Annotated[str, Meta(min_length=1, max_length=200)]


class KioskVisit(Kept):
    """Somebody at the kiosk, as kept; the code and the pass are derived, not kept."""

    id: KioskVisitId
    patient_id: PatientId | None
    salt: bytes
    attempts: int
    created_at: datetime
    opened_at: datetime | None
    ends_at: datetime


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


class KioskCancel(Asked):
    token: Pass
    appointment_id: AppointmentId
    reason: StatedReason


class KioskCodeShown(Kept):
    """For the desk, to be read to a patient whose identity it has seen."""

    id: KioskVisitId
    code: str
    ends_at: datetime
