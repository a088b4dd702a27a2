"""From what a resource says to who and what that is here."""

from collections.abc import Iterable

import msgspec

from esante.interop.fhir import names, store
from esante.interop.fhir.clinical import Links
from esante.interop.fhir.reading import Entry
from esante.interop.fhir.store import ImportRow
from esante.interop.fhir.values import Refused, Resource, concept_text, item, items, text
from esante.kernel.transaction import ReadTx
from esante.people.structs import PatientId, PractitionerId
from esante.records.consultations.structs import ConsultationId

SUBJECTS = ("subject", "patient")
PERFORMERS = ("Practitioner", "PractitionerRole")


class AnotherSubject(Exception):
    """It is about no patient of ours: a group, a device, somebody contained in the resource itself."""


def resolve(tx: ReadTx, entry: Entry, reference: object, kinds: Iterable[str]) -> ImportRow | None:
    """What a reference points at, among what came in; None when it is not there. Refuses a name that several share."""
    for name in names.meant_by(reference, kinds, entry.base, entry.in_bundle):
        found = store.by_key(tx, name)
        if found is not None:
            return found
        named = store.by_alias(tx, name)
        if len(named) > 1:
            raise Refused(f"{name} may be several that came in: it is not clear which one is meant")
        if named:
            return named[0]
    return None


def subject(tx: ReadTx, entry: Entry) -> PatientId | None:
    """The patient whom a resource is about; None when it names nobody. Refuses a subject that points nowhere."""
    reference = next((entry.resource[name] for name in SUBJECTS if entry.resource.get(name)), None)
    if reference is None:
        return None
    where = text(item(reference).get("reference"))
    if where is not None and where.startswith("#"):
        raise AnotherSubject
    if names.type_meant(reference) not in (None, "Patient"):
        raise AnotherSubject
    meant = names.meant_by(reference, ("Patient",), entry.base, entry.in_bundle)
    if not meant:
        return None
    row = resolve(tx, entry, reference, ("Patient",))
    if row is None:
        raise Refused(f"Its subject points nowhere: {meant[0]} did not come in, or was refused")
    if row.target_kind != "patient":
        raise AnotherSubject
    return PatientId(row.target_id)


def links(tx: ReadTx, entry: Entry, patient_id: PatientId) -> Links:
    """Everything else that it points at; what is not here stays open."""
    resource = entry.resource
    return Links(
        patient_id=patient_id,
        practitioner_id=_practitioner(tx, entry),
        workplace_id=_workplace(tx, entry),
        consultation_id=consultation(tx, entry, patient_id) if resource["resourceType"] != "Encounter" else None,
    )


def consultation(tx: ReadTx, entry: Entry, patient_id: PatientId) -> ConsultationId | None:
    """The visit it belongs to, unless that is another patient's."""
    row = _quietly(tx, entry, entry.resource.get("encounter"), ("Encounter",))
    if row is None or row.target_kind != "consultation" or row.patient_id != patient_id:
        return None
    return ConsultationId(row.target_id)


def medication(tx: ReadTx, entry: Entry) -> Resource:
    """The CodeableConcept that names the drug: in the request, in a Medication that it points at, or its display."""
    resource = entry.resource
    if concept_text(resource.get("medicationCodeableConcept")):
        return item(resource["medicationCodeableConcept"])
    reference = item(resource.get("medicationReference"))
    where = text(reference.get("reference"))
    if where and where.startswith("#"):
        inside = [each for each in items(resource.get("contained")) if each.get("id") == where[1:]]
        return item(item(inside).get("code")) or {"text": reference.get("display")}
    row = _quietly(tx, entry, reference, ("Medication",))
    kept = _kept_raw(tx, row)
    found = item(kept.get("code"))
    return found if concept_text(found) else {"text": reference.get("display")}


def _practitioner(tx: ReadTx, entry: Entry) -> PractitionerId | None:
    resource = entry.resource
    wanted = [each.get("individual") for each in items(resource.get("participant"))]
    for reference in (*wanted, resource.get("requester")):
        row = _quietly(tx, entry, reference, PERFORMERS)
        if row is not None and row.resource_type == "PractitionerRole":
            row = _quietly(tx, entry, _kept_raw(tx, row).get("practitioner"), ("Practitioner",))
        if row is not None and row.target_kind == "practitioner":
            return PractitionerId(row.target_id)
    return None


def _workplace(tx: ReadTx, entry: Entry) -> str | None:
    places = [each.get("location") for each in items(entry.resource.get("location"))]
    for reference, kind in (
        *((place, "Location") for place in places),
        (entry.resource.get("serviceProvider"), "Organization"),
    ):
        row = _quietly(tx, entry, reference, (kind,))
        if row is not None and row.target_kind == "workplace":
            return row.target_id
    return None


def _quietly(tx: ReadTx, entry: Entry, reference: object, kinds: Iterable[str]) -> ImportRow | None:
    """As `resolve`, but an unclear name is nobody: only the subject decides whether a resource may come in."""
    try:
        return resolve(tx, entry, reference, kinds) if reference else None
    except Refused:
        return None


def _kept_raw(tx: ReadTx, row: ImportRow | None) -> Resource:
    raw = store.raw_resource(tx, row.key) if row is not None and row.target_kind == "raw" else None
    return item(msgspec.json.decode(raw)) if raw else {}
