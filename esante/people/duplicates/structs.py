"""What is asked when somebody is entered, and who may be that person already."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from esante.kernel.structs import Asked, Kept
from esante.people.structs import PatientId, PersonName

Sign = Literal[
    "sameName", "accentsOrCase", "swappedNames", "otherAlphabet", "soundsAlike", "typingSlip", "partOfName",
    "sameBirthDate", "similarBirthDate", "otherBirthDate", "samePhone", "sameEmail",
]  # fmt: skip
"""Why two records may be one person's. `otherBirthDate` speaks against it."""


class Entered(Asked):
    """Who is being entered, as far as it is typed."""

    first_name: PersonName
    last_name: PersonName
    birth_date: date | None = None
    mobile_number: Annotated[str, Meta(max_length=40)] | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None


class Known(Kept):
    """A record that is compared."""

    number: int
    id: PatientId
    first_name: str
    last_name: str
    birth_date: date | None
    mobile_e164: str | None
    email: str | None
    visible: bool = True


class Candidate(Kept):
    """Somebody who may be the same person. To a doctor who does not treat that patient, the names are not shown."""

    id: PatientId
    score: int
    """0 to 100: how likely."""
    reasons: list[Sign]
    first_name: str | None
    last_name: str | None
    birth_date: date | None
    mobile_e164: str | None


class Candidates(Kept):
    """The likeliest first; none is no warning."""

    items: list[Candidate]


class Pair(Kept):
    """Two records of this clinic that may be one person's."""

    score: int
    reasons: list[Sign]
    one: Known
    other: Known
