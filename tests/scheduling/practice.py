"""A small practice: two practitioners, an assistant, patients, a week of availability; real SQLite, a clock that is moved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel import clock
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
from esante.wiring import WORK
from esante.workplaces import service as workplaces

KEY = bytes(range(32))
HOUSE = house("test")
MONDAY = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
"""A Monday, eight in the morning in Paris: the practice opens in half an hour of lead time."""


class Practice:
    """The practice with its people; `at` is what the clock says."""

    def __init__(self, folder: Path, at: datetime = MONDAY) -> None:
        self.at, self._folder = at, folder
        self.db = self._open()
        self.patients: dict[str, Any] = {}
        self.doctors: dict[str, Any] = {}
        self.actors: dict[str, Actor] = {}
        self.types: dict[str, AppointmentType] = {}
        self.place = ""

    def _open(self) -> Database:
        return Database(self._folder / "esante.db", KEY, KEY, OneTimeSecrets(KEY), {}, now=lambda: self.at)

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
            id="account-reader", role="assistant", scopes=frozenset({(self.place, "*", "schedule.read")})
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

    async def add_patient(self, name: str) -> None:
        """One more patient, with somebody who acts for them."""
        new = NewPatient(first_name=name.title(), last_name="Patient")
        patient = await self.db.write(HOUSE, people.add_patient, new, source="desk")
        self.patients[name] = patient
        self.actors[name] = Actor(id=f"account-{name}", role="patient", person_id=patient)

    async def set(self, **wanted: Any) -> None:
        """Change settings of the clinic."""

        def change(tx: WriteTx) -> None:
            for name, value in wanted.items():
                tx.run(
                    "INSERT INTO setting (key, value, updated_at, updated_by) VALUES (?, ?, ?, 'test')"
                    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    camel(name),
                    msgspec.json.encode(value).decode(),
                    tx.now,
                )

        await self.db.write(HOUSE, change)
        await self.db.stop()
        self.db = self._open()
        await self.db.start()

    async def run_due(self) -> list[str]:
        """Do the tasks that are due now, and what they make due; their names."""
        done: list[str] = []
        while name := await self.db.write(HOUSE, do_next):
            done.append(name)
        return done

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


def do_next(tx: WriteTx) -> str | None:
    """The first task that is due, done and struck off; its name."""
    found = tx.conn.execute(
        "SELECT id, name, payload FROM job WHERE done_at IS NULL AND due_at <= ? ORDER BY due_at, id LIMIT 1",
        (clock.text(tx.now),),
    ).fetchall()
    if not found:
        return None
    job_id, name, payload = found[0]
    tx.run("DELETE FROM job WHERE id = ?", job_id)
    kind, work = WORK.inside[str(name)]
    work(tx, msgspec.json.decode(str(payload), type=kind))
    return str(name)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
