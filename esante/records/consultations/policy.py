"""Who may read and write consultations (SPEC CO-08, CO-09, section 26)."""

from typing import Any

from esante.kernel.actor import EVERYBODY
from esante.kernel.errors import Forbidden, NotFound
from esante.kernel.transaction import ReadTx
from esante.people import service as people
from esante.people.structs import PatientId, PractitionerBrief, PractitionerId
from esante.records.consultations import store
from esante.records.consultations.structs import Consultation

DOCTOR_SEES = (
    "(c.practitioner_id = :person OR (c.status <> 'draft' AND c.patient_id IN ("
    "SELECT r.patient_id FROM care_relation r WHERE r.practitioner_id = :person"
    " AND (r.until_at IS NULL OR r.until_at > :now))))"
)
PATIENT_SEES = "(c.status = 'completed' AND c.patient_id IN (SELECT value FROM json_each(:patients)))"
ASSISTANT_SEES = (
    "(c.status <> 'draft' AND EXISTS (SELECT 1 FROM json_each(:granted) g WHERE (g.value ->> 1 = '*'"
    " OR c.practitioner_id = g.value ->> 1) AND (c.source = 'import' OR c.workplace_id = g.value ->> 0)))"
)

PRIVATE = ("examination", "additional_notes")
"""What a patient does not see unless the author shares it."""


def visible(tx: ReadTx) -> tuple[str, dict[str, Any]]:
    """The condition that narrows a list to what the actor may see, with its values; `Forbidden` for other roles."""
    match tx.actor.role:
        case "doctor":
            return DOCTOR_SEES, {"person": tx.actor.person_id, "now": tx.now}
        case "patient":
            return PATIENT_SEES, {"patients": list(people.acts_for(tx))}
        case "assistant" if granted := reads_records(tx):
            return ASSISTANT_SEES, {"granted": granted}
    raise Forbidden("Your role may not read consultations")


def reads_records(tx: ReadTx) -> list[tuple[str, str]]:
    """The workplaces where this assistant may read records, and whose."""
    return [(workplace, whom) for workplace, whom, scope in tx.actor.scopes if scope == "records.read"]


def may_read(tx: ReadTx, consultation: Consultation) -> None:
    """The author always; who treats, the patient and assistants with `records.read` not before completion."""
    if tx.actor.is_house or is_author(tx, consultation):
        return
    match tx.actor.role:
        case "doctor":
            allowed = consultation.status != "draft" and _treats(tx, consultation.patient_id)
        case "patient":
            allowed = consultation.status == "completed" and consultation.patient_id in people.acts_for(tx)
        case "assistant" if tx.actor.has_scope("records.read"):
            place = None if consultation.source == "import" else consultation.workplace_id
            known = tx.actor.has_scope("records.read", place, consultation.practitioner_id)
            allowed = consultation.status != "draft" and known
        case _:
            raise Forbidden("Your role may not read consultations")
    if not allowed:
        raise NotFound("There is no such consultation")


def may_read_chart(tx: ReadTx, patient_id: PatientId, *, wrote: bool = False) -> None:
    """May the actor see clinical lists of this patient? A doctor must treat (or have written there); 404 otherwise."""
    match tx.actor.role:
        case "system":
            return
        case "doctor":
            if not (wrote or _wrote(tx, patient_id) or _treats(tx, patient_id)):
                raise NotFound("There is no such patient")
            people.patient_brief(tx, patient_id)
        case "patient":
            people.own_patient(tx, patient_id)
        case "assistant" if tx.actor.has_scope("records.read"):
            may_read_assisted(tx, patient_id)
            people.patient_brief(tx, patient_id)
        case _:
            raise Forbidden("Your role may not read this patient's chart")


def may_read_assisted(tx: ReadTx, patient_id: PatientId) -> None:
    """An assistant with `records.read` reads the charts of the patients of those for whom she works."""
    doctors = tx.actor.serves("records.read")
    if EVERYBODY not in doctors and not any(people.is_treating(tx, PractitionerId(one), patient_id) for one in doctors):
        raise NotFound("There is no such patient")


def is_author(tx: ReadTx, consultation: Consultation) -> bool:
    return tx.actor.role == "doctor" and consultation.practitioner_id == tx.actor.person_id


def may_write(tx: ReadTx) -> PractitionerBrief:
    """An approved, active doctor."""
    return people.require_prescriber(tx)


def may_change(tx: ReadTx, consultation: Consultation) -> None:
    """The author only; who may read it is told so, everybody else that there is none."""
    if tx.actor.role != "doctor":
        raise Forbidden("Only the doctor who wrote a consultation may change it")
    may_read(tx, consultation)
    if not is_author(tx, consultation):
        raise Forbidden("Only the doctor who wrote a consultation may change it", code="NOT_THE_AUTHOR")
    people.require_prescriber(tx)


def may_add(tx: ReadTx, consultation: Consultation) -> PractitionerBrief:
    """The author; for one that was imported, whoever treats the patient."""
    if consultation.source == "import":
        may_read(tx, consultation)
    else:
        may_change(tx, consultation)
    return people.require_prescriber(tx)


def may_mark_error(tx: ReadTx, consultation: Consultation) -> None:
    """The author, or an admin."""
    if tx.actor.role != "admin":
        may_change(tx, consultation)


def may_count_own(tx: ReadTx) -> PractitionerId:
    """A doctor, the own consultations."""
    if tx.actor.role != "doctor" or not tx.actor.person_id:
        raise Forbidden("Only a doctor may do this")
    return PractitionerId(tx.actor.person_id)


def may_count_all(tx: ReadTx) -> None:
    """Admins."""
    if tx.actor.role != "admin":
        raise Forbidden("Only an admin sees these")


def house_only(tx: ReadTx) -> None:
    if not tx.actor.is_house:
        raise Forbidden("Only the clinic itself may do this")


def _wrote(tx: ReadTx, patient_id: PatientId) -> bool:
    return tx.actor.person_id is not None and store.wrote_for(tx, tx.actor.person_id, patient_id)


def _treats(tx: ReadTx, patient_id: PatientId) -> bool:
    return tx.actor.person_id is not None and people.is_treating(tx, PractitionerId(tx.actor.person_id), patient_id)
