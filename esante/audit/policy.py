"""Admins read the log; patients see who opened their own record, doctors who opened that of a patient whom they treat."""

from esante.kernel.errors import Forbidden, NotFound
from esante.kernel.transaction import ReadTx
from esante.people import service as people


def may_read_log(tx: ReadTx) -> None:
    if tx.actor.role != "admin" and not tx.actor.is_house:
        raise Forbidden("Only an admin reads the audit log")


def may_see_accesses(tx: ReadTx, patient_id: str) -> None:
    """Admins; the patient (or the guardian) for their own record, a doctor for whom he treats; for others it is not there."""
    if tx.actor.role == "doctor":
        patient = people.visible_patient(tx, patient_id)
        if not people.is_treating(tx, tx.actor.person_id or "", patient.id):
            raise NotFound("There is no such patient")
    elif tx.actor.role != "admin":
        people.own_patient(tx, patient_id)


def may_see_checkpoint(tx: ReadTx) -> None:
    """Staff, whose clients keep checkpoints as witnesses: they tell the log's length and nothing of what is in it."""
    if tx.actor.role in ("anonymous", "patient"):
        raise Forbidden("Only the clinic's staff keeps checkpoints of the audit log")
