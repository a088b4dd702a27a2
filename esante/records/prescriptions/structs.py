"""The nouns of a prescription, as kept, as asked for and as shown."""

from datetime import date, datetime
from typing import Annotated, Literal, NewType

import msgspec
from msgspec import UNSET, Meta, UnsetType

from esante.kernel.structs import AccountId, Asked, Kept
from esante.people.structs import PatientId, PractitionerId
from esante.records.consultations.structs import ConsultationId, Precision

PrescriptionId = NewType("PrescriptionId", str)
LineId = NewType("LineId", str)

PrescriptionStatus = Literal["active", "completed", "cancelled", "superseded"]
HistoryAction = Literal["created", "updated", "locked", "completed", "cancelled", "superseded", "imported"]

Short = Annotated[str, Meta(min_length=1, max_length=100)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Note = Annotated[str, Meta(max_length=1000)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class LineAsked(Asked):
    """One medication: name, dosage, form, frequency and duration are required (SPEC PR-02)."""

    name: Name
    dosage: Short
    form: Short
    frequency: Short
    duration: Short
    route: Short | None = None
    quantity: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    refills: Annotated[int, Meta(ge=0, le=12)] = 0
    as_needed: bool = False
    instructions: Annotated[str, Meta(max_length=500)] | None = None
    item_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    """The item of the pharmacy catalogue, if it is one."""


class Line(Kept):
    """One medication as it is kept. What another system left open is null."""

    id: LineId
    name: str
    dosage: str | None = None
    form: str | None = None
    frequency: str | None = None
    duration: str | None = None
    route: str | None = None
    quantity: float | None = None
    refills: int = 0
    as_needed: bool = False
    instructions: str | None = None
    item_id: str | None = None
    code: str | None = None
    code_system: str | None = None


Lines = Annotated[list[LineAsked], Meta(min_length=1, max_length=50)]


class PrescriptionContent(Asked):
    """The whole content; as a full change (PUT) what is not named becomes empty."""

    lines: Lines
    general_note: Note | None = None
    pharmacy: Name | None = None
    """The preferred pharmacy, as free text."""


class NewPrescription(PrescriptionContent):
    """A prescription of a consultation; without one, for a patient and with the reason why."""

    consultation_id: ConsultationId | None = None
    patient_id: PatientId | None = None
    """Needed without a consultation; with one it must be that patient, if it is given."""
    reason: Reason | None = None


class PrescriptionPatch(Asked):
    """The fields to change; `lines`, when named, replaces them all."""

    lines: Lines | UnsetType = UNSET
    general_note: Note | UnsetType | None = UNSET
    pharmacy: Name | UnsetType | None = UNSET


class Cancellation(Asked):
    reason: Reason


class Replacement(PrescriptionContent):
    """What takes the place of a prescription, and why."""

    reason: Reason | None = None


class Prescription(Kept):
    """A prescription. From `canEditUntil` on `isLocked` is true and the content stays as it is; the status still moves."""

    id: PrescriptionId
    consultation_id: ConsultationId | None
    patient_id: PatientId
    practitioner_id: PractitionerId | None
    number: int
    """Counted within the consultation; within the patient when there is none."""
    status: PrescriptionStatus
    issued_at: datetime
    issued_precision: Precision = "instant"
    ends_on: date
    """The last day of the longest line when its duration says so, else 90 days; after it the prescription counts as expired."""
    reason: str | None = None
    lines: list[Line]
    general_note: str | None = None
    pharmacy: str | None = None
    status_reason: str | None = None
    superseded_by: PrescriptionId | None = None
    source: Literal["desk", "import"] = "desk"
    version: int = 1
    created_at: datetime
    updated_at: datetime
    can_edit_until: datetime
    lock_announced_at: datetime | None = None
    is_locked: bool = False
    is_expired: bool = False


class PrescriptionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which prescriptions a list is about. `running` narrows to active ones that have not expired."""

    patient_id: PatientId | None = None
    consultation_id: ConsultationId | None = None
    status: PrescriptionStatus | None = None
    running: bool = False
    limit: int = 20
    cursor: str | None = None


class HistoryEntry(Kept):
    """What was done to a prescription, with the whole of it as it then stood."""

    id: str
    prescription_id: PrescriptionId
    version: int
    action: HistoryAction
    at: datetime
    by: AccountId
    snapshot: Prescription


class ImportedPrescription(msgspec.Struct, frozen=True, kw_only=True):
    """A prescription from another system: locked here from the start, free of the limits of the desk."""

    patient_id: PatientId
    practitioner_id: PractitionerId | None = None
    consultation_id: ConsultationId | None = None
    status: Literal["active", "completed", "cancelled"] = "active"
    status_reason: str | None = None
    issued_at: datetime
    issued_precision: Precision = "instant"
    ends_on: date | None = None
    lines: list[Line]
    general_note: str | None = None
