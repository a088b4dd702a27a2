"""Photographs (SPEC PE-13). The rows name sealed files: the file is there before its row, and goes after it."""

from esante.kernel.errors import Conflict, NotFound
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people.events import PhotoRemoved, PhotoReplaced, PhotoSeen
from esante.people.patients import service as patients
from esante.people.photos import policy, store
from esante.people.practitioners import service as practitioners


def check_may_change(tx: ReadTx, patient_id: str) -> str:
    """Before a byte is read: may this actor put a photograph there? The id of the patient; an alias is resolved."""
    policy.may_change_photo(tx)
    patient = patients.visible_patient(tx, patient_id, "patient.write")
    if patient.archived_at is not None:
        raise Conflict("This patient is archived", code="WRONG_STATE", extra={"state": "archived", "possible": []})
    return patient.id


def check_may_change_own(tx: ReadTx) -> str:
    """Before a byte is read: has this actor a photograph here? The person's id."""
    return policy.may_change_own_photo(tx)


def put_photo(tx: WriteTx, patient_id: str, photo_id: str | None) -> str | None:
    """The patient's photograph from now on (none with None); the file that it replaces, to be taken away."""
    policy.may_change_photo(tx)
    patient = patients.visible_patient(tx, patient_id, "patient.write")
    before = store.of_patient(tx, patient.id)
    store.put_of_patient(tx, patient.id, photo_id)
    event = PhotoReplaced if photo_id else PhotoRemoved
    tx.record(event(subject=patient.id, patient_id=patient.id))
    return before.photo_id if before else None


def put_own_photo(tx: WriteTx, photo_id: str | None) -> str | None:
    """The same for oneself: a patient or a doctor."""
    person_id = policy.may_change_own_photo(tx)
    if tx.actor.role == "patient":
        return put_photo(tx, person_id, photo_id)
    before = store.of_practitioner(tx, person_id)
    store.put_of_practitioner(tx, person_id, photo_id)
    tx.record((PhotoReplaced if photo_id else PhotoRemoved)(subject=person_id))
    return before.photo_id if before else None


def photo_of_patient(tx: LookTx, patient_id: str) -> str:
    """The sealed file, for whoever may see the patient; one audit line. `NotFound` when there is no photograph."""
    policy.may_see_photos(tx)
    patient = patients.visible_patient(tx, patient_id)
    found = store.of_patient(tx, patient.id)
    if found is None or found.photo_id is None:
        raise NotFound("There is no photograph")
    tx.record(PhotoSeen(subject=patient.id, patient_id=patient.id))
    return found.photo_id


def own_photo(tx: LookTx) -> str:
    """One's own photograph."""
    person_id = policy.may_change_own_photo(tx)
    return photo_of_patient(tx, person_id) if tx.actor.role == "patient" else _of_doctor(tx, person_id)


def photo_of_doctor(tx: ReadTx, practitioner_id: str) -> str:
    """The sealed file: of an approved and active doctor for anybody, of another one for the doctor and for admins."""
    if not policy.sees_unpublished(tx, practitioner_id):
        practitioners.bookable_practitioner(tx, practitioner_id)
    return _of_doctor(tx, practitioner_id)


def named_files(tx: ReadTx) -> list[str]:
    """For the house. Every file that a row here names; what no room names is swept away."""
    return store.named_files(tx)


def _of_doctor(tx: ReadTx, practitioner_id: str) -> str:
    found = store.of_practitioner(tx, practitioner_id)
    if found is None or found.photo_id is None:
        raise NotFound("There is no photograph")
    return found.photo_id
