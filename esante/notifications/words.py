"""Whom a message concerns, and how it names people and times."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from esante.identity import service as identity
from esante.identity.structs import AccountContact
from esante.kernel.i18n import translate
from esante.kernel.transaction import ReadTx
from esante.people import service as people
from esante.workplaces import service as workplaces
from esante.workplaces.structs import WorkplaceId


def contacts_of_patient(tx: ReadTx, patient_id: str | None) -> list[AccountContact]:
    """The patient's own accounts, or else the guardian's."""
    if patient_id is None:
        return []
    own = identity.accounts_of_person(tx, patient_id)
    guardian = None if own else people.patient_brief(tx, patient_id).guardian_id
    return own or (identity.accounts_of_person(tx, guardian) if guardian else [])


def agenda_keepers(tx: ReadTx, practitioner_id: str, workplace_id: str) -> list[AccountContact]:
    """The practitioner's own accounts, and the assistants who may answer for them at the site."""
    desk = workplaces.desk_of(tx, practitioner_id, workplace_id, "schedule.write")
    return [*identity.accounts_of_person(tx, practitioner_id), *(identity.contact(tx, one) for one in desk)]


def doctor_name(tx: ReadTx, practitioner_id: str) -> str:
    """First and last name."""
    who = people.practitioner_brief(tx, practitioner_id)
    return f"{who.first_name} {who.last_name}"


def patient_name(tx: ReadTx, patient_id: str) -> str:
    """First and last name."""
    who = people.patient_brief(tx, patient_id)
    return f"{who.first_name} {who.last_name}"


def site(tx: ReadTx, to: AccountContact, workplace_id: str) -> str:
    """A sentence that says where, for a visit that is not at the clinic's own site; nothing otherwise."""
    place = workplaces.workplace(tx, WorkplaceId(workplace_id))
    if place.is_primary:
        return ""
    where = ", ".join(part for part in (place.name, place.street, place.city) if part)
    return " " + translate(to.language, "The visit is at: {where}.", where=where)


def wall_time(tx: ReadTx, to: AccountContact, at: datetime) -> str:
    """Day and time in the clinic's zone, in the reader's language."""
    zone = ZoneInfo(tx.settings.time_zone)
    return format_datetime(at, "EEEE d MMMM y, HH:mm", tzinfo=zone, locale=to.language)
