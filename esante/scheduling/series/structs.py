"""The nouns of series."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from esante.kernel.structs import Asked, Kept
from esante.people.structs import PatientId, PractitionerId
from esante.scheduling.structs import Appointment, AppointmentTypeId, Notes, RemoteText, VisitReason
from esante.workplaces.structs import RoomId, WorkplaceId


class SeriesWish(Asked):
    """The first visit, how many there are to be, and every how many weeks; all at the same wall time of the clinic."""

    practitioner_id: PractitionerId
    type_id: AppointmentTypeId
    patient_id: PatientId
    starts_at: datetime
    visits: Annotated[int, Meta(ge=2, le=52)]
    every_weeks: Annotated[int, Meta(ge=1, le=12)] = 1
    workplace_id: WorkplaceId | None = None
    reason: VisitReason | None = None
    notes: Notes | None = None
    room_id: RoomId | None = None
    remote_text: RemoteText | None = None


class Series(Kept):
    """The visits of a series, by start."""

    id: str
    appointments: list[Appointment]


class SeriesConflict(Kept):
    """Why one visit of a series cannot be: as its booking alone would have said it."""

    local_start: str
    code: str
    message: str
    extra: dict[str, Any]
