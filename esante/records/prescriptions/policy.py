"""Who may read and write prescriptions (SPEC PR-01, PR-03, PR-15, section 26)."""

from typing import Any

from esante.kernel.errors import Forbidden, NotFound
from esante.kernel.transaction import ReadTx
from esante.people import service as people
from esante.people.structs import PatientId, PractitionerBrief, PractitionerId
from esante.records.consultations import service as consultations
from esante.records.consultations.structs import Consultation
from esante.records.prescriptions import store
from esante.records.prescriptions.structs import Prescription

DOCTOR_SEES = (
    "(p.practitioner_id = :person OR p.patient_id IN ("
    "SELECT r.patient_id FROM care_relation r WHERE r.practitioner_id = :person"
    " AND (r.until_at IS NULL OR r.until_at > :now)))"
)
PATIENT_SEES = "p.patient_id IN (SELECT value FROM json_each(:patients))"
ASSISTANT_SEES = (
    "EXISTS (SELECT 1 FROM json_each(:granted) g WHERE g.value ->> 1 IN ('*', p.practitioner_id)"
    " AND NOT EXISTS (SELECT 1 FROM consultation c WHERE c.id = p.consultation_id AND c.source <> 'import'"
    " AND c.workplace_id <> g.value ->> 0))"
)


def visible(tx: ReadTx) -> tuple[str, dict[str, Any]]:
    """The condition that narrows a list to what the actor may see, with its values; `Forbidden` for other roles."""
    match tx.actor.role:
        case "doctor":
            return DOCTOR_SEES, {"person": tx.actor.person_id}
        case "patient":
            return PATIENT_SEES, {"patients": list(people.acts_for(tx))}
        case "assistant" if tx.actor.has_scope("records.read"):
            return ASSISTANT_SEES, {"granted": [grant[:2] for grant in tx.actor.scopes if grant[2] == "records.read"]}
    raise Forbidden("Your role may not read prescriptions")


def may_read(tx: ReadTx, prescription: Prescription) -> None:
    """The author, who treats, the patient, and assistants with `records.read` for the author where it was written."""
    match tx.actor.role:
        case "doctor":
            allowed = is_author(tx, prescription) or _treats(tx, prescription.patient_id)
        case "patient":
            allowed = prescription.patient_id in people.acts_for(tx)
        case "assistant" if tx.actor.has_scope("records.read"):
            site = store.site_of(tx, prescription.id)
            allowed = tx.actor.has_scope("records.read", site, prescription.practitioner_id)
        case _:
            raise Forbidden("Your role may not read prescriptions")
    if not allowed:
        raise NotFound("There is no such prescription")


def may_read_chart(tx: ReadTx, patient_id: PatientId) -> None:
    """Who treats the patient or wrote there, the patient, assistants with `records.read`; 404 or 403 for others."""
    wrote = (
        tx.actor.role == "doctor"
        and tx.actor.person_id is not None
        and store.wrote_for(tx, tx.actor.person_id, patient_id)
    )
    consultations.may_read_chart(tx, patient_id, wrote=wrote)


def is_author(tx: ReadTx, prescription: Prescription) -> bool:
    return tx.actor.role == "doctor" and prescription.practitioner_id == tx.actor.person_id


def may_prescribe(tx: ReadTx) -> PractitionerBrief:
    """An approved, active doctor."""
    return people.require_prescriber(tx)


def may_prescribe_in(tx: ReadTx, prescriber: PractitionerBrief, consultation: Consultation) -> None:
    """The author of the consultation; to others it is not there, or not theirs."""
    if consultation.practitioner_id == prescriber.id:
        return
    if consultation.status == "draft" or not _treats(tx, consultation.patient_id):
        raise NotFound("There is no such consultation")
    raise Forbidden("Only the doctor who wrote the consultation may prescribe in it", code="NOT_THE_AUTHOR")


def may_prescribe_for(tx: ReadTx, patient_id: PatientId) -> None:
    """Without a consultation: a patient whom the doctor treats."""
    if not _treats(tx, patient_id):
        raise NotFound("There is no such patient")


def may_change(tx: ReadTx, prescription: Prescription) -> None:
    """The author only; who may read it is told so, everybody else that there is none."""
    if tx.actor.role != "doctor":
        raise Forbidden("Only the doctor who prescribed may change a prescription")
    may_read(tx, prescription)
    if not is_author(tx, prescription):
        raise Forbidden("Only the doctor who prescribed may change a prescription", code="NOT_THE_AUTHOR")
    people.require_prescriber(tx)


def may_end(tx: ReadTx, prescription: Prescription) -> PractitionerBrief:
    """The author, or another prescriber who treats the patient: a colleague must be able to stop a drug."""
    if tx.actor.role != "doctor":
        raise Forbidden("Only a doctor who treats the patient may do this")
    may_read(tx, prescription)
    return people.require_prescriber(tx)


def house_only(tx: ReadTx) -> None:
    if not tx.actor.is_house:
        raise Forbidden("Only the clinic itself may do this")


def _treats(tx: ReadTx, patient_id: PatientId) -> bool:
    return tx.actor.person_id is not None and people.is_treating(tx, PractitionerId(tx.actor.person_id), patient_id)
