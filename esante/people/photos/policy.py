"""Who may put a photograph in place: whoever may change the patient; a doctor his own; an admin a doctor's."""

from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx
from esante.people.patients import policy as patients


def may_change_photo(tx: ReadTx) -> None:
    """Whoever may change patients; which, the patients' policy says."""
    patients.may_edit_patients(tx)


def may_see_photos(tx: ReadTx) -> None:
    """Whoever may see patients at all; whom, the patients' policy says."""
    if tx.actor.role not in ("patient", "doctor", "assistant", "admin") and not tx.actor.is_house:
        raise Forbidden("You may not see patients")


def may_change_own_photo(tx: ReadTx) -> str:
    """Patients and doctors, their own; the person's id."""
    if tx.actor.role not in ("patient", "doctor") or not tx.actor.person_id:
        raise Forbidden("Only patients and doctors have a photograph here")
    return tx.actor.person_id


def sees_unpublished(tx: ReadTx, practitioner_id: str) -> bool:
    """The doctor himself, and admins, also while the doctor is not approved."""
    return tx.actor.role == "admin" or (tx.actor.role == "doctor" and tx.actor.person_id == practitioner_id)
