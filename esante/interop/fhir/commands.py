"""What is done with one resource, in one transaction: imported, kept raw, already there, or refused."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from esante.interop.fhir import clinical, names, people, references, store, vitals
from esante.interop.fhir.clinical import Links
from esante.interop.fhir.events import FhirImported, ResourceKeptRaw
from esante.interop.fhir.reading import Entry
from esante.interop.fhir.references import AnotherSubject
from esante.interop.fhir.report import ImportReport, Outcome
from esante.interop.fhir.store import ImportRow
from esante.interop.fhir.values import AnotherPerson, Precision, Refused, full_date, instant
from esante.kernel.errors import Forbidden
from esante.kernel.structs import new_id
from esante.kernel.transaction import WriteTx
from esante.people import service as people_service
from esante.people.structs import PatientId
from esante.records.chart import service as chart
from esante.records.consultations import service as consultations
from esante.records.prescriptions import service as prescriptions
from esante.workplaces import service as workplaces

ALIASED = frozenset(
    {"Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "Encounter", "Medication"}
)
"""What others point at."""
VISIT = frozenset({"Condition", "Observation"})
"""What may be folded into the encounter that it belongs to."""


def import_one(tx: WriteTx, entry: Entry) -> Outcome:
    """Bring one resource in. Refuses (`Refused`) with the reason; then nothing of it is there."""
    _house_only(tx)
    known = store.by_key(tx, entry.key)
    if known is not None:
        return _known(tx, entry, known)
    make = MAKERS.get(entry.type)
    made = make(tx, entry) if make else None
    if made is None:
        return _keep_raw(tx, entry)
    kind, target_id, patient_id = made
    _remember(tx, entry, kind, target_id, patient_id, original=True)
    return "imported"


def import_encounter(tx: WriteTx, entry: Entry, folded: list[Entry]) -> tuple[Outcome, list[Entry]]:
    """Bring in an encounter as a completed consultation, with its conditions and vital signs in the same transaction.

    Also says which of `folded` came in with it; the others are for `import_one`.
    """
    _house_only(tx)
    known = store.by_key(tx, entry.key)
    if known is not None:
        return _known(tx, entry, known), []
    patient_id = _clinical_subject(tx, entry)
    if patient_id is None or entry.resource.get("status") in clinical.DID_NOT_HAPPEN:
        return _keep_raw(tx, entry), []
    fresh = [each for each in folded if store.by_key(tx, each.key) is None and _is_about(tx, each, patient_id)]
    links = references.links(tx, entry, patient_id)
    conditions = [
        (each, said)
        for each in fresh
        if each.type == "Condition" and (said := clinical.condition(each.resource, links)) is not None
    ]
    found, measured_by = _measurements(fresh)
    consultation_id = consultations.import_consultation(
        tx,
        clinical.encounter(
            entry.resource,
            links,
            [condition for _, condition in conditions],
            vitals.as_vitals(found),
            _date_of(tx, fresh),
            _zone(tx),
        ),
    )
    _remember(tx, entry, "consultation", consultation_id, patient_id, original=True)
    for each, condition in conditions:
        placed = msgspec.structs.replace(condition, consultation_id=consultation_id)
        _remember(tx, each, "condition", chart.import_condition(tx, placed), patient_id, original=True)
    for each in measured_by:
        _remember(tx, each, "vitals", consultation_id, patient_id, original=True)
    return "imported", [*(each for each, _ in conditions), *measured_by]


def end_import(tx: WriteTx, report: ImportReport) -> None:
    """Say in the audit log that an import has ended, and with which counts."""
    _house_only(tx)
    tx.record(
        FhirImported(
            subject=new_id(),
            read=report.read,
            imported=report.imported,
            kept_raw=report.kept_raw,
            refused=report.refused,
            already_there=report.already_there,
        )
    )


def _house_only(tx: WriteTx) -> None:
    if not tx.actor.is_house:
        raise Forbidden("Only the clinic itself may do this")


Made = tuple[str, str, str | None]
"""The kind and id of the row that was made, and the patient it belongs to."""


def _patient(tx: WriteTx, entry: Entry) -> Made:
    id = people_service.import_patient(tx, people.patient(entry.resource))
    return "patient", id, id


def _practitioner(tx: WriteTx, entry: Entry) -> Made | None:
    found = people.practitioner(entry.resource)
    return ("practitioner", people_service.import_practitioner(tx, found), None) if found else None


def _workplace(tx: WriteTx, entry: Entry) -> Made | None:
    found = people.workplace(entry.resource)
    return ("workplace", workplaces.import_workplace(tx, found), None) if found else None


def _condition(tx: WriteTx, entry: Entry, links: Links) -> Made | None:
    found = clinical.condition(entry.resource, links)
    return ("condition", chart.import_condition(tx, found), links.patient_id) if found else None


def _allergy(tx: WriteTx, entry: Entry, links: Links) -> Made | None:
    found = clinical.allergy(entry.resource, links)
    return ("allergy", chart.import_allergy(tx, found), links.patient_id) if found else None


def _immunization(tx: WriteTx, entry: Entry, links: Links) -> Made | None:
    found = clinical.immunization(entry.resource, links)
    return ("immunization", chart.import_immunization(tx, found), links.patient_id) if found else None


def _medication_request(tx: WriteTx, entry: Entry, links: Links) -> Made | None:
    found = clinical.medication_request(
        entry.resource, links, references.medication(tx, entry), (tx.now, "unknown"), _zone(tx)
    )
    return ("prescription", prescriptions.import_prescription(tx, found), links.patient_id) if found else None


def _of_patient(
    make: Callable[[WriteTx, Entry, Links], Made | None],
) -> Callable[[WriteTx, Entry], Made | None]:
    """A maker for what belongs to a patient; about a group or nobody it has no place."""

    def made(tx: WriteTx, entry: Entry) -> Made | None:
        patient_id = _clinical_subject(tx, entry)
        return None if patient_id is None else make(tx, entry, references.links(tx, entry, patient_id))

    return made


MAKERS: dict[str, Callable[[WriteTx, Entry], Made | None]] = {
    "Patient": _patient,
    "Practitioner": _practitioner,
    "Organization": _workplace,
    "Location": _workplace,
    "Condition": _of_patient(_condition),
    "AllergyIntolerance": _of_patient(_allergy),
    "Immunization": _of_patient(_immunization),
    "MedicationRequest": _of_patient(_medication_request),
}


def _known(tx: WriteTx, entry: Entry, known: ImportRow) -> Outcome:
    """The same again is there already; another content under the same key is kept raw beside it, or refused as ever."""
    if known.digest == entry.digest:
        return "alreadyThere"
    patient_id = known.patient_id
    if entry.type == "Patient":
        _same_person(tx, entry, PatientId(known.target_id))
    else:
        patient_id = _clinical_subject(tx, entry)
    changed = msgspec.structs.replace(entry, key=f"{entry.key}#sha256:{entry.digest.hex()}")
    if store.by_key(tx, changed.key) is not None:
        return "alreadyThere"
    _keep(tx, changed, patient_id)
    return "keptRaw"


def _same_person(tx: WriteTx, entry: Entry, patient_id: PatientId) -> None:
    there, here = people_service.patient_brief(tx, patient_id), people.patient(entry.resource)
    born = full_date(entry.resource.get("birthDate"))
    if there.last_name != here.last_name and there.birth_date != born:
        raise AnotherPerson(
            f"Another patient came in as {entry.key}: name and birth date differ. Name this source when you import it"
        )


def _clinical_subject(tx: WriteTx, entry: Entry) -> PatientId | None:
    try:
        return references.subject(tx, entry)
    except AnotherSubject:
        return None


def _keep_raw(tx: WriteTx, entry: Entry) -> Outcome:
    """Beside its patient, or beside the clinic when it is about nobody here."""
    _keep(tx, entry, _clinical_subject(tx, entry))
    return "keptRaw"


def _keep(tx: WriteTx, entry: Entry, patient_id: str | None) -> None:
    raw_id = store.insert_raw(tx, entry.key, entry.type, patient_id, entry.raw)
    _remember(tx, entry, "raw", raw_id, patient_id, original=False)
    tx.record(ResourceKeptRaw(subject=raw_id, patient_id=patient_id, resource_type=entry.type))


def _remember(tx: WriteTx, entry: Entry, kind: str, target_id: str, patient_id: str | None, *, original: bool) -> None:
    row = ImportRow(
        key=entry.key,
        resource_type=entry.type,
        target_kind=kind,
        target_id=target_id,
        patient_id=patient_id,
        digest=entry.digest,
    )
    store.insert_import(tx, row, entry.raw if original else None)
    if entry.type in ALIASED and "#" not in entry.key:  # a changed version is not what others point at
        store.insert_aliases(tx, entry.key, names.aliases_of(entry.resource, entry.key, entry.full_url))


def _is_about(tx: WriteTx, entry: Entry, patient_id: PatientId) -> bool:
    """Is this folded resource about the encounter's patient? If not, it is looked at by itself."""
    try:
        return references.subject(tx, entry) == patient_id
    except (Refused, AnotherSubject):
        return False


def _measurements(fresh: list[Entry]) -> tuple[vitals.Measured, list[Entry]]:
    """The vital signs, the first of each kind, and the observations that they came from."""
    found: vitals.Measured = {}
    by = []
    for each in fresh:
        if each.type != "Observation":
            continue
        values = vitals.measured(each.resource)
        if values and vitals.combined(found, values):
            by.append(each)
    return found, by


def _date_of(tx: WriteTx, fresh: list[Entry]) -> tuple[datetime, Precision]:
    """When an encounter that has no period was: at its earliest condition or observation; else it is not known."""
    zone = _zone(tx)
    said = [
        instant(each.resource.get(name), zone)
        for each in fresh
        for name in ("effectiveDateTime", "recordedDate", "onsetDateTime")
    ]
    return min((each for each in said if each is not None), default=(tx.now, "unknown"))


def _zone(tx: WriteTx) -> ZoneInfo:
    return ZoneInfo(tx.settings.time_zone)
