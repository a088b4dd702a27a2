"""Guardians and dependants, consents, contacts and insurances (SPEC PE-05, PE-06, PE-08, PE-19)."""

from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from esante.kernel import clock
from esante.kernel.errors import Conflict, Invalid, NotFound
from esante.kernel.structs import Page, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people.events import ConsentGiven, ConsentRevoked, ConsentsListed, PatientAccessed, PatientsListed
from esante.people.family import policy, store
from esante.people.family.structs import (
    Consent,
    ConsentId,
    ContactItem,
    Dependant,
    InsuranceItem,
    NewConsent,
    NewContact,
    NewDependant,
    NewInsurance,
)
from esante.people.patients import policy as patients_policy
from esante.people.patients import service as patients
from esante.people.practitioners import service as practitioners
from esante.people.structs import (
    EmergencyContact,
    Insurance,
    NewPatient,
    Patient,
    PatientPatch,
)

MOST_DEPENDANTS = 20

# -------------------------------------------------------------------------------- dependants


def add_dependant(tx: WriteTx, guardian_id: str, asked: NewDependant) -> Patient:
    """Make a record for whom this patient acts: by the guardian himself for somebody under 18, or by the desk.

    Refused: a guardian who is no adult or has a guardian, somebody of age (who registers himself, or at the desk), and more
    than twenty.
    """
    guardian = patients.visible_patient(tx, guardian_id, "patient.write")
    before = patients_policy.of_age_before(tx.now, tx.settings.time_zone)
    is_approved = practitioners.is_approved_doctor(tx)
    policy.may_add_dependants(tx, guardian, before, is_approved_doctor=is_approved)
    by_guardian = tx.actor.role == "patient"
    if by_guardian and asked.birth_date <= before:
        raise Invalid("Somebody of age registers themselves, or at the desk", code="OF_AGE", field="birthDate")
    if len(store.dependants(tx, guardian.id, before)) >= MOST_DEPENDANTS:
        raise Conflict("One guardian has {most} dependants at most", code="TOO_MANY_DEPENDANTS", most=MOST_DEPENDANTS)
    new = NewPatient(guardian_id=guardian.id, **msgspec.structs.asdict(asked))
    if not by_guardian:
        return patients.register_patient(tx, new)
    made = patients.add_patient(tx, new, source="self")
    return patients.whole_patient(tx, made)


def list_dependants(tx: LookTx, guardian_id: str) -> Page[Dependant]:
    """Whose guardian this patient is, and for whom he still acts. One audit line."""
    policy.may_see_family(tx)
    guardian = patients.visible_patient(tx, guardian_id)
    found = store.dependants(tx, guardian.id, patients_policy.of_age_before(tx.now, tx.settings.time_zone))
    tx.record(PatientsListed(subject=guardian.id, filter="dependants", count=len(found)))
    return Page(items=found)


# ---------------------------------------------------------------------------------- consents


def list_consents(tx: LookTx, patient_id: str) -> Page[Consent]:
    """What the patient agreed to, the newest first, revoked or not; for whoever sees the patient. One audit line."""
    policy.may_see_family(tx)
    patient = patients.visible_patient(tx, patient_id)
    found = store.consents(tx, patient.id)
    tx.record(ConsentsListed(subject=patient.id, patient_id=patient.id, count=len(found)))
    return Page(items=found)


def give_consent(tx: WriteTx, patient_id: str, asked: NewConsent) -> Consent:
    """Write down that the patient agreed to this version of a text: who recorded it, and when it was given.

    By the patient, whoever acts for him, or staff who may change him. That the guardian acts on after 18 (`guardianship`)
    only the patient himself may say, or the desk; the guardian that it names must be his. Not from the future.
    """
    policy.may_change_family(tx)
    patient = patients.visible_patient(tx, patient_id, "patient.write")
    if asked.kind == "guardianship":
        policy.may_keep_guardian(tx, patient)
        if asked.guardian_id is None or asked.guardian_id != patient.guardian_id:
            raise Invalid("This must be the patient's guardian", field="guardianId")
    elif asked.guardian_id is not None:
        raise Invalid("Only a consent to guardianship names a guardian", field="guardianId")
    given_on = asked.given_on or _today(tx)
    if given_on > _today(tx):
        raise Invalid("This day is in the future", field="givenOn")
    row = Consent(
        id=ConsentId(new_id()),
        patient_id=patient.id,
        **msgspec.structs.asdict(msgspec.structs.replace(asked, given_on=given_on)),
        recorded_at=tx.now,
        recorded_by=tx.actor.id,
        recorded_role=tx.actor.role,
        revoked_at=None,
        revoked_by=None,
    )
    store.insert_consent(tx, row)
    tx.record(ConsentGiven(subject=row.id, patient_id=patient.id, kind=row.kind, text_version=row.text_version))
    return row


def revoke_consent(tx: WriteTx, patient_id: str, consent_id: ConsentId) -> Consent:
    """The patient no longer agrees, from now on; what was given stays on record. Revoked already is `WRONG_STATE`."""
    policy.may_change_family(tx)
    patient = patients.visible_patient(tx, patient_id, "patient.write")
    found = _consent(tx, patient.id, consent_id)
    if not store.revoke(tx, found.id):
        raise Conflict("This consent is revoked", code="WRONG_STATE", extra={"state": "revoked", "possible": []})
    tx.record(ConsentRevoked(subject=found.id, patient_id=patient.id, kind=found.kind))
    return _consent(tx, patient.id, consent_id)


def consents_of(tx: ReadTx, patient_id: str) -> list[Consent]:
    """For other rooms. What the patient agreed to; the caller has asked who may know."""
    return store.consents(tx, patient_id)


def has_consented(tx: ReadTx, patient_id: str, kind: str) -> bool:
    """For other rooms. Is there a consent of this kind that is not revoked?"""
    return any(one.kind == kind and one.revoked_at is None for one in store.consents(tx, patient_id))


# --------------------------------------------------------------------- contacts and insurances


def list_contacts(tx: LookTx, patient_id: str) -> Page[ContactItem]:
    """Whom to call, the primary one first."""
    policy.may_see_family(tx)
    return Page(items=_contacts_shown(_looked(tx, patient_id)))


def add_contact(tx: WriteTx, patient_id: str, asked: NewContact) -> Page[ContactItem]:
    """One more to call, after those that are there; ten at most."""
    policy.may_change_family(tx)
    before = _whole(tx, patient_id)
    contacts = [*before.contacts, msgspec.convert(asked, EmergencyContact, from_attributes=True)]
    _must_be_few(contacts)
    return Page(
        items=_contacts_shown(patients.change_patient(tx, before.id, PatientPatch(contacts=contacts), before.version))
    )


def replace_contacts(tx: WriteTx, patient_id: str, asked: list[NewContact], version: int) -> Patient:
    """All of them at once, in this order: the first is the primary one. `Stale` when the patient was changed since `version`."""
    policy.may_change_family(tx)
    _must_be_few(asked)
    contacts = [msgspec.convert(one, EmergencyContact, from_attributes=True) for one in asked]
    return patients.change_patient(tx, patient_id, PatientPatch(contacts=contacts), version)


def list_insurances(tx: LookTx, patient_id: str) -> Page[InsuranceItem]:
    """The policies, those that have run out flagged."""
    policy.may_see_family(tx)
    return Page(items=_insurances_shown(_looked(tx, patient_id), _today(tx)))


def add_insurance(tx: WriteTx, patient_id: str, asked: NewInsurance) -> Page[InsuranceItem]:
    """One more policy; ten at most."""
    policy.may_change_family(tx)
    before = _whole(tx, patient_id)
    policies = [*before.insurances, msgspec.convert(asked, Insurance, from_attributes=True)]
    _must_be_few(policies)
    after = patients.change_patient(tx, before.id, PatientPatch(insurances=policies), before.version)
    return Page(items=_insurances_shown(after, _today(tx)))


def replace_insurances(tx: WriteTx, patient_id: str, asked: list[NewInsurance], version: int) -> Patient:
    """All policies at once. `Stale` when the patient was changed since `version`."""
    policy.may_change_family(tx)
    _must_be_few(asked)
    policies = [msgspec.convert(one, Insurance, from_attributes=True) for one in asked]
    return patients.change_patient(tx, patient_id, PatientPatch(insurances=policies), version)


def _contacts_shown(patient: Patient) -> list[ContactItem]:
    """With the mark of the primary one."""
    return [
        ContactItem(name=one.name, relationship=one.relationship, phone=one.phone, is_primary=at == 0)
        for at, one in enumerate(patient.contacts)
    ]


def _insurances_shown(patient: Patient, today: date) -> list[InsuranceItem]:
    """With the mark of those that have run out."""
    return [
        InsuranceItem(
            provider=one.provider,
            policy_number=one.policy_number,
            valid_to=one.valid_to,
            is_expired=one.valid_to is not None and one.valid_to < today,
        )
        for one in patient.insurances
    ]


# ------------------------------------------------------------------------------------ private


def _looked(tx: LookTx, patient_id: str) -> Patient:
    found = _whole(tx, patient_id)
    tx.record(PatientAccessed(subject=found.id, patient_id=found.id))
    return found


def _whole(tx: ReadTx, patient_id: str) -> Patient:
    return patients.whole_patient(tx, patients.visible_patient(tx, patient_id).id)


def _consent(tx: ReadTx, patient_id: str, consent_id: ConsentId) -> Consent:
    found = store.consent(tx, patient_id, consent_id)
    if found is None:
        raise NotFound("There is no such consent")
    return found


def _must_be_few(items: list[NewContact] | list[NewInsurance] | list[EmergencyContact] | list[Insurance]) -> None:
    if len(items) > 10:
        raise Invalid("Ten at most")


def _today(tx: ReadTx) -> date:
    return clock.local_date(tx.now, ZoneInfo(tx.settings.time_zone))
