"""A furnished clinic: the same few people everywhere, in the demo, in the tests and in the benchmarks.

Everything goes through the rooms' own use cases, so a furnished clinic obeys every rule that a real one does.
"""

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel.actor import EVERYBODY, Actor, Scope, house
from esante.kernel.clinic import Clinic
from esante.kernel.errors import Conflict, Invalid
from esante.kernel.structs import AccountId
from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.structs import NewPatient, PatientId, PractitionerId, PractitionerProfile
from esante.scheduling import availability, types
from esante.scheduling import service as scheduling
from esante.scheduling.structs import AppointmentRequest, AppointmentTypeId, NewAppointmentType, TemplateRow
from esante.workplaces import service as workplaces

FURNISHER = house("cli:furnish")

DESK: tuple[Scope, ...] = ("schedule.read", "schedule.write", "patient.read", "patient.write", "messages")
"""What an assistant may do unless more is granted; never to read records."""


class Member(msgspec.Struct, frozen=True):
    """One of the fixed cast."""

    name: str
    role: Literal["patient", "doctor", "assistant", "pharmacist", "admin"]
    first_name: str
    last_name: str
    specialty: str = ""

    @property
    def email(self) -> str:
        return f"{self.name}@demo.esante.example"


CAST = (
    Member("amina", "doctor", "Amina", "Benali", "general practice"),
    Member("bruno", "doctor", "Bruno", "Lefèvre", "dentistry"),
    Member("chloe", "assistant", "Chloé", "Martin"),
    Member("driss", "patient", "Driss", "El Fassi"),
    Member("emma", "patient", "Emma", "Dubois"),
    Member("farid", "pharmacist", "Farid", "Haddad"),
    Member("gwen", "admin", "Gwen", "Le Goff"),
)

FIRST_NAMES = (
    "Aïcha", "Albert", "Alice", "Amir", "Anaïs", "Bilal", "Camille", "Chantal", "Clara", "David", "Élodie", "Émile",
    "Fatima", "Gabriel", "Hélène", "Hugo", "Ibrahim", "Inès", "Jade", "Jean", "Karim", "Léa", "Louis", "Lucie",
    "Malik", "Manon", "Marie", "Mehdi", "Nadia", "Noé", "Nora", "Omar", "Paul", "Rania", "Rose", "Salma", "Samir",
    "Sofia", "Théo", "Yasmine",
)  # fmt: skip
LAST_NAMES = (
    "Amrani", "André", "Bensaïd", "Bernard", "Bonnet", "Bouchard", "Chevalier", "Cherif", "Colin", "Denis",
    "Dupont", "Durand", "Fontaine", "Fournier", "Garnier", "Girard", "Guérin", "Hamdi", "Henry", "Lambert",
    "Laurent", "Leroy", "Mansouri", "Marchand", "Mercier", "Michel", "Moreau", "Nguyen", "Perrin", "Petit",
    "Renard", "Richard", "Robin", "Roux", "Saïdi", "Simon", "Tazi", "Thomas", "Vidal", "Ziani",
)  # fmt: skip


FAMILIES = (
    "{0}",
    "{0}",
    "{0}",
    "{0}-{1}",
    "{0} {1}",
    "Ben {0}",
    "El {0}",
    "Le {0}",
    "De {0}",
    "{0}eau",
    "{0}ini",
    "Saint-{0}",
)
"""How family names are made of others, so that a large clinic has not only forty of them."""
AT_ONCE = 250
"""How many made-up patients one transaction adds."""


class Furnished(msgspec.Struct):
    """Who was made: ids of persons and accounts by the cast's names, the appointment types, the other patients."""

    people: dict[str, str]
    accounts: dict[str, AccountId]
    types: dict[str, AppointmentTypeId]
    patients: list[PatientId]
    workplace_id: str

    def actor(self, name: str) -> Actor:
        """This member of the cast, acting in the role that they have."""
        member = next(one for one in CAST if one.name == name)
        scopes = (
            frozenset((self.workplace_id, EVERYBODY, scope) for scope in DESK)
            if member.role == "assistant"
            else frozenset()
        )
        return Actor(id=self.accounts[name], role=member.role, person_id=self.people.get(name), scopes=scopes)


async def furnish(clinic: Clinic, password_hashes: Mapping[str, str], *, patients: int = 0) -> Furnished:
    """The cast with their accounts (confirmed, verified), one workplace, four kinds of visit, and some more patients."""
    made = await clinic.db.write(FURNISHER, _furnish_cast, password_hashes)
    dice = random.Random(7)  # nosec B311 - made-up people, the same each time
    for start in range(0, patients, AT_ONCE):
        some = [some_patient(dice) for _ in range(min(AT_ONCE, patients - start))]
        made.patients += await clinic.db.write(FURNISHER, _add_patients, some)
    return made


def _add_patients(tx: WriteTx, some: list[NewPatient]) -> list[PatientId]:
    return [people.add_patient(tx, one, source="desk") for one in some]


def some_patient(dice: random.Random) -> NewPatient:
    """A made-up person, of some 600,000 names; without a telephone number, since every valid one may be somebody's."""
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    return NewPatient(
        first_name=first if dice.random() < 0.7 else f"{first}-{dice.choice(FIRST_NAMES)}",
        last_name=dice.choice(FAMILIES).format(last, dice.choice(LAST_NAMES)),
        birth_date=date(1930, 1, 1) + timedelta(days=dice.randrange(33_000)),
        gender=dice.choice(("male", "female")),
    )


async def fill_agenda(clinic: Clinic, made: Furnished, *, days: int = 5) -> int:
    """Book the coming days of both practitioners, as the desk would; how many visits were booked."""
    dice, booked = random.Random(11), 0  # nosec B311 - made-up visits
    zone = ZoneInfo(clinic.db.settings.time_zone)
    today = clinic.db.now().astimezone(zone).date()
    whom = [PatientId(made.people["driss"]), PatientId(made.people["emma"]), *made.patients]
    for number in range(days):
        for doctor in ("amina", "bruno"):
            for hour, minute in ((9, 0), (9, 30), (10, 0), (11, 0), (14, 0), (15, 30), (16, 0)):
                start = datetime.combine(today + timedelta(days=number), datetime.min.time(), zone)
                wish = AppointmentRequest(
                    practitioner_id=PractitionerId(made.people[doctor]),
                    type_id=made.types["checkup" if doctor == "bruno" else "consultation"],
                    starts_at=start.replace(hour=hour, minute=minute),
                    patient_id=dice.choice(whom),
                    reason=dice.choice(
                        ("Check-up", "Cough", "Back pain", "Tooth ache", "Blood pressure", "Vaccination")
                    ),
                )
                try:
                    await clinic.db.write(made.actor("chloe"), scheduling.request_appointment, wish)
                    booked += 1
                except (Conflict, Invalid):  # in the past by now, or the same patient elsewhere
                    continue
    return booked


def _furnish_cast(tx: WriteTx, password_hashes: Mapping[str, str]) -> Furnished:
    place = workplaces.ensure_workplace(tx, tx.settings.clinic_name)
    made = Furnished(people={}, accounts={}, types={}, patients=[], workplace_id=place.id)
    for member in CAST:
        person = _person(tx, member)
        if person:
            made.people[member.name] = person
        account = NewAccount(
            email=member.email,
            password_hash=password_hashes[member.name],
            role=member.role,
            person_id=person,
            language=tx.settings.language,
            confirmed=True,
        )
        made.accounts[member.name] = identity.create_account(tx, account)
    workplaces.grant_scopes(tx, made.accounts["chloe"], place.id, DESK)
    for key, new in _types().items():
        made.types[key] = types.make_type(tx, new).id
    week = [
        TemplateRow(weekday=day, from_time=begin, to_time=end, slot_minutes=30)
        for day in range(1, 8)
        for begin, end in (("08:00", "12:30"), ("13:30", "18:00"))
    ]
    for doctor in ("amina", "bruno"):
        availability.set_template(tx, PractitionerId(made.people[doctor]), week)
    return made


def _person(tx: WriteTx, member: Member) -> str | None:
    if member.role == "patient":
        new = NewPatient(
            first_name=member.first_name,
            last_name=member.last_name,
            birth_date=date(1984, 5, 17) if member.name == "driss" else date(1991, 11, 2),
            gender="male" if member.name == "driss" else "female",
            email=member.email,
        )
        return people.add_patient(tx, new, source="self")
    if member.role == "doctor":
        profile = PractitionerProfile(
            title="Dr",
            first_name=member.first_name,
            last_name=member.last_name,
            specialty=member.specialty,
            licence_number=f"DEMO-{member.name}",
            licence_authority="Demo Medical Council",
            languages=["fr", "en"],
            city="Rennes",
            fee_minor=3_000,
        )
        return people.add_practitioner(tx, profile, email=member.email, source="desk", status="approved")
    return None


def _types() -> dict[str, NewAppointmentType]:
    return {
        "consultation": NewAppointmentType(
            name="Consultation", price_minor=3_000, duration_minutes=30, color="#1c7ed6"
        ),
        "follow_up": NewAppointmentType(name="Follow-up", price_minor=2_000, duration_minutes=15, color="#2b8a3e"),
        "checkup": NewAppointmentType(name="Dental check-up", price_minor=4_500, duration_minutes=30, color="#862e9c"),
        "vaccination": NewAppointmentType(
            name="Vaccination", price_minor=1_500, duration_minutes=10, color="#e67700", auto_confirm=True
        ),
    }
