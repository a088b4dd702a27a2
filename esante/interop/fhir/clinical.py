"""Encounter, MedicationRequest, AllergyIntolerance, Condition and Immunization as the rooms take them.

References are resolved before: each function gets the ids of what its resource points at.
"""

from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from esante.interop.fhir.values import (
    Precision,
    Resource,
    code_or_text,
    concept_code,
    concept_text,
    full_date,
    instant,
    item,
    items,
    notes,
    number,
    onset,
    partial_date,
    text,
)
from esante.kernel.structs import new_id
from esante.people.structs import PatientId, PractitionerId
from esante.records.chart.structs import ImportedAllergy, ImportedCondition, ImportedImmunization
from esante.records.consultations.structs import (
    ConsultationId,
    ConsultationType,
    ImportedConsultation,
    Vitals,
)
from esante.records.prescriptions.structs import ImportedPrescription, Line, LineId

DID_NOT_HAPPEN = ("planned", "cancelled")
"""Encounters that are no visit: kept raw."""
NOT_A_DIAGNOSIS = ("refuted", "entered-in-error")
CLASSES: dict[str, ConsultationType] = {"EMER": "emergency", "VR": "remote", "FLD": "emergency"}

PrescriptionStatus = Literal["active", "completed", "cancelled"]


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What a resource points at, as far as it is here."""

    patient_id: PatientId
    practitioner_id: PractitionerId | None = None
    workplace_id: str | None = None
    consultation_id: ConsultationId | None = None


def encounter(
    resource: Resource,
    links: Links,
    conditions: list[ImportedCondition],
    vitals: Vitals | None,
    fallback: tuple[datetime, Precision],
    zone: ZoneInfo,
) -> ImportedConsultation:
    """A completed visit at its own date; its conditions are the diagnosis. Without a period it is dated by `fallback`."""
    period = item(resource.get("period"))
    started = instant(period.get("start"), zone) or instant(period.get("end"), zone) or fallback
    ended = instant(period.get("end"), zone)
    diagnoses = [each for each in conditions if each.verification not in NOT_A_DIAGNOSIS]
    reasons = [found for each in items(resource.get("reasonCode")) if (found := concept_text(each))]
    kind = concept_text(resource.get("type"))
    return ImportedConsultation(
        patient_id=links.patient_id,
        practitioner_id=links.practitioner_id,
        workplace_id=links.workplace_id,
        type=_visit_type(resource, kind),
        status="entered_in_error" if resource.get("status") == "entered-in-error" else "completed",
        started_at=started[0],
        started_precision=started[1],
        ended_at=ended[0] if ended else None,
        chief_complaint="; ".join(dict.fromkeys(reasons)) or kind,
        vitals=vitals,
        diagnosis="; ".join(dict.fromkeys(each.name for each in diagnoses)) or None,
        diagnosis_code=diagnoses[0].code if len(diagnoses) == 1 else None,
        notes=kind if reasons else None,
    )


def _visit_type(resource: Resource, kind: str | None) -> ConsultationType:
    code = text(item(resource.get("class")).get("code"))
    if code in CLASSES:
        return CLASSES[code]
    return "follow_up" if kind and "follow-up" in kind.lower() else "in_person"


def condition(resource: Resource, links: Links) -> ImportedCondition | None:
    """A condition; None when it does not say which."""
    name = concept_text(resource.get("code"))
    if name is None:
        return None
    code, system = concept_code(resource.get("code"))
    return ImportedCondition(
        patient_id=links.patient_id,
        consultation_id=links.consultation_id,
        name=name,
        code=code,
        code_system=system,
        category=code_or_text(resource.get("category")),
        severity=concept_text(resource.get("severity")),
        clinical_status=code_or_text(resource.get("clinicalStatus")),
        verification=code_or_text(resource.get("verificationStatus")),
        onset=onset(resource, "onset"),
        abated=onset(resource, "abatement"),
        recorded=partial_date(resource.get("recordedDate")),
        note=notes(resource.get("note")),
    )


def allergy(resource: Resource, links: Links) -> ImportedAllergy | None:
    """An allergy or intolerance; None when it does not say to what."""
    reactions = items(resource.get("reaction"))
    concept = next((each for each in (resource.get("code"), *(r.get("substance") for r in reactions)) if each), None)
    substance = concept_text(concept)
    if substance is None:
        return None
    code, system = concept_code(concept)
    category = resource.get("category")
    shown = [found for r in reactions for each in items(r.get("manifestation")) if (found := concept_text(each))]
    return ImportedAllergy(
        patient_id=links.patient_id,
        consultation_id=links.consultation_id,
        substance=substance,
        code=code,
        code_system=system,
        category=text(category[0]) if isinstance(category, list) and category else None,
        criticality=text(resource.get("criticality")),
        reactions=list(dict.fromkeys(shown)),
        severity=_worst(reactions),
        clinical_status=code_or_text(resource.get("clinicalStatus")),
        verification=code_or_text(resource.get("verificationStatus")),
        onset=onset(resource, "onset"),
        recorded=partial_date(resource.get("recordedDate")),
        note=notes(resource.get("note")),
    )


def _worst(reactions: list[Resource]) -> str | None:
    said = [each.get("severity") for each in reactions]
    return next((severity for severity in ("severe", "moderate", "mild") if severity in said), None)


def immunization(resource: Resource, links: Links) -> ImportedImmunization | None:
    """A vaccination; None when it does not say with what."""
    vaccine = concept_text(resource.get("vaccineCode"))
    if vaccine is None:
        return None
    code, system = concept_code(resource.get("vaccineCode"))
    dose = item(resource.get("doseQuantity"))
    return ImportedImmunization(
        patient_id=links.patient_id,
        consultation_id=links.consultation_id,
        vaccine=vaccine,
        code=code,
        code_system=system,
        status=text(resource.get("status")) or "unknown",
        occurred=partial_date(resource.get("occurrenceDateTime")) or text(resource.get("occurrenceString")),
        lot_number=text(resource.get("lotNumber")),
        dose=_quantity(dose),
        site=concept_text(resource.get("site")),
        route=concept_text(resource.get("route")),
        note=concept_text(resource.get("statusReason")) or notes(resource.get("note")),
    )


def medication_request(
    resource: Resource,
    links: Links,
    medication: Resource,
    fallback: tuple[datetime, Precision],
    zone: ZoneInfo,
) -> ImportedPrescription | None:
    """A prescription of one line; `medication` is the CodeableConcept that names the drug. None when nothing names it."""
    name = concept_text(medication)
    if name is None:
        return None
    issued = instant(resource.get("authoredOn"), zone) or fallback
    status, reason = _status(resource)
    dispense = item(resource.get("dispenseRequest"))
    return ImportedPrescription(
        patient_id=links.patient_id,
        practitioner_id=links.practitioner_id,
        consultation_id=links.consultation_id,
        status=status,
        status_reason=reason,
        issued_at=issued[0],
        issued_precision=issued[1],
        ends_on=full_date(item(dispense.get("validityPeriod")).get("end")),
        lines=[_line(resource, name, medication, dispense)],
        general_note=notes(resource.get("note")),
    )


def _status(resource: Resource) -> tuple[PrescriptionStatus, str | None]:
    """`active` and `completed` as they are; everything else does not run, and says what it was."""
    status = text(resource.get("status")) or "unknown"
    if status == "active":
        return "active", None
    if status == "completed":
        return "completed", None
    return "cancelled", concept_text(resource.get("statusReason")) or status


def _line(resource: Resource, name: str, medication: Resource, dispense: Resource) -> Line:
    instructions = items(resource.get("dosageInstruction"))
    first = item(instructions)
    code, system = concept_code(medication)
    rate = item(first.get("doseAndRate"))
    refills = number(dispense.get("numberOfRepeatsAllowed"))
    return Line(
        id=LineId(new_id()),
        name=name,
        dosage=_quantity(item(rate.get("doseQuantity"))) or _range(item(rate.get("doseRange"))),
        frequency=_frequency(item(first.get("timing"))),
        duration=_quantity(item(dispense.get("expectedSupplyDuration"))),
        route=concept_text(first.get("route")),
        quantity=number(item(dispense.get("quantity")).get("value")),
        refills=int(refills) if refills else 0,
        as_needed=first.get("asNeededBoolean") is True or bool(first.get("asNeededCodeableConcept")),
        instructions="\n".join(found for each in instructions if (found := _said(each))) or None,
        code=code,
        code_system=system,
    )


def _said(instruction: Resource) -> str | None:
    return text(instruction.get("text")) or text(instruction.get("patientInstruction"))


def _frequency(timing: Resource) -> str | None:
    repeat = item(timing.get("repeat"))
    times, every, unit = number(repeat.get("frequency")), number(repeat.get("period")), text(repeat.get("periodUnit"))
    if times and every and unit:
        return f"{times:g} / {every:g} {unit}"
    return concept_text(timing.get("code"))


def _quantity(quantity: Resource) -> str | None:
    value = number(quantity.get("value"))
    unit: Any = text(quantity.get("unit")) or text(quantity.get("code")) or ""
    return None if value is None else f"{value:g} {unit}".strip()


def _range(span: Resource) -> str | None:
    low, high = _quantity(item(span.get("low"))), _quantity(item(span.get("high")))
    return f"{low} - {high}" if low and high else low or high
