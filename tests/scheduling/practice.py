"""A small practice: two practitioners, an assistant, patients, a week of availability; real SQLite, a clock that is moved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel.actor import Actor, house
from esante.kernel.database import Database
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.structs import NewPatient, PractitionerProfile
from esante.scheduling import availability, service, types
from esante.scheduling.structs import (
    Appointment,
    AppointmentRequest,
    AppointmentType,
    NewAppointmentType,
    TemplateRow,
)
from esante.workplaces import service as workplaces

KEY = bytes(range(32))
HOUSE = house("test")
MONDAY = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
"""A Monday, eight in the morning in Paris: the practice opens in half an hour of lead time."""


class Practice:
    """The practice with its people; `at` is what the clock says."""

    def __init__(self, folder: Path, at: datetime = MONDAY) -> None:
        self.at = at
        self.db = Database(folder / "esante.db", KEY, KEY, OneTimeSecrets(KEY), {}, now=lambda: self.at)
        self.patients: dict[str, Any] = {}
        self.doctors: dict[str, Any] = {}
        self.actors: dict[str, Actor] = {}
        self.types: dict[str, AppointmentType] = {}
        self.place = ""

    async def furnish(self) -> None:
        await self.db.write(HOUSE, self._furnish)

    def _furnish(self, tx: WriteTx) -> None:
        self.place = workplaces.ensure_workplace(tx, "Practice").id
        for number, name in enumerate(("amina", "bruno")):
            profile = PractitionerProfile(
                first_name=name.title(),
                last_name="Practitioner",
                specialty="Médecine générale" if number == 0 else "Dentist",
                licence_number=f"L{number}",
                licence_authority="Order",
            )
            doctor = people.add_practitioner(tx, profile, email=None, source="desk", status="approved")
            self.doctors[name] = doctor
            self.actors[name] = Actor(id=f"account-{name}", role="doctor", person_id=doctor)
            week = [
                TemplateRow(weekday=weekday, from_time="08:00", to_time="18:00", slot_minutes=30)
                for weekday in range(1, 6)
            ]
            availability.set_template(tx, doctor, week)
        for name in ("driss", "emma"):
            patient = people.add_patient(tx, NewPatient(first_name=name.title(), last_name="Patient"), source="desk")
            self.patients[name] = patient
            self.actors[name] = Actor(id=f"account-{name}", role="patient", person_id=patient)
        chloe = identity.create_account(tx, NewAccount(role="assistant", email="chloe@example.org", confirmed=True))
        workplaces.grant_scopes(tx, chloe, self.place, ["schedule.read", "schedule.write", "patient.read"])
        scopes = workplaces.scopes_of(tx, chloe)
        self.actors["chloe"] = Actor(id=chloe, role="assistant", scopes=scopes)
        self.actors["reader"] = Actor(
            id="account-reader", role="assistant", scopes=frozenset({(self.place, "schedule.read")})
        )
        self.actors["gwen"] = Actor(id="account-gwen", role="admin")
        self.actors["farid"] = Actor(id="account-farid", role="pharmacist")
        for name, minutes, sure in (("visit", 30, False), ("control", 15, True), ("long", 60, False)):
            wish = NewAppointmentType(name=name, price_minor=2500, duration_minutes=minutes, auto_confirm=sure)
            self.types[name] = types.make_type(tx, wish)

    async def do(self, who: str, command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A change, as this person."""
        return await self.db.write(self.actors.get(who, HOUSE), command, *args, **kwargs)

    async def look(self, who: str, query: Callable[..., Any], *args: Any) -> Any:
        return await self.db.look(self.actors[who], query, *args)

    def wish(self, at: datetime, doctor: str = "amina", kind: str = "visit", **more: Any) -> AppointmentRequest:
        usual = {
            "practitioner_id": self.doctors[doctor],
            "type_id": self.types[kind].id,
            "starts_at": at,
            "reason": "A cough",
        }
        return AppointmentRequest(**(usual | more))

    async def book(self, who: str, at: datetime, **more: Any) -> Appointment:
        """A request of a patient, or the desk's booking for Driss unless it says for whom."""
        if self.actors[who].role != "patient":
            more = {"patient_id": self.patients["driss"]} | more
        kept: Appointment = await self.do(who, service.request_appointment, self.wish(at, **more))
        return kept

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return self.db.read(HOUSE, lambda tx: tx.conn.execute(sql, args).fetchall())

    def actions(self, subject: str) -> list[str]:
        """What the audit log says happened to it, in order."""
        return [row[0] for row in self.rows("SELECT action FROM audit WHERE subject = ? ORDER BY seq", subject)]

    def taken(self, appointment_id: str) -> int:
        """How many resources it occupies."""
        return int(self.rows("SELECT count(*) FROM occupancy WHERE appointment_id = ?", appointment_id)[0][0])


def hours(number: float, minutes: int = 0) -> timedelta:
    return timedelta(hours=number, minutes=minutes)
