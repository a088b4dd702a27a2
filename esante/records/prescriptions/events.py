"""What happens to prescriptions, and what is due later."""

from datetime import datetime
from typing import ClassVar, Literal

from esante.kernel.structs import Event, Severity
from esante.kernel.transaction import Task


class PrescriptionCreated(Event, tag="prescription.created"):
    """A doctor has prescribed; its content may be edited until `can_edit_until`."""

    practitioner_id: str
    consultation_id: str | None
    lines: int
    can_edit_until: datetime


class PrescriptionUpdated(Event, tag="prescription.updated"):
    """Its author changed what it says."""

    practitioner_id: str
    version: int
    fields: list[str]


class PrescriptionLocked(Event, tag="prescription.locked"):
    """Its content stays as it is from now on: by the house when the window ended, or by its author before."""

    practitioner_id: str | None
    by_hand: bool = False


class PrescriptionCompleted(Event, tag="prescription.completed"):
    """It has been taken to its end."""

    practitioner_id: str | None
    version: int


class PrescriptionCancelled(Event, tag="prescription.cancelled"):
    """It was stopped; the audit line has the reason."""

    severity: ClassVar[Severity] = "warning"

    practitioner_id: str | None
    version: int


class PrescriptionSuperseded(Event, tag="prescription.superseded"):
    """Another prescription took its place."""

    practitioner_id: str | None
    version: int
    superseded_by: str


class PrescriptionAccessed(Event, tag="prescription.accessed"):
    """Somebody looked. The subject of a list is the patient."""

    access_type: Literal["view", "list", "history", "timeline"]
    count: int = 1


class PrescriptionImported(Event, tag="prescription.imported"):
    """A prescription came from another system, locked."""

    practitioner_id: str | None


class AnnounceLock(Task, tag="prescriptions.announce_lock"):
    """Say that a prescription is locked; due when it is. The lock itself does not wait for it."""

    prescription_id: str
