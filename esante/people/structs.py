# ruff: noqa: RUF012, RUF036 - msgspec copies defaults; None before UNSET reads as it is sent
"""The nouns of people: patients, practitioners, and what is asked of them."""

from datetime import date, datetime
from typing import Annotated, Literal, NewType

from msgspec import UNSET, Meta, UnsetType

from esante.identity.structs import Email
from esante.kernel.structs import Asked, Kept

PatientId = NewType("PatientId", str)
PractitionerId = NewType("PractitionerId", str)

Gender = Literal["male", "female", "other"]
BloodType = Literal["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"]
Source = Literal["self", "desk", "import"]
PractitionerStatus = Literal["pending", "approved", "rejected", "suspended"]

PersonName = Annotated[str, Meta(min_length=1, max_length=50, pattern=r"\S")]
Phone = Annotated[str, Meta(min_length=3, max_length=40)]
Short = Annotated[str, Meta(min_length=1, max_length=100)]
Text = Annotated[str, Meta(max_length=5000)]
Specialty = Annotated[str, Meta(min_length=2, max_length=100)]
LanguageTag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Money = Annotated[int, Meta(ge=0, le=10**12)]
"""Minor units of the clinic's currency."""
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Reason = Annotated[str, Meta(min_length=3, max_length=500)]


class Address(Kept, forbid_unknown_fields=True):
    """Where somebody lives."""

    building: Short | None = None
    floor: Short | None = None
    street: Annotated[str, Meta(max_length=200)] | None = None
    area: Short | None = None
    city: Short | None = None
    state: Short | None = None
    zip: Annotated[str, Meta(max_length=20)] | None = None
    country: Annotated[str, Meta(max_length=60)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class NotedItem(Kept, forbid_unknown_fields=True):
    """An allergy or a chronic disease as the patient or the desk told it."""

    text: Annotated[str, Meta(min_length=1, max_length=200)]
    severity: Literal["mild", "moderate", "severe"] | None = None


class EmergencyContact(Kept, kw_only=True, forbid_unknown_fields=True):
    """Whom to call; the first of the list is the primary one."""

    name: Short
    relationship: Short | None = None
    phone: Phone


class Insurance(Kept, forbid_unknown_fields=True):
    """A policy, and until when it is good."""

    provider: Short
    policy_number: Short
    valid_to: date | None = None


Notes = Annotated[list[NotedItem], Meta(max_length=100)]
Medications = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=100)]
Contacts = Annotated[list[EmergencyContact], Meta(max_length=10)]
Insurances = Annotated[list[Insurance], Meta(max_length=10)]
Texts = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=30)]
LanguageTags = Annotated[list[LanguageTag], Meta(max_length=20)]


# ------------------------------------------------------------------------------------ patients


class PatientBrief(Kept):
    """Enough of a patient to know which one is meant."""

    id: PatientId
    first_name: str
    last_name: str
    birth_date: date | None
    archived_at: datetime | None
    guardian_id: PatientId | None = None
    merged_into: PatientId | None = None
    insured: bool = False
    """There are policies on record, good or not."""


class Patient(Kept):
    """A patient's record as kept, and as shown to who may see it."""

    id: PatientId
    first_name: str
    last_name: str
    birth_date: date | None
    gender: Gender | None
    email: str | None
    mobile_number: str | None
    mobile_e164: str | None
    address: Address | None
    nationality: str | None
    language: str | None
    blood_type: BloodType | None
    allergies: list[NotedItem]
    chronic_diseases: list[NotedItem]
    current_medication: list[str]
    medical_history: str | None
    contacts: list[EmergencyContact]
    insurances: list[Insurance]
    guardian_id: PatientId | None
    has_photo: bool = False
    merged_into: PatientId | None = None
    asked_as: PatientId | None = None
    """The id that was asked for, when that one is an alias of this record."""
    source: Source
    version: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class PatientRow(Kept):
    """One line of the patient list: no clinical field."""

    id: PatientId
    first_name: str
    last_name: str
    birth_date: date | None
    gender: Gender | None
    email: str | None
    mobile_e164: str | None
    guardian_id: PatientId | None
    sort_name: str
    number: int


class PatientItem(Kept):
    """One line of the patient list as shown."""

    id: PatientId
    first_name: str
    last_name: str
    birth_date: date | None
    gender: Gender | None
    email: str | None
    mobile_e164: str | None
    guardian_id: PatientId | None


class NewPatient(Asked):
    """A patient registered at the desk: names at least."""

    first_name: PersonName
    last_name: PersonName
    birth_date: date | None = None
    gender: Gender | None = None
    email: Email | None = None
    mobile_number: Phone | None = None
    address: Address | None = None
    nationality: Country | None = None
    language: LanguageTag | None = None
    blood_type: BloodType | None = None
    allergies: Notes = []
    chronic_diseases: Notes = []
    current_medication: Medications = []
    medical_history: Text | None = None
    contacts: Contacts = []
    insurances: Insurances = []
    guardian_id: PatientId | None = None


class PatientPatch(Asked):
    """What is to change of a patient; a field that is not sent stays."""

    first_name: PersonName | UnsetType = UNSET
    last_name: PersonName | UnsetType = UNSET
    birth_date: date | None | UnsetType = UNSET
    gender: Gender | None | UnsetType = UNSET
    email: Email | None | UnsetType = UNSET
    mobile_number: Phone | None | UnsetType = UNSET
    address: Address | None | UnsetType = UNSET
    nationality: Country | None | UnsetType = UNSET
    language: LanguageTag | None | UnsetType = UNSET
    blood_type: BloodType | None | UnsetType = UNSET
    allergies: Notes | UnsetType = UNSET
    chronic_diseases: Notes | UnsetType = UNSET
    current_medication: Medications | UnsetType = UNSET
    medical_history: Text | None | UnsetType = UNSET
    contacts: Contacts | UnsetType = UNSET
    insurances: Insurances | UnsetType = UNSET
    guardian_id: PatientId | None | UnsetType = UNSET


class NewcomerAtDesk(NewPatient):
    """A patient registered at the desk."""

    confirmed_new: bool = False
    """It is somebody new, although somebody much alike is known."""


class PatientFilter(Asked):
    """Which patients to list: `q` finds any part of a name, of mobile digits, of the e-mail, and the birth date."""

    q: Annotated[str, Meta(max_length=100)] | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class ImportedPatient(Kept):
    """A patient from another system: as it was there, exempt from the desk's rules."""

    first_name: str
    last_name: str
    birth_date: date | None = None
    gender: Gender | None = None
    email: str | None = None
    mobile_number: str | None = None
    address: Address | None = None
    nationality: str | None = None
    language: str | None = None
    contacts: list[EmergencyContact] = []


# ------------------------------------------------------------------------------- practitioners


class PractitionerBrief(Kept):
    """Enough of a practitioner to name, book and check."""

    id: PractitionerId
    title: str | None
    first_name: str
    last_name: str
    specialty: str
    status: PractitionerStatus
    active: bool


class Practitioner(Kept):
    """A practitioner's record, for its owner and for admins."""

    id: PractitionerId
    title: str | None
    first_name: str
    last_name: str
    specialty: str
    subspecialty: str | None
    licence_number: str | None
    licence_authority: str | None
    experience_years: int | None
    education: list[str]
    languages: list[str]
    insurances: list[str]
    about: str | None
    city: str | None
    fee_minor: int | None
    latitude: float | None = None
    longitude: float | None = None
    has_photo: bool = False
    email: str | None
    mobile_number: str | None
    mobile_e164: str | None
    status: PractitionerStatus
    source: Source
    version: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    active: bool


class PublicPractitioner(Kept):
    """What anybody may know of an approved doctor: no licence, no private phone or address."""

    id: PractitionerId
    title: str | None
    first_name: str
    last_name: str
    specialty: str
    subspecialty: str | None
    experience_years: int | None
    education: list[str]
    languages: list[str]
    insurances: list[str]
    about: str | None
    city: str | None
    fee_minor: int | None
    currency: str
    has_photo: bool = False
    distance_km: float | None = None
    """As the crow flies, when one asked who is near."""


class PractitionerProfile(Asked, kw_only=True):
    """What a doctor may say of himself (PUT: all of it). A changed licence goes back to the admin."""

    title: Annotated[str, Meta(max_length=20)] | None = None
    first_name: PersonName
    last_name: PersonName
    specialty: Specialty
    subspecialty: Short | None = None
    licence_number: Annotated[str, Meta(min_length=1, max_length=60)]
    licence_authority: Short
    experience_years: Annotated[int, Meta(ge=0, le=70)] | None = None
    education: Texts = []
    languages: LanguageTags = []
    insurances: Texts = []
    about: Annotated[str, Meta(max_length=1000)] | None = None
    city: Short | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    fee_minor: Money | None = None
    mobile_number: Phone | None = None


class PractitionerPatch(Asked):
    """What is to change of a doctor's own profile; a field that is not sent stays."""

    title: Annotated[str, Meta(max_length=20)] | None | UnsetType = UNSET
    first_name: PersonName | UnsetType = UNSET
    last_name: PersonName | UnsetType = UNSET
    specialty: Specialty | UnsetType = UNSET
    subspecialty: Short | None | UnsetType = UNSET
    licence_number: Annotated[str, Meta(min_length=1, max_length=60)] | UnsetType = UNSET
    licence_authority: Short | UnsetType = UNSET
    experience_years: Annotated[int, Meta(ge=0, le=70)] | None | UnsetType = UNSET
    education: Texts | UnsetType = UNSET
    languages: LanguageTags | UnsetType = UNSET
    insurances: Texts | UnsetType = UNSET
    about: Annotated[str, Meta(max_length=1000)] | None | UnsetType = UNSET
    city: Short | None | UnsetType = UNSET
    latitude: Latitude | None | UnsetType = UNSET
    longitude: Longitude | None | UnsetType = UNSET
    fee_minor: Money | None | UnsetType = UNSET
    mobile_number: Phone | None | UnsetType = UNSET


class PractitionerFilter(Asked):
    """Which doctors the public looks for."""

    name: Annotated[str, Meta(max_length=100)] | None = None
    specialty: Annotated[str, Meta(max_length=100)] | None = None
    city: Annotated[str, Meta(max_length=100)] | None = None
    language: LanguageTag | None = None
    max_fee_minor: Money | None = None
    near: tuple[Latitude, Longitude] | None = None
    """Then the nearest come first; who has told no place is left out."""
    radius_km: Annotated[float, Meta(gt=0, le=20_000)] | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class SpecialtyCount(Kept):
    """How many bookable doctors a specialty has."""

    specialty: str
    doctors: int


class Decision(Kept):
    """What was decided about a practitioner, by whom and why."""

    id: str
    decision: Literal["submitted", "approved", "rejected", "suspended"]
    reason: str | None
    decided_by: str
    decided_at: datetime


class PendingPractitioner(Kept):
    """A practitioner who waits for the admin, with what was decided before."""

    practitioner: Practitioner
    decisions: list[Decision]


class DecisionReason(Asked):
    """Why a practitioner is rejected or suspended."""

    reason: Reason


class ImportedPractitioner(Kept):
    """A practitioner from another system: without account, to be verified."""

    first_name: str
    last_name: str
    title: str | None = None
    specialty: str = ""
    licence_number: str | None = None
    licence_authority: str | None = None
    email: str | None = None
    mobile_number: str | None = None
    city: str | None = None
