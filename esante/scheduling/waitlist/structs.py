"""The nouns of the waiting list."""

from datetime import date, datetime
from typing import Literal, NewType

import msgspec

from esante.kernel.structs import Asked, Kept, Line
from esante.people.structs import PatientId, PractitionerId
from esante.scheduling.structs import AppointmentId, AppointmentTypeId, PartOfDay, VisitReason
from esante.workplaces.structs import RoomId, WorkplaceId

EntryId = NewType("EntryId", str)
Urgency = Literal["routine", "soon", "urgent"]
EntryStatus = Literal["waiting", "offered", "accepted", "declined", "expired", "withdrawn"]

RANK: dict[str, int] = {"urgent": 0, "soon": 1, "routine": 2}


class WaitlistEntry(Kept):
    """Somebody who waits. `status` is as of now: an offer that has run out reads `expired`."""

    id: EntryId
    patient_id: PatientId
    practitioner_id: PractitionerId | None
    specialty: str | None
    workplace_id: WorkplaceId | None
    """The site that it must be at; null when any will do."""
    type_id: AppointmentTypeId
    from_on: date = msgspec.field(name="from")
    to_on: date = msgspec.field(name="to")
    part_of_day: PartOfDay | None
    urgency: Urgency
    reason: str | None
    status: EntryStatus
    offered_practitioner_id: PractitionerId | None
    offered_workplace_id: WorkplaceId | None
    offered_room_id: RoomId | None
    offered_at: datetime | None
    offer_starts_at: datetime | None
    offer_ends_at: datetime | None
    offer_until: datetime | None
    appointment_id: AppointmentId | None
    """Of the visit that was booked, or is to be."""
    created_at: datetime
    created_by: str
    updated_at: datetime


class WaitlistWish(Asked):
    """Who waits for what: a practitioner or a specialty, between two local days, both included.

    `patientId` may be left out by a patient who waits for themselves.
    """

    type_id: AppointmentTypeId
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    practitioner_id: PractitionerId | None = None
    specialty: Line | None = None
    workplace_id: WorkplaceId | None = None
    part_of_day: PartOfDay | None = None
    urgency: Urgency = "routine"
    reason: VisitReason | None = None
    patient_id: PatientId | None = None
