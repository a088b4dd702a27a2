# ruff: noqa: RUF012 - msgspec copies defaults
"""Dependants, consents, contacts and insurances: as asked and as shown."""

from datetime import date, datetime
from typing import Annotated, Literal, NewType

from msgspec import Meta

from esante.kernel.structs import Asked, Kept
from esante.people.structs import (
    Address,
    BloodType,
    Country,
    Gender,
    Insurances,
    LanguageTag,
    Medications,
    Notes,
    PatientId,
    PersonName,
    Phone,
    Short,
)

ConsentId = NewType("ConsentId", str)
ConsentKind = Literal["treatment", "data_processing", "record_sharing", "guardianship", "marketing"]


class NewDependant(Asked):
    """Somebody for whom the patient in the path acts."""

    first_name: PersonName
    last_name: PersonName
    birth_date: date
    gender: Gender | None = None
    address: Address | None = None
    nationality: Country | None = None
    language: LanguageTag | None = None
    blood_type: BloodType | None = None
    allergies: Notes = []
    chronic_diseases: Notes = []
    current_medication: Medications = []
    insurances: Insurances = []


class Dependant(Kept):
    """Somebody whose guardian this is; `actsFor` says whether the guardian still acts: until 18, then by consent."""

    id: PatientId
    first_name: str
    last_name: str
    birth_date: date | None
    acts_for: bool


class NewConsent(Asked):
    """The patient agrees to a text, in the version that was read. `guardianship` lets the guardian act on after 18."""

    kind: ConsentKind
    text_version: Annotated[str, Meta(min_length=1, max_length=50)]
    text: Annotated[str, Meta(min_length=1, max_length=20_000)]
    language: LanguageTag | None = None
    given_on: date | None = None
    """The day on which it was given; today when it is left out."""
    guardian_id: PatientId | None = None


class Consent(Kept):
    """A consent as kept: it is revoked, never changed."""

    id: ConsentId
    patient_id: PatientId
    kind: ConsentKind
    text_version: str
    text: str
    language: str | None
    given_on: date
    guardian_id: PatientId | None
    recorded_at: datetime
    recorded_by: str
    recorded_role: str
    revoked_at: datetime | None
    revoked_by: str | None


class ContactItem(Kept):
    """Whom to call; the first one is the primary one."""

    name: str
    relationship: str | None
    phone: str
    is_primary: bool


class InsuranceItem(Kept):
    """A policy, and whether it has run out."""

    provider: str
    policy_number: str
    valid_to: date | None
    is_expired: bool


class NewContact(Asked):
    """One more to call, after those that are there."""

    name: Short
    relationship: Short | None = None
    phone: Phone


class NewInsurance(Asked):
    """One more policy."""

    provider: Short
    policy_number: Short
    valid_to: date | None = None
