"""How much of a profile is filled (SPEC PE-14)."""

from esante.kernel.structs import Kept
from esante.people.structs import Patient, Practitioner

PATIENT = {
    "birth_date": "birthDate", "gender": "gender", "email": "email", "mobile_number": "mobileNumber", "address": "address",
    "nationality": "nationality", "language": "language", "blood_type": "bloodType", "contacts": "contacts",
    "insurances": "insurances", "has_photo": "photo",
}  # fmt: skip
PRACTITIONER = {
    "title": "title", "licence_number": "licenceNumber", "licence_authority": "licenceAuthority",
    "experience_years": "experienceYears", "education": "education", "languages": "languages", "about": "about",
    "city": "city", "fee_minor": "feeMinor", "mobile_number": "mobileNumber", "has_photo": "photo",
}  # fmt: skip


class Completion(Kept):
    """Percent of the fields that count, and those that are empty, in the API's spelling. Both names count as given."""

    percent: int
    missing: list[str]


def completion(profile: Patient | Practitioner) -> Completion:
    """A fee of nothing is a fee; an empty list is nothing."""
    fields = PATIENT if isinstance(profile, Patient) else PRACTITIONER
    missing = [shown for name, shown in fields.items() if getattr(profile, name) in (None, "", [], False)]
    whole = len(fields) + 2
    return Completion(percent=round(100 * (whole - len(missing)) / whole), missing=missing)
