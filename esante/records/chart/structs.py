"""What is known of a patient: allergies, conditions, immunizations. Dates are as well known as they are written."""

from datetime import datetime
from typing import Literal, NewType

import msgspec

from esante.kernel.structs import Kept
from esante.people.structs import PatientId
from esante.records.consultations.structs import ConsultationBrief, ConsultationId
from esante.records.prescriptions.structs import Prescription

AllergyId = NewType("AllergyId", str)
ConditionId = NewType("ConditionId", str)
ImmunizationId = NewType("ImmunizationId", str)

Source = Literal["desk", "import"]
PartialDate = str
"""`1970`, `1970-05`, `1970-05-12`, or an instant with its offset."""


class Allergy(Kept):
    """What a patient does not bear."""

    id: AllergyId
    patient_id: PatientId
    consultation_id: ConsultationId | None = None
    substance: str
    code: str | None = None
    code_system: str | None = None
    category: str | None = None
    criticality: str | None = None
    reactions: list[str] = msgspec.field(default_factory=list)
    severity: str | None = None
    clinical_status: str | None = None
    verification: str | None = None
    onset: PartialDate | None = None
    recorded: PartialDate | None = None
    note: str | None = None
    source: Source
    created_at: datetime


class Condition(Kept):
    """A disease or a problem, with its state."""

    id: ConditionId
    patient_id: PatientId
    consultation_id: ConsultationId | None = None
    name: str
    code: str | None = None
    code_system: str | None = None
    category: str | None = None
    severity: str | None = None
    clinical_status: str | None = None
    verification: str | None = None
    onset: PartialDate | None = None
    abated: PartialDate | None = None
    recorded: PartialDate | None = None
    note: str | None = None
    source: Source
    created_at: datetime


class Immunization(Kept):
    """A vaccine given, or not given and why (`status`)."""

    id: ImmunizationId
    patient_id: PatientId
    consultation_id: ConsultationId | None = None
    vaccine: str
    code: str | None = None
    code_system: str | None = None
    status: str
    occurred: PartialDate | None = None
    lot_number: str | None = None
    dose: str | None = None
    site: str | None = None
    route: str | None = None
    note: str | None = None
    source: Source
    created_at: datetime


class ImportedAllergy(msgspec.Struct, frozen=True, kw_only=True):
    patient_id: PatientId
    consultation_id: ConsultationId | None = None
    substance: str
    code: str | None = None
    code_system: str | None = None
    category: str | None = None
    criticality: str | None = None
    reactions: list[str] = msgspec.field(default_factory=list)
    severity: str | None = None
    clinical_status: str | None = None
    verification: str | None = None
    onset: PartialDate | None = None
    recorded: PartialDate | None = None
    note: str | None = None


class ImportedCondition(msgspec.Struct, frozen=True, kw_only=True):
    patient_id: PatientId
    consultation_id: ConsultationId | None = None
    name: str
    code: str | None = None
    code_system: str | None = None
    category: str | None = None
    severity: str | None = None
    clinical_status: str | None = None
    verification: str | None = None
    onset: PartialDate | None = None
    abated: PartialDate | None = None
    recorded: PartialDate | None = None
    note: str | None = None


class ImportedImmunization(msgspec.Struct, frozen=True, kw_only=True):
    patient_id: PatientId
    consultation_id: ConsultationId | None = None
    vaccine: str
    code: str | None = None
    code_system: str | None = None
    status: str
    occurred: PartialDate | None = None
    lot_number: str | None = None
    dose: str | None = None
    site: str | None = None
    route: str | None = None
    note: str | None = None


class TimelineEntry(Kept):
    """One thing in the patient's chronology; exactly one of the two is there."""

    kind: Literal["consultation", "prescription"]
    at: datetime
    consultation: ConsultationBrief | None = None
    prescription: Prescription | None = None
