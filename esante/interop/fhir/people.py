"""Patient, Practitioner, Organization and Location as the rooms take them."""

from typing import Any

from esante.interop.fhir.values import Refused, Resource, concept_text, fitting, full_date, item, items, text, texts
from esante.people.structs import Address, EmergencyContact, ImportedPatient, ImportedPractitioner
from esante.workplaces.structs import ImportedWorkplace

PREFERRED_NAMES = ("official", "usual", None, "temp", "anonymous", "nickname", "maiden", "old")


def patient(resource: Resource) -> ImportedPatient:
    """A patient; refused without a name. A birth date that is not a whole day is not taken (the original keeps it)."""
    first, last, _ = _name(resource)
    if not first and not last:
        raise Refused("This patient has no name")
    return ImportedPatient(
        first_name=first,
        last_name=last,
        birth_date=full_date(resource.get("birthDate")),
        gender=_gender(resource.get("gender")),
        email=_telecom(resource, "email"),
        mobile_number=_telecom(resource, "phone"),
        address=_address(resource),
        language=_language(resource),
        contacts=_contacts(resource),
    )


def practitioner(resource: Resource) -> ImportedPractitioner | None:
    """A practitioner, to be verified; None when there is no name to call them by."""
    first, last, title = _name(resource)
    if not first and not last:
        return None
    qualification = item(resource.get("qualification"))
    licence = item(qualification.get("identifier"))
    return ImportedPractitioner(
        first_name=first,
        last_name=last,
        title=title,
        specialty=concept_text(qualification.get("code")) or "",
        licence_number=text(licence.get("value")),
        licence_authority=text(licence.get("system")),
        email=_telecom(resource, "email"),
        mobile_number=_telecom(resource, "phone"),
        city=text(item(resource.get("address")).get("city")),
    )


def workplace(resource: Resource) -> ImportedWorkplace | None:
    """A site; None when it has no name."""
    name = text(resource.get("name")) or next(iter(texts(resource.get("alias"))), None)
    if name is None:
        return None
    place = item(resource.get("address"))
    return ImportedWorkplace(
        name=name,
        phone=_telecom(resource, "phone"),
        email=_telecom(resource, "email"),
        website=_telecom(resource, "url"),
        street=", ".join(texts(place.get("line"))) or text(place.get("text")),
        postal_code=text(place.get("postalCode")),
        city=text(place.get("city")),
        country=text(place.get("country")),
    )


def _name(resource: Resource) -> tuple[str, str, str | None]:
    """First names, family name and title of the name that is in use; a name that is only a text is split at its last word."""
    named = [each for each in items(resource.get("name")) if _says_something(each)]
    if not named:
        return "", "", None
    best = min(named, key=_rank)
    first, last = " ".join(texts(best.get("given"))), text(best.get("family")) or ""
    if not first and not last:
        first, _, last = (text(best.get("text")) or "").rpartition(" ")
    return first, last, " ".join(texts(best.get("prefix"))) or None


def _rank(name: Resource) -> int:
    use = name.get("use")
    return PREFERRED_NAMES.index(use) if use in PREFERRED_NAMES else len(PREFERRED_NAMES)


def _says_something(name: Resource) -> bool:
    return bool(texts(name.get("given")) or text(name.get("family")) or text(name.get("text")))


def _gender(value: object) -> Any:
    return value if value in ("male", "female", "other") else None


def _telecom(resource: Resource, system: str) -> str | None:
    found = [
        each for each in items(resource.get("telecom")) if each.get("system") == system and text(each.get("value"))
    ]
    current = [each for each in found if each.get("use") != "old"] or found
    best = min(current, key=lambda each: each.get("use") != "mobile", default={})
    return text(item(best).get("value"))


def _address(resource: Resource) -> Address | None:
    place = item(resource.get("address"))
    return fitting(
        Address,
        {
            "street": ", ".join(texts(place.get("line"))) or text(place.get("text")),
            "area": text(place.get("district")),
            "city": text(place.get("city")),
            "state": text(place.get("state")),
            "zip": text(place.get("postalCode")),
            "country": text(place.get("country")),
        },
    )


def _language(resource: Resource) -> str | None:
    spoken = items(resource.get("communication"))
    best = min(spoken, key=lambda each: each.get("preferred") is not True, default={})
    for coding in items(item(item(best).get("language")).get("coding")):
        if code := text(coding.get("code")):
            return code
    return None


def _contacts(resource: Resource) -> list[EmergencyContact]:
    found = []
    for each in items(resource.get("contact")):
        first, last, _ = _name({"name": each.get("name")})
        contact = fitting(
            EmergencyContact,
            {
                "name": f"{first} {last}".strip(),
                "relationship": concept_text(each.get("relationship")),
                "phone": _telecom(each, "phone"),
            },
        )
        if contact is not None:
            found.append(contact)
    return found[:10]
