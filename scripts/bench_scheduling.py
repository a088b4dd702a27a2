"""The calendar's benchmark: the day board of 40 doctors, and the first free time over 90 days among them, at the API.

The clinic runs in this process, on one core; a request goes through the whole application without the network. Each figure is
the median and the 90th percentile of many requests.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from esante import demo
from esante.app import App, bring_up_to_date, open_clinic
from esante.kernel import keyring
from esante.kernel.config import Config, Keys, Limits
from esante.kernel.errors import Conflict, Invalid
from esante.people import service as people
from esante.people.structs import PatientId, PractitionerId, PractitionerProfile
from esante.scheduling import availability
from esante.scheduling import service as scheduling
from esante.scheduling.structs import AppointmentRequest, TemplateRow

DOCTORS = 40
DAYS = 90
PASSWORD = "Bench-Password-1"
BUDGETS_MS = {
    "day board of 40 doctors": 30.0,
    "first free of 40, mornings, 30 min": 50.0,
    "first free of 40, next five weeks full": 50.0,
    "twenty free of one specialty": 50.0,
    "four hours in a row, all of 90 days read": 250.0,
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=40)
    arguments.add_argument("--json", metavar="FILE", type=Path, help="write the figures to this file as well")
    chosen = arguments.parse_args()
    os.sched_setaffinity(0, {0})
    with tempfile.TemporaryDirectory(prefix="esante-bench-") as folder:
        return asyncio.run(measure(Path(folder), chosen.rounds, chosen.json))


async def measure(folder: Path, rounds: int, file: Path | None) -> int:
    keys = keyring.create(folder, folder / "key")
    bring_up_to_date(folder, keys, new=True)
    config = Config(keys=Keys(file=str(folder / "key")), limits=Limits(connections_per_address=100_000))
    busiest, visits = await furnish(folder, config, keys)
    app = App(folder, config, run_jobs=False)
    figures: dict[str, list[float]] = {}
    door = httpx.ASGITransport(app.asgi)
    async with app.litestar.lifespan(), httpx.AsyncClient(transport=door, base_url="http://localhost") as client:
        await sign_in(client)
        today = busiest.isoformat()
        span = f"from={today}&to={busiest + timedelta(days=DAYS - 1)}"
        asked = {
            "day board of 40 doctors": f"/appointments/board/{today}",
            "first free of 40, mornings, 30 min": f"/slots?limit=1&minutes=30&partOfDay=morning&{span}",
            "first free of 40, next five weeks full": f"/slots?limit=1&specialty=radiology&{span}",
            "twenty free of one specialty": f"/slots?limit=20&specialty=dermatology&partOfDay=morning&{span}",
            "four hours in a row, all of 90 days read": f"/slots?limit=1&minutes=240&{span}",
        }
        for number in range(rounds + 3):
            for name, path in asked.items():
                begin = time.perf_counter()
                answer = await client.get(f"/api/v1{path}")
                took = (time.perf_counter() - begin) * 1000
                if answer.status_code != 200:
                    raise RuntimeError(answer.text)
                if number >= 3:  # the first rounds warm up
                    figures.setdefault(name, []).append(took)
        board = (await client.get(f"/api/v1/appointments/board/{today}")).json()
        shown = sum(len(lines) for lines in board.values() if isinstance(lines, list))
    print(f"{DOCTORS} doctors, {visits:,} visits in {DAYS} days, {shown} on the board\n")
    return report(figures, file)


async def furnish(folder: Path, config: Config, keys: keyring.Keyring):  # type: ignore[no-untyped-def]
    """Forty doctors of four specialties; their weeks nine tenths booked, the radiologists' next five weeks wholly."""
    clinic = open_clinic(folder, config, keys)
    await clinic.db.start()
    hashed = await clinic.passwords.hash(PASSWORD)
    made = await demo.furnish(clinic, {member.name: hashed for member in demo.CAST}, patients=3_000)
    specialties = ("dermatology", "radiology", "cardiology", "general practice")
    week = [
        TemplateRow(weekday=day, from_time=begin, to_time=end, slot_minutes=30)
        for day in range(1, 8)
        for begin, end in (("08:00", "12:00"), ("13:00", "17:00"))
    ]

    def doctors_of(tx):  # type: ignore[no-untyped-def]
        for idle in ("amina", "bruno"):
            availability.set_template(tx, PractitionerId(made.people[idle]), [])
        found = []
        for number in range(DOCTORS):
            profile = PractitionerProfile(
                first_name="Bench", last_name=f"Doctor {number}", specialty=specialties[number % 4],
                licence_number=f"B-{number}", licence_authority="Bench",
            )  # fmt: skip
            doctor = people.add_practitioner(tx, profile, email=None, source="desk", status="approved")
            availability.set_template(tx, doctor, week)
            found.append(doctor)
        return found

    doctors = await clinic.db.write(demo.FURNISHER, doctors_of)
    zone = ZoneInfo(clinic.db.settings.time_zone)
    tomorrow = clinic.db.now().astimezone(zone).date() + timedelta(days=1)
    booked = await fill(clinic, made, doctors, tomorrow, zone)
    await clinic.db.stop()
    clinic.passwords.close()
    return tomorrow, booked


async def fill(clinic, made, doctors, first: date, zone: ZoneInfo) -> int:  # type: ignore[no-untyped-def]
    dice, booked = random.Random(3), 0
    desk = made.actor("chloe")
    for number in range(DAYS):
        day = first + timedelta(days=number)
        pending = []
        whom = dice.sample(made.patients, len(made.patients))
        for place, doctor in enumerate(doctors):
            full = place % 4 == 1 and number < 35
            for slot, hour in enumerate([*range(8, 12), *range(13, 17)]):
                for half in (0, 30):
                    if full or dice.random() < 0.9:
                        wish = AppointmentRequest(
                            practitioner_id=PractitionerId(doctor),
                            type_id=made.types["consultation"],
                            starts_at=datetime(day.year, day.month, day.day, hour, half, tzinfo=zone),
                            patient_id=PatientId(whom[(place * 16 + slot * 2 + half // 30) % len(whom)]),
                        )
                        pending.append(clinic.db.write(desk, scheduling.request_appointment, wish))
        done = await asyncio.gather(*pending, return_exceptions=True)
        wrong = [one for one in done if isinstance(one, BaseException) and not isinstance(one, Conflict | Invalid)]
        if wrong:
            raise wrong[0]
        booked += sum(not isinstance(one, BaseException) for one in done)
    return booked


async def sign_in(client: httpx.AsyncClient) -> None:
    body = {"identifier": "chloe@demo.esante.example", "password": PASSWORD}
    answer = await client.post("/api/v1/auth/login", json=body)
    client.headers["authorization"] = f"Bearer {answer.json()['accessToken']}"


def report(figures: dict[str, list[float]], file: Path | None) -> int:
    missed = []
    print(f"{'':40} {'median ms':>10} {'p90 ms':>8} {'budget':>8}")
    for name, times in figures.items():
        p90 = statistics.quantiles(times, n=10)[-1]
        ok = p90 < BUDGETS_MS[name]
        print(
            f"{name:40} {statistics.median(times):10.2f} {p90:8.2f} {BUDGETS_MS[name]:8.0f} {'ok' if ok else 'MISSED'}"
        )
        missed += [] if ok else [name]
    if file:
        file.write_text(json.dumps(figures, indent=1))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
