"""The nouns of a consultation, as kept, as asked for and as shown."""

from datetime import date, datetime
from typing import Annotated, Literal, NewType

import msgspec
from msgspec import UNSET, Meta, UnsetType

from esante.kernel.structs import AccountId, Asked, Kept
from esante.people.structs import PatientId, PractitionerId
from esante.scheduling.structs import AppointmentId

ConsultationId = NewType("ConsultationId", str)
AddendumId = NewType("AddendumId", str)

ConsultationType = Literal["in_person", "follow_up", "referral", "emergency", "remote", "procedure"]
ConsultationStatus = Literal["draft", "completed", "entered_in_error"]
Precision = Literal["instant", "day", "month", "year", "unknown"]
"""How exactly an instant that came from elsewhere is known: `1970` is kept as its first instant, precision `year`."""

Complaint = Annotated[str, Meta(min_length=1, max_length=500)]
Symptom = Annotated[str, Meta(min_length=1, max_length=200)]
Symptoms = Annotated[list[Symptom], Meta(max_length=50)]
Diagnosis = Annotated[str, Meta(max_length=1000)]
DiagnosisCode = Annotated[str, Meta(min_length=1, max_length=20)]
Prose = Annotated[str, Meta(max_length=5000)]
FollowUpNotes = Annotated[str, Meta(max_length=500)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]

Celsius = Annotated[float, Meta(ge=30, le=45)]
Systolic = Annotated[int, Meta(ge=60, le=260)]
Diastolic = Annotated[int, Meta(ge=30, le=160)]
HeartRate = Annotated[int, Meta(ge=20, le=300)]
RespiratoryRate = Annotated[int, Meta(ge=4, le=80)]
Saturation = Annotated[float, Meta(ge=50, le=100)]
Kilograms = Annotated[float, Meta(ge=0.3, le=500)]
Centimetres = Annotated[float, Meta(ge=20, le=260)]


class Vitals(Kept):
    """Measured values: °C, mmHg, per minute, %, kg, cm. Imported ones may lie outside the ranges of the desk."""

    temperature: float | None = None
    systolic: float | None = None
    diastolic: float | None = None
    heart_rate: float | None = None
    respiratory_rate: float | None = None
    oxygen_saturation: float | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    bmi: float | None = None
    """Derived from weight and height (kg/m²), never asked for."""


class VitalsAsked(Asked):
    """What was measured; systolic and diastolic come together, and systolic is the higher one."""

    temperature: Celsius | None = None
    systolic: Systolic | None = None
    diastolic: Diastolic | None = None
    heart_rate: HeartRate | None = None
    respiratory_rate: RespiratoryRate | None = None
    oxygen_saturation: Saturation | None = None
    weight_kg: Kilograms | None = None
    height_cm: Centimetres | None = None


class VitalsPatch(Asked):
    """The values to change; null takes one out, what is not named stays."""

    temperature: Celsius | UnsetType | None = UNSET
    systolic: Systolic | UnsetType | None = UNSET
    diastolic: Diastolic | UnsetType | None = UNSET
    heart_rate: HeartRate | UnsetType | None = UNSET
    respiratory_rate: RespiratoryRate | UnsetType | None = UNSET
    oxygen_saturation: Saturation | UnsetType | None = UNSET
    weight_kg: Kilograms | UnsetType | None = UNSET
    height_cm: Centimetres | UnsetType | None = UNSET


class ConsultationContent(Asked):
    """Everything that an author writes; as a full change (PUT) what is not named becomes empty."""

    type: ConsultationType = "in_person"
    chief_complaint: Complaint | None = None
    symptoms: Symptoms = msgspec.field(default_factory=list)
    vitals: VitalsAsked | None = None
    examination: Prose | None = None
    diagnosis: Diagnosis | None = None
    diagnosis_code: DiagnosisCode | None = None
    notes: Prose | None = None
    additional_notes: Prose | None = None
    """Private: nobody but the author reads it, unless it is shared with the patient."""
    follow_up_required: bool = False
    follow_up_on: date | None = None
    """A day in the future; required when a follow-up is."""
    follow_up_notes: FollowUpNotes | None = None
    shared_with_patient: bool = False
    """May the patient read examination and additional notes too?"""


class NewConsultation(ConsultationContent):
    """A consultation for an appointment that has begun."""

    appointment_id: AppointmentId


class ConsultationPatch(Asked):
    """The fields to change; what is not named stays, vitals field by field."""

    type: ConsultationType | UnsetType = UNSET
    chief_complaint: Complaint | UnsetType | None = UNSET
    symptoms: Symptoms | UnsetType = UNSET
    vitals: VitalsPatch | UnsetType | None = UNSET
    examination: Prose | UnsetType | None = UNSET
    diagnosis: Diagnosis | UnsetType | None = UNSET
    diagnosis_code: DiagnosisCode | UnsetType | None = UNSET
    notes: Prose | UnsetType | None = UNSET
    additional_notes: Prose | UnsetType | None = UNSET
    follow_up_required: bool | UnsetType = UNSET
    follow_up_on: date | UnsetType | None = UNSET
    follow_up_notes: FollowUpNotes | UnsetType | None = UNSET
    shared_with_patient: bool | UnsetType = UNSET


class Completion(Asked):
    """How a consultation is completed."""

    complete_visit: bool = False
    """Complete the appointment with it."""


class NewAddendum(Asked):
    text: Annotated[str, Meta(min_length=1, max_length=5000)]
    is_private: bool = False
    """For the staff who treat, not for the patient."""


class EnteredInError(Asked):
    reason: Reason


class Addendum(Kept):
    """What was added after completion."""

    id: AddendumId
    consultation_id: ConsultationId
    practitioner_id: PractitionerId
    text: str
    is_private: bool
    created_at: datetime


class Consultation(Kept):
    """The row as it is kept; readers get a `ConsultationView`."""

    id: ConsultationId
    appointment_id: AppointmentId | None
    patient_id: PatientId
    practitioner_id: PractitionerId | None
    workplace_id: str | None
    type: ConsultationType
    status: ConsultationStatus
    started_at: datetime
    ended_at: datetime | None = None
    started_precision: Precision = "instant"
    chief_complaint: str | None = None
    symptoms: list[str] = msgspec.field(default_factory=list)
    vitals: Vitals | None = None
    examination: str | None = None
    diagnosis: str | None = None
    diagnosis_code: str | None = None
    notes: str | None = None
    additional_notes: str | None = None
    follow_up_required: bool = False
    follow_up_on: date | None = None
    follow_up_notes: str | None = None
    shared_with_patient: bool = False
    source: Literal["desk", "import"] = "desk"
    version: int = 1
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    can_edit_until: datetime | None = None
    sealed_at: datetime | None = None
    error_at: datetime | None = None
    error_reason: str | None = None


class ConsultationView(Consultation):
    """A consultation as this reader may see it: what the reader may not see is null, and named in `hidden`."""

    is_sealed: bool
    """True from `canEditUntil` on: only addenda are added."""
    addenda: list[Addendum] = msgspec.field(default_factory=list)
    hidden: list[str] = msgspec.field(default_factory=list)


class ConsultationBrief(Kept):
    """A line of a list."""

    id: ConsultationId
    appointment_id: AppointmentId | None
    patient_id: PatientId
    practitioner_id: PractitionerId | None
    type: ConsultationType
    status: ConsultationStatus
    started_at: datetime
    started_precision: Precision
    chief_complaint: str | None
    diagnosis: str | None
    follow_up_on: date | None
    source: Literal["desk", "import"]
    version: int


class ConsultationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which consultations a list is about."""

    patient_id: PatientId | None = None
    status: ConsultationStatus | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    limit: int = 20
    cursor: str | None = None


class ConsultationState(Kept):
    """State and version, without content: what somebody who may not read it gets."""

    id: ConsultationId
    status: ConsultationStatus
    version: int
    error_at: datetime | None
    error_reason: str | None


class Snapshot(Kept):
    """One version of a consultation, kept for good."""

    consultation_id: ConsultationId
    version: int
    action: Literal["created", "updated", "completed", "entered_in_error", "imported"]
    at: datetime
    by: AccountId
    snapshot: Consultation


class ImportedConsultation(msgspec.Struct, frozen=True, kw_only=True):
    """A visit from another system: completed there, and sealed here from the start. Free of the limits of the desk."""

    patient_id: PatientId
    practitioner_id: PractitionerId | None = None
    workplace_id: str | None = None
    type: ConsultationType = "in_person"
    status: Literal["completed", "entered_in_error"] = "completed"
    started_at: datetime
    ended_at: datetime | None = None
    started_precision: Precision = "instant"
    chief_complaint: str | None = None
    symptoms: list[str] = msgspec.field(default_factory=list)
    vitals: Vitals | None = None
    diagnosis: str | None = None
    diagnosis_code: str | None = None
    notes: str | None = None
