# ruff: noqa: RUF012 - msgspec copies defaults
"""What is asked of somebody who registers himself."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from esante.identity.structs import Email, Language, Password
from esante.kernel.structs import Asked
from esante.people.structs import Gender, LanguageTags, Money, PersonName, Phone, Short, Specialty


class Registration(Asked):
    """Self-registration of a patient or a doctor: exactly these fields; no role but these two, no status, no verification."""

    role: Literal["patient", "doctor"]
    email: Email
    password: Password
    first_name: PersonName
    last_name: PersonName
    mobile_number: Phone | None = None
    language: Language | None = None
    birth_date: date | None = None
    gender: Gender | None = None
    title: Annotated[str, Meta(max_length=20)] | None = None
    specialty: Specialty | None = None
    subspecialty: Short | None = None
    licence_number: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    licence_authority: Short | None = None
    city: Short | None = None
    languages: LanguageTags = []
    fee_minor: Money | None = None
