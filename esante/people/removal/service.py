"""Removing an empty record (SPEC R23, ID-18): really, and with the accounts that stand for nobody else."""

import apsw

from esante.identity import service as identity
from esante.kernel.transaction import WriteTx
from esante.people.duplicates import service as duplicates
from esante.people.events import PatientRemoved, PatientRemoving
from esante.people.patients import service as patients
from esante.people.removal import policy, store
from esante.people.removal.structs import RemovalRequest, RemovedPatient


def remove_patient(tx: WriteTx, patient_id: str, asked: RemovalRequest) -> tuple[RemovedPatient, str | None]:
    """Take away a record that holds nothing clinical, no visit and no money; the answer is the last copy of it.

    With the sealed photograph that is to be taken away. By an admin who has just proven who he is. Refused (`NOT_EMPTY`): a
    record that anything in the clinic names, that was merged, or that says what the patient suffers from or takes; such a one
    is archived, or erased by name.
    """
    policy.may_remove(tx)
    record = patients.whole_patient(tx, patient_id)
    photo, number = store.photo_of(tx, patient_id), store.number_of(tx, patient_id)
    if any(getattr(record, name) for name in patients.CLINICAL):
        raise identity.not_empty()
    tx.record(PatientRemoving(subject=patient_id, patient_id=patient_id))
    accounts = identity.leave_person(tx, patient_id, asked.reason)
    patients.forget_words(tx, number)
    duplicates.forget_keys(tx, number)
    try:
        store.remove(tx, patient_id)
    except apsw.ConstraintError:
        raise identity.not_empty() from None
    tx.record(PatientRemoved(subject=patient_id, patient_id=patient_id), reason=asked.reason)
    return RemovedPatient(record=record, accounts=accounts), photo
