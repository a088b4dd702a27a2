"""What a record says after it took over another one, and what it says when that is undone. No database here."""

from typing import Any

import msgspec

from esante.people.structs import Patient

BLANKS = (
    "birth_date", "gender", "email", "mobile_number", "address", "nationality", "language", "blood_type", "medical_history",
    "guardian_id",
)  # fmt: skip
LISTS = ("allergies", "chronic_diseases", "current_medication", "contacts", "insurances")


def taken_over(survivor: Patient, other: Patient) -> dict[str, Any]:
    """The survivor's own words, where it has any; its lists hold what either knew: no allergy is lost."""
    ours, theirs = msgspec.structs.asdict(survivor), msgspec.structs.asdict(other)
    values = {name: ours[name] if ours[name] is not None else theirs[name] for name in BLANKS}
    for name in LISTS:
        values[name] = ours[name] + [item for item in theirs[name] if item not in ours[name]]
    return ours | values


def came_back(before: Patient, after: Patient, now: Patient) -> dict[str, Any]:
    """What was taken over goes again; what somebody changed since stays as it is now."""
    old, taken, here = (msgspec.structs.asdict(one) for one in (before, after, now))
    values = {name: old[name] if here[name] == taken[name] else here[name] for name in BLANKS}
    for name in LISTS:
        values[name] = [item for item in here[name] if item in old[name] or item not in taken[name]]
    return here | values
