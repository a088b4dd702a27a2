"""Who may add dependants and record consents."""

from datetime import date

from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx
from esante.people.patients import policy as patients
from esante.people.structs import PatientBrief


def may_add_dependants(tx: ReadTx, guardian: PatientBrief, of_age_before: date, *, is_approved_doctor: bool) -> None:
    """A patient of age for himself; the desk for whomever it sees."""
    if tx.actor.role != "patient":
        patients.may_create_patients(tx, is_approved_doctor=is_approved_doctor)
        return
    if guardian.id != tx.actor.person_id:
        raise Forbidden("You may add dependants only to your own record")
    if guardian.birth_date is not None and guardian.birth_date > of_age_before:
        raise Forbidden("A guardian is of age")


def may_see_family(tx: ReadTx) -> None:
    """Whoever may see patients at all; whom, the patients' own policy says."""
    if tx.actor.role not in ("patient", "doctor", "assistant", "admin") and not tx.actor.is_house:
        raise Forbidden("You may not see patients")


def may_change_family(tx: ReadTx) -> None:
    """Whoever may change patients: themselves and their guardians, doctors, assistants with patient.write, admins."""
    patients.may_edit_patients(tx)


def may_keep_guardian(tx: ReadTx, patient: PatientBrief) -> None:
    """That a guardian acts on after 18, the patient says, or the desk writes down; never the guardian."""
    if tx.actor.role == "patient" and tx.actor.person_id != patient.id:
        raise Forbidden("Only the person concerned, or the clinic's staff, may record this consent")
