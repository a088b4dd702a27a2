"""What happens to consultations, and what is due later."""

from datetime import date, datetime
from typing import ClassVar, Literal

from esante.kernel.structs import Event, Severity
from esante.kernel.transaction import Task


class ConsultationCreated(Event, tag="consultation.created"):
    """A draft exists; nobody but its author sees it."""

    practitioner_id: str
    appointment_id: str


class ConsultationStatisticsSeen(Event, tag="consultation.statistics_seen"):
    """Somebody looked at counts of consultations; the subject is the practitioner, or `clinic`."""

    first_on: date
    last_on: date


class ConsultationUpdated(Event, tag="consultation.updated"):
    """Its author changed what it says."""

    practitioner_id: str
    version: int
    fields: list[str]
    """The names of the changed fields."""


class ConsultationCompleted(Event, tag="consultation.completed"):
    """The patient may read it from now on."""

    practitioner_id: str
    appointment_id: str | None
    version: int
    can_edit_until: datetime


class ConsultationSealed(Event, tag="consultation.sealed"):
    """Its edit window has ended; told once, by the house."""

    practitioner_id: str | None


class AddendumAdded(Event, tag="consultation.addendum"):
    """Something was added after completion."""

    addendum_id: str
    practitioner_id: str


class ConsultationEnteredInError(Event, tag="consultation.entered_in_error"):
    """It should not have been written; the content is kept."""

    severity: ClassVar[Severity] = "warning"

    practitioner_id: str | None
    version: int


class ConsultationAccessed(Event, tag="consultation.accessed"):
    """Somebody looked. The subject of a list is the patient."""

    access_type: Literal["view", "list", "timeline", "history"]
    count: int = 1


class ConsultationImported(Event, tag="consultation.imported"):
    """A visit came from another system, completed and sealed."""

    practitioner_id: str | None


class AnnounceSeal(Task, tag="consultations.announce_seal"):
    """Say that a consultation is sealed; due when it is."""

    consultation_id: str
