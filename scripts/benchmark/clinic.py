"""Clinics of any size, made fast: the product's own functions on its own schema, in large transactions.

Search words, name keys, occupancy, history and the audit chain come from the code that makes them in a running clinic, so that
`esante audit verify` passes and every list shows what is there. Only what a clinic would do in years is done in a minute.
"""

import asyncio
import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from esante import demo
from esante.app import bring_up_to_date, open_clinic
from esante.audit.watch import store as watch
from esante.kernel import audit_log, checkpoints, clock, keyring, settings
from esante.kernel.audit_log import Line
from esante.kernel.checkpoints import Signer
from esante.kernel.config import Backup, Config, Keys
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.structs import AccountId, new_id
from esante.kernel.transaction import HouseContext, WriteTx
from esante.people import service as people
from esante.people.structs import NewPatient, PatientId, PractitionerId, PractitionerProfile
from esante.records.consultations import store as consultations
from esante.records.consultations.structs import Consultation, ConsultationId, Snapshot
from esante.scheduling import availability
from esante.scheduling import service as scheduling
from esante.scheduling import store as appointments
from esante.scheduling.structs import Appointment, AppointmentId, AppointmentRequest, TemplateRow
from scripts.benchmark import harness

DOCTORS = 40
SLOTS = 20
"""Half hours of a day, 08:00 to 18:00, on every day of the week."""
ON_THE_BOARD = 16
"""Of which so many are taken tomorrow, with each doctor."""
SPECIALTIES = ("dermatology", "radiology", "cardiology", "general practice")
PASSWORD = "Bench-Password-1"
ZONE = ZoneInfo("Europe/Paris")
AT_ONCE = 5_000
MOST_TREATED = 3_000
CONFIG = """[keys]
file = "{folder}/key"
[backup]
nightly = false
[log]
level = "error"
[limits]
connections_per_address = 100000
requests_per_account = 1000000000
requests_per_address = 1000000000
tries_per_account = 1000000000
tries_per_address = 1000000000
forms_per_address = 1000000000
uploads_per_account = 1000000000
"""


class Size(msgspec.Struct, frozen=True):
    """How much there is. `visits` are past appointments; `lines` are those of the audit log."""

    patients: int
    consultations: int
    visits: int
    lines: int


NOTHING = Size(0, 0, 0, 0)


@dataclass
class Clinic:
    """A clinic in `folder`: its data, key and configuration, and who is in it."""

    folder: Path
    made: demo.Furnished
    doctors: list[PractitionerId]
    patients: list[PatientId] = field(default_factory=list)
    treated: list[PatientId] = field(default_factory=list)
    """Whom Dr Amina Benali treats, among everybody."""
    known: list[NewPatient] = field(default_factory=list)
    """Some of them as they were registered, to look for."""
    consultations: list[ConsultationId] = field(default_factory=list)
    """Some of hers, of patients whom she treats."""
    size: Size = NOTHING

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def config(self) -> Path:
        return self.folder / "esante.toml"

    def copy(self, folder: Path) -> "Clinic":
        """The same clinic in another folder, for a server that is to write into it."""
        shutil.copytree(self.folder, folder)
        (folder / "esante.toml").write_text(CONFIG.format(folder=folder))
        return replace(
            self,
            folder=folder,
            patients=list(self.patients),
            treated=list(self.treated),
            known=list(self.known),
            consultations=list(self.consultations),
        )

    def keyring(self) -> keyring.Keyring:
        return keyring.unlock(self.data, self.folder / "key")

    def tomorrow(self) -> datetime:
        return local_midnight() + timedelta(days=1)


def local_midnight() -> datetime:
    return datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def begin(folder: Path) -> Clinic:
    """The cast, forty doctors, and a full day tomorrow, all by the clinic's own use cases."""
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "esante.toml").write_text(CONFIG.format(folder=folder))
    keys = keyring.create(data, folder / "key")
    bring_up_to_date(data, keys, new=True)
    return asyncio.run(_furnish(folder, keys))


async def _furnish(folder: Path, keys: keyring.Keyring) -> Clinic:
    config = Config(keys=Keys(file=str(folder / "key")), backup=Backup(nightly=False))
    opened = open_clinic(folder / "data", config, keys)
    await opened.db.start()
    hashed = await opened.passwords.hash(PASSWORD)
    made = await demo.furnish(opened, {member.name: hashed for member in demo.CAST}, patients=DOCTORS)
    clinic = Clinic(folder, made, await opened.db.write(demo.FURNISHER, _add_doctors), patients=list(made.patients))
    for wish in _board(clinic):
        await opened.db.write(made.actor("chloe"), scheduling.request_appointment, wish)
    await opened.db.stop()
    opened.passwords.close()
    clinic.size = Size(DOCTORS, 0, 0, 0)
    return clinic


def _add_doctors(tx: WriteTx) -> list[PractitionerId]:
    week = [TemplateRow(weekday=day, from_time="08:00", to_time="18:00", slot_minutes=30) for day in range(1, 8)]
    found = []
    for number in range(DOCTORS):
        profile = PractitionerProfile(
            first_name="Bench", last_name=f"Doctor {number}", specialty=SPECIALTIES[number % 4],
            licence_number=f"B-{number}", licence_authority="Bench", languages=["fr"], city="Rennes", fee_minor=3_000,
        )  # fmt: skip
        doctor = people.add_practitioner(tx, profile, email=None, source="desk", status="approved")
        availability.set_template(tx, doctor, week)
        found.append(doctor)
    return found


def _board(clinic: Clinic) -> Iterable[AppointmentRequest]:
    for slot in range(ON_THE_BOARD):
        for number, doctor in enumerate(clinic.doctors):
            yield AppointmentRequest(
                practitioner_id=doctor,
                type_id=clinic.made.types["consultation"],
                starts_at=start_of(clinic.tomorrow(), slot),
                patient_id=clinic.patients[number],
            )


def start_of(day: datetime, slot: int) -> datetime:
    """The wall time of that half hour."""
    return day.replace(hour=8 + slot // 2, minute=30 * (slot % 2))


def grow(clinic: Clinic, wanted: Size, say: Callable[[str], None]) -> None:
    """Let it have so much, in this order: patients, past visits, consultations, audit lines. Never shrinks."""
    _Grower(clinic, say).grow(wanted)


def grown(clinic: Clinic, wanted: Size) -> Clinic:
    """The same in another process: what it has become."""
    grow(clinic, wanted, harness.say)
    return clinic


def open_visits(clinic: Clinic, number: int, say: Callable[[str], None]) -> list[str]:
    """So many visits of Dr Amina Benali that have begun, for a load that writes consultations; their ids."""
    return _Grower(clinic, say).open_visits(number)


def book_ahead(clinic: Clinic, days: int, full_days: int, say: Callable[[str], None]) -> None:
    """Let the coming days be nine tenths booked, and those of one specialty wholly at first."""
    _Grower(clinic, say).book_ahead(days, full_days)


class _Grower:
    """Writes in transactions of some thousand, each with its lines in the chain."""

    def __init__(self, clinic: Clinic, say: Callable[[str], None]) -> None:
        self._clinic, self._say, self._ring = clinic, say, clinic.keyring()
        self._conn = open_database(clinic.data / DATABASE, self._ring.key("database"), "maintenance")
        self._conn.wal_autocheckpoint(20_000)
        self._conn.execute("PRAGMA cache_size = -1000000").fetchall()  # the keys of names come in no order
        self._house = HouseContext(settings.load(self._conn), None, {})  # type: ignore[arg-type]  # no codes are made here
        self._head = audit_log.head(self._conn)
        self._dice = random.Random(self._head.seq)

    def grow(self, wanted: Size) -> None:
        has = self._clinic.size
        try:
            self._many("patients", has.patients, wanted.patients, self._add_patients)
            self._many("past visits", has.visits, wanted.visits, self._add_visits)
            self._many("consultations", has.consultations, wanted.consultations, self._add_consultations)
            self._many("audit lines", self._head.seq, wanted.lines, self._add_lines)
            self._close_the_books()
        finally:
            self._conn.close()
        self._clinic.size = wanted

    def _many(self, what: str, start: int, end: int, add: Callable[[WriteTx, range], None]) -> None:
        if end > start:
            self._say(f"{end:,} {what}")
        for first in range(start, end, AT_ONCE):
            self._transaction(lambda tx, first=first: add(tx, range(first, min(first + AT_ONCE, end))))  # type: ignore[misc]

    def _transaction(self, work: Callable[[WriteTx], None]) -> None:
        now = max(clock.now(), clock.parse(self._head.at))
        with self._conn:
            tx = WriteTx(self._conn, demo.FURNISHER, now, self._house)
            work(tx)
            head = audit_log.append(self._conn, self._ring.key("audit"), self._head, clock.text(now), tx.lines)
        self._head = head

    def open_visits(self, number: int) -> list[str]:
        """Visits of Dr Amina Benali that have begun and wait for their consultation."""
        amina, treated = PractitionerId(self._clinic.made.people["amina"]), self._clinic.treated
        ids: list[str] = []

        def add(tx: WriteTx, numbers: range) -> None:
            for at in numbers:
                start = tx.now - timedelta(seconds=number - at)
                visit = msgspec.structs.replace(
                    self._visit(tx, amina, treated[at % len(treated)], start), status="in_progress"
                )
                appointments.insert_appointment(tx, visit)
                ids.append(visit.id)

        try:
            self._many("visits under way", 0, number, add)
        finally:
            self._conn.close()
        return ids

    def book_ahead(self, days: int, full_days: int) -> None:
        """Nine tenths of everybody's time from the day after tomorrow; of the second specialty all of the first days."""
        slots = [(day, slot, doctor) for day in range(days) for slot in range(SLOTS) for doctor in range(DOCTORS)]

        def add(tx: WriteTx, numbers: range) -> None:
            for number in numbers:
                day, slot, doctor = slots[number]
                if self._dice.random() < 0.9 or (doctor % len(SPECIALTIES) == 1 and day < full_days):
                    start = start_of(self._clinic.tomorrow() + timedelta(days=1 + day), slot)
                    patient = self._clinic.patients[number % len(self._clinic.patients)]
                    visit = self._visit(tx, self._clinic.doctors[doctor], patient, start)
                    visit = msgspec.structs.replace(visit, status="confirmed")
                    appointments.insert_appointment(tx, visit)
                    appointments.take_time(tx, visit, None)

        try:
            self._many("half hours to come", 0, len(slots), add)
        finally:
            self._conn.close()

    def _add_patients(self, tx: WriteTx, numbers: range) -> None:
        some = [with_number(self._dice, number) for number in numbers]
        ids = [people.add_patient(tx, one, source="desk") for one in some]
        self._clinic.patients += ids
        self._clinic.known += self._dice.sample(some, min(len(some), 40))
        amina = PractitionerId(self._clinic.made.people["amina"])
        most = max(len(ids) * MOST_TREATED // 100_000, 30 if not self._clinic.treated else 3)
        for patient in self._dice.sample(ids, min(most, len(ids))):
            people.open_care(tx, patient, amina, source="appointment", source_id=new_id())
            self._clinic.treated.append(patient)

    def _add_visits(self, tx: WriteTx, numbers: range) -> None:
        """Half hour after half hour, back from today: each doctor with another patient."""
        patients, midnight = self._clinic.patients, local_midnight()
        for number in numbers:
            slot = number // DOCTORS
            start = start_of(midnight - timedelta(days=1 + slot // SLOTS), slot % SLOTS)
            visit = self._visit(
                tx, self._clinic.doctors[number % DOCTORS], patients[number * 7_919 % len(patients)], start
            )
            appointments.insert_appointment(tx, visit)
            appointments.take_time(tx, visit, None)

    def _visit(self, tx: WriteTx, doctor: PractitionerId, patient: PatientId, start: datetime) -> Appointment:
        return Appointment(
            id=AppointmentId(new_id()), patient_id=patient, practitioner_id=doctor,
            workplace_id=self._clinic.made.workplace_id, room_id=None, type_id=self._clinic.made.types["consultation"],
            type_name="Consultation", price_minor=3_000, currency="EUR", starts_at=start,
            ends_at=start + timedelta(minutes=30), local_on=start.date(), local_time=start.strftime("%H:%M"),
            status="completed", hold_until=None, reason="Check-up", status_reason=None, override_reason=None,
            created_via="desk", moves=0, entered_in_error=False, version=1, created_at=tx.now, created_by=tx.actor.id,
            updated_at=tx.now,
        )  # type: ignore[arg-type]  # fmt: skip

    def _add_consultations(self, tx: WriteTx, numbers: range) -> None:
        """As an import brings them: of the last three years, sealed."""
        patients, treated, by = self._clinic.patients, self._clinic.treated, AccountId(tx.actor.id)
        amina = PractitionerId(self._clinic.made.people["amina"])
        for number in numbers:
            hers = number % DOCTORS == 0
            whom = treated[number // DOCTORS % len(treated)] if hers else patients[number * 7_919 % len(patients)]
            at = tx.now - timedelta(minutes=self._dice.randrange(1, 1_500_000))
            row = Consultation(
                id=ConsultationId(new_id()), appointment_id=None, patient_id=whom,
                practitioner_id=amina if hers else self._clinic.doctors[number % DOCTORS],
                workplace_id=self._clinic.made.workplace_id, type="in_person", status="completed", started_at=at,
                chief_complaint="Cough for a week", symptoms=["cough", "fever"], examination="Lungs clear, throat red",
                diagnosis="Acute bronchitis", diagnosis_code="J20.9", notes="Rest and fluids; back if it does not pass.",
                source="import", created_at=tx.now, updated_at=tx.now, completed_at=at, can_edit_until=tx.now,
                sealed_at=tx.now,
            )  # fmt: skip
            consultations.insert(tx, row)
            entry = Snapshot(consultation_id=row.id, version=1, action="imported", at=tx.now, by=by, snapshot=row)
            consultations.insert_history(tx, entry)
            if hers and len(self._clinic.consultations) < MOST_TREATED:
                self._clinic.consultations.append(row.id)

    def _add_lines(self, tx: WriteTx, numbers: range) -> None:
        """Looks of doctors and assistants, as years of work leave them."""
        patients, accounts = self._clinic.patients, list(self._clinic.made.accounts.values())
        session = new_id()
        for number in numbers:
            whom = patients[number * 7_919 % len(patients)]
            line: Line = (
                accounts[number % len(accounts)], "doctor", None, session, "192.168.1.20", "0123456789abcdef",
                "patient.accessed", "info", "done", whom, whom, None, None, '{"accessType":"read"}',
            )  # fmt: skip
            tx.lines.append(line)

    def _close_the_books(self) -> None:
        """The watch has seen all of it, and a checkpoint is signed, as they are in a clinic that runs."""
        self._transaction(lambda tx: watch.note_seen(tx, self._head.seq))
        signer, tree = Signer(self._ring), checkpoints.grown(self._conn)
        made = signer.sign(tree.size, tree.root())
        self._transaction(lambda tx: checkpoints.keep(tx.conn, made, tree.peaks, self._head.at))


def with_number(dice: random.Random, number: int) -> NewPatient:
    """A made-up person; every second one has a mobile number, every third an e-mail address."""
    one = demo.some_patient(dice)
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    if number % 2:
        fields["mobile_number"] = f"+336{10_000_000 + number * 7:08}"
    if number % 3 == 0:
        fields["email"] = f"someone{number}@example.org"
    return NewPatient(**fields)


def pad(clinic: Clinic, size: int) -> int:
    """Let the database have so many bytes, with notifications of the length that they have; its size."""
    path, text = clinic.data / DATABASE, "A text of the length that notifications have, more or less. " * 12
    conn = open_database(path, clinic.keyring().key("database"), "maintenance")
    conn.wal_autocheckpoint(4_000)
    account, at = clinic.made.accounts["driss"], clock.text(clock.now())
    while path.stat().st_size < size:
        with conn:
            conn.executemany(
                "INSERT INTO notification (id, account_id, kind, priority, title, body, subject, created_at, read_at)"
                " VALUES (?, ?, 'bench', 'low', 'Bench', ?, 'x', ?, ?)",
                ((new_id(), account, text, at, at) for _ in range(20_000)),
            )
    conn.close()
    return path.stat().st_size


def bookings(clinic: Clinic) -> list[bytes]:
    """Free times from the day after tomorrow on, each with a patient who has nothing else then: one request body each."""
    patients, kind, made = clinic.patients, clinic.made.types["consultation"], []
    for ahead in range(2, 178):
        day = local_midnight() + timedelta(days=ahead)
        for slot in range(SLOTS):
            at = start_of(day, slot).replace(tzinfo=None).isoformat(timespec="seconds")
            for doctor in clinic.doctors:
                body = {"practitionerId": doctor, "typeId": kind, "patientId": patients[len(made) % len(patients)]}
                made.append(msgspec.json.encode({**body, "startsAt": at, "reason": "Bench"}))
    return made
