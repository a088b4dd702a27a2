"""Erasure as the law asks for it (SPEC PE-18): the person is pseudonymised, clinical and money rows stay under the id."""

from esante.identity.persons import service as persons
from esante.kernel.errors import Conflict
from esante.kernel.transaction import WriteTx
from esante.people.duplicates import service as duplicates
from esante.people.erasure import policy, store
from esante.people.erasure.structs import Erased, ErasureRequest
from esante.people.events import PatientErased
from esante.people.patients import service as patients


def erase_patient(tx: WriteTx, patient_id: str, asked: ErasureRequest) -> tuple[Erased, list[str]]:
    """Take name, addresses, numbers, contacts, insurances, photograph and login out of the record and its aliases.

    The year of birth and everything clinical stay, under the id and for the legal period; the reason is in the audit log. It
    cannot be undone, nor can the merges of these records. With the sealed files that are to be taken away. By an admin who has
    just proven who he is. Refused: an alias (erase the record that it stands for), and what is erased already.
    """
    policy.may_erase(tx)
    patient = patients.patient_brief(tx, patient_id)
    rows = store.rows_of(tx, patient.id)
    if all(row.erased_at is not None for row in rows):
        raise Conflict("This patient is erased", code="WRONG_STATE", extra={"state": "erased", "possible": []})
    for row in rows:
        store.empty(tx, row)
        store.forget_versions(tx, row.id)
        store.forget_merges(tx, row.id)
        patients.forget_words(tx, row.number)
        duplicates.forget_keys(tx, row.number)
        persons.forget_person(tx, row.id)
        tx.record(PatientErased(subject=row.id, patient_id=row.id), reason=asked.reason)
    return Erased(id=patient.id, erased_at=tx.now, records=len(rows)), [row.photo_id for row in rows if row.photo_id]
