"""A small population in FHIR R4, made here: resources, bundles and files as other systems write them."""

import json
from pathlib import Path
from typing import Any

Resource = dict[str, Any]
LOINC, SNOMED, NPI = "http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/us-npi"


def concept(text: str, code: str = "", system: str = SNOMED) -> Resource:
    return {"text": text} | ({"coding": [{"system": system, "code": code, "display": text}]} if code else {})


def patient(id: str = "p1", **more: Any) -> Resource:
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"use": "official", "family": "Moreau", "given": ["Lina", "Marie"]}],
        "gender": "female",
        "birthDate": "1980-04-02",
        "telecom": [{"system": "phone", "value": "+33 6 39 98 00 01", "use": "mobile"}],
        "address": [{"line": ["3 rue du Port"], "city": "Brest", "postalCode": "29200", "country": "FR"}],
        "deceasedDateTime": "2020-01-01",
    } | more


def practitioner(id: str = "d1", **more: Any) -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": id,
        "identifier": [{"system": NPI, "value": "4711"}],
        "name": [{"family": "Kerr", "given": ["Ada"], "prefix": ["Dr."]}],
    } | more


def organization(id: str = "o1", **more: Any) -> Resource:
    return {"resourceType": "Organization", "id": id, "name": "Harbour Clinic"} | more


def encounter(id: str = "e1", subject: str = "Patient/p1", **more: Any) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "class": {"code": "AMB"},
        "type": [concept("General examination")],
        "subject": {"reference": subject},
        "participant": [{"individual": {"reference": "Practitioner/d1"}}],
        "period": {"start": "2001-03-04T10:00:00-05:00", "end": "2001-03-04T10:30:00-05:00"},
        "serviceProvider": {"reference": "Organization/o1"},
    } | more


def condition(id: str = "c1", subject: str = "Patient/p1", visit: str | None = "Encounter/e1", **more: Any) -> Resource:
    found = {
        "resourceType": "Condition",
        "id": id,
        "code": concept("Asthma", "195967001"),
        "subject": {"reference": subject},
    }
    return found | ({"encounter": {"reference": visit}} if visit else {}) | {"onsetDateTime": "1999-05"} | more


def vital(
    id: str,
    code: str,
    value: float,
    unit: str,
    subject: str = "Patient/p1",
    visit: str | None = "Encounter/e1",
) -> Resource:
    found: Resource = {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": concept("A vital sign", code, LOINC),
        "subject": {"reference": subject},
        "valueQuantity": {"value": value, "unit": unit, "code": unit},
    }
    return found | ({"encounter": {"reference": visit}} if visit else {})


def pressure(
    id: str, systolic: float, diastolic: float, subject: str = "Patient/p1", visit: str = "Encounter/e1"
) -> Resource:
    def part(code: str, value: float) -> Resource:
        quantity = {"value": value, "code": "mm[Hg]"}
        return {"code": concept("A pressure", code, LOINC), "valueQuantity": quantity}

    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": concept("Blood pressure", "85354-9", LOINC),
        "subject": {"reference": subject},
        "encounter": {"reference": visit},
        "component": [part("8480-6", systolic), part("8462-4", diastolic)],
    }


def request(id: str = "m1", subject: str = "Patient/p1", **more: Any) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": id,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept("Salbutamol 100 µg", "372897005"),
        "subject": {"reference": subject},
        "encounter": {"reference": "Encounter/e1"},
        "authoredOn": "2001-03-04",
        "requester": {"reference": f"Practitioner?identifier={NPI}|4711"},
        "dosageInstruction": [{"text": "Two puffs when needed", "asNeededBoolean": True}],
    } | more


def allergy(id: str = "a1", subject: str = "Patient/p1") -> Resource:
    return {
        "resourceType": "AllergyIntolerance",
        "id": id,
        "code": concept("Penicillin"),
        "patient": {"reference": subject},
        "criticality": "high",
        "reaction": [{"manifestation": [concept("Hives")], "severity": "moderate"}],
    }


def immunization(id: str = "i1", subject: str = "Patient/p1") -> Resource:
    return {
        "resourceType": "Immunization",
        "id": id,
        "status": "completed",
        "vaccineCode": concept("Tetanus"),
        "patient": {"reference": subject},
        "occurrenceDateTime": "1970",
    }


def claim(id: str = "k1", subject: str = "Patient/p1") -> Resource:
    return {"resourceType": "Claim", "id": id, "status": "active", "patient": {"reference": subject}}


EVERYTHING: tuple[Resource, ...] = (
    claim(),
    immunization(),
    allergy(),
    request(),
    vital("v1", "29463-7", 70, "kg"),
    vital("v2", "8302-2", 1.75, "m"),
    vital("v3", "8310-5", 99.5, "[degF]"),
    pressure("v4", 250, 20),
    condition(),
    encounter(),
    organization(),
    practitioner(),
    patient(),
)
"""One of each, with what is pointed at behind what points at it: 12 become rows, the claim is kept raw."""


def save(folder: Path, name: str, *resources: object) -> Path:
    """One resource as .json, several as .ndjson."""
    file = folder / name
    if file.suffix == ".ndjson":
        file.write_text("".join(json.dumps(each) + "\n" for each in resources))
    else:
        file.write_text(json.dumps(resources[0]))
    return file


def bundle(*entries: Resource, kind: str = "transaction") -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def at(url: str, resource: Resource) -> Resource:
    return {"fullUrl": url, "resource": resource}
