"""The benchmark of the front desk: search and duplicate check at the API of a clinic with many patients, over real HTTP.

`python scripts/bench_people.py --patients 100000`. The server runs in a process of its own; one client asks one thing after
another, as a desk does. Printed are the median, the 90th and the 99th percentile in milliseconds; a p90 above its budget
is exit code 1.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from bench import PASSWORD, config, free_port, process, signed_in

from esante import demo
from esante.app import bring_up_to_date, open_clinic
from esante.kernel import keyring
from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.structs import NewPatient, PatientId, PractitionerId
from esante.server import serve

SEARCH_MS = 5.0
DUPLICATES_MS = 20.0
AT_ONCE = 250
TREATED = {"amina": 3_000, "bruno": 30}
"""A busy doctor and a new one: what they find is narrowed to whom they treat."""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--patients", type=int, default=100_000)
    arguments.add_argument("--requests", type=int, default=300, help="of each kind")
    arguments.add_argument("--json", metavar="FILE", type=Path, help="write the figures to this file as well")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="esante-bench-") as name, ExitStack() as running:
        folder = Path(name)
        began = time.monotonic()
        known = asyncio.run(furnish(folder, chosen.patients))
        print(f"{chosen.patients:,} patients made in {time.monotonic() - began:.1f} s")
        port = free_port()
        running.enter_context(process(lambda: serve(folder, config(folder, port)), port))
        return report(measured(port, known, chosen.requests), chosen.json)


async def furnish(folder: Path, patients: int) -> list[NewPatient]:
    """A clinic with so many patients, every second one with a mobile number; some of them, to look for."""
    keys = keyring.create(folder, folder / "key")
    bring_up_to_date(folder, keys, new=True)
    clinic = open_clinic(folder, config(folder, 0), keys)
    await clinic.db.start()
    hashed = await clinic.passwords.hash(PASSWORD)
    made = await demo.furnish(clinic, {member.name: hashed for member in demo.CAST})
    dice, known = random.Random(3), []
    everybody: list[PatientId] = []

    def add(tx: WriteTx, some: list[NewPatient]) -> list[PatientId]:
        return [people.add_patient(tx, one, source="desk") for one in some]

    def treat(tx: WriteTx, doctor: PractitionerId, whom: list[PatientId]) -> None:
        for one in whom:
            people.open_care(tx, one, doctor, source="appointment", source_id=f"{doctor}{one}")

    for start in range(0, patients, AT_ONCE):
        some = [with_number(dice, number) for number in range(start, min(start + AT_ONCE, patients))]
        everybody += await clinic.db.write(demo.FURNISHER, add, some)
        known += dice.sample(some, min(2, len(some)))
    for doctor, count in TREATED.items():
        whom = dice.sample(everybody, min(count, len(everybody)))
        await clinic.db.write(demo.FURNISHER, treat, PractitionerId(made.people[doctor]), whom)
    await clinic.db.stop()
    clinic.passwords.close()
    return known


def with_number(dice: random.Random, number: int) -> NewPatient:
    one = demo.some_patient(dice)
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    if number % 2:
        fields["mobile_number"] = f"+336{10_000_000 + number * 7:08}"
    if number % 3 == 0:
        fields["email"] = f"someone{number}@example.org"
    return NewPatient(**fields)


def measured(port: int, known: list[NewPatient], requests: int) -> dict[str, list[float]]:
    """The times of each kind of request, in milliseconds; the first tenth warms up."""
    desk = signed_in(port, "chloe")
    found = {}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=desk) as client:
        for name, make in {**SEARCHES, **CHECKS}.items():
            found[name] = times(client, make, known, requests)
    for doctor, count in TREATED.items():
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=signed_in(port, doctor)) as client:
            dice = random.Random(9)
            some = [dice.choice((two, three, word, part)) for _ in range(10)]
            mixed = lambda one: some[dice.randrange(10)](one)  # noqa: B023, E731
            found[f"search of a doctor who treats {count}"] = times(client, mixed, known, requests)
    return found


def times(
    client: httpx.Client, make: Callable[[NewPatient], str], known: list[NewPatient], requests: int
) -> list[float]:
    dice, took = random.Random(5), []
    for number in range(requests + requests // 10):
        path = make(dice.choice(known))
        began = time.perf_counter()
        answer = client.get(path)
        spent = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.text}")
        if number >= requests // 10:
            took.append(spent)
    return took


def search(q: str) -> str:
    return "/patients?" + urlencode({"q": q})


def two(one: NewPatient) -> str:
    return search(one.last_name[:2])


def three(one: NewPatient) -> str:
    return search(one.last_name[:3])


def word(one: NewPatient) -> str:
    return search(one.last_name)


def both(one: NewPatient) -> str:
    return search(f"{one.first_name[:3]} {one.last_name[:4]}")


def part(one: NewPatient) -> str:
    return search(one.last_name[2:6] if len(one.last_name) >= 6 else one.last_name[-3:])


def born(one: NewPatient) -> str:
    return search(str(one.birth_date))


def phone(one: NewPatient) -> str:
    return search("0" + (one.mobile_number or "+33612345678")[3:9])


def end_of_phone(one: NewPatient) -> str:
    return search((one.mobile_number or "+33612345678")[-5:])


def email(one: NewPatient) -> str:
    return search((one.email or "someone99@example.org").partition("@")[0])


def nobody(one: NewPatient) -> str:
    return search(one.last_name + "xq")


def check(**fields: Any) -> str:
    return "/patients/duplicates?" + urlencode({name: value for name, value in fields.items() if value})


def same(one: NewPatient) -> str:
    return check(
        firstName=one.first_name, lastName=one.last_name, birthDate=one.birth_date, mobileNumber=one.mobile_number
    )


def names_only(one: NewPatient) -> str:
    return check(firstName=one.first_name, lastName=one.last_name)


def slip(one: NewPatient) -> str:
    last = one.last_name
    at = len(last) // 2
    turned = last[: at - 1] + last[at] + last[at - 1] + last[at + 1 :]
    return check(
        firstName=one.first_name, lastName=turned, birthDate=(one.birth_date or date(1980, 1, 1)) + timedelta(days=1)
    )


def swapped(one: NewPatient) -> str:
    return check(firstName=one.last_name, lastName=one.first_name, birthDate=one.birth_date)


def newcomer(one: NewPatient) -> str:
    return check(firstName=one.last_name[::-1], lastName=one.first_name[::-1], birthDate=one.birth_date)


SEARCHES = {
    "search: two letters": two,
    "search: three letters": three,
    "search: family name": word,
    "search: first and family name": both,
    "search: part of a name": part,
    "search: birth date": born,
    "search: beginning of a number": phone,
    "search: end of a number": end_of_phone,
    "search: e-mail": email,
    "search: nobody": nobody,
}
CHECKS = {
    "duplicates: the same person": same,
    "duplicates: names only": names_only,
    "duplicates: a slip in name and date": slip,
    "duplicates: names swapped": swapped,
    "duplicates: somebody new": newcomer,
}


def report(found: dict[str, list[float]], file: Path | None) -> int:
    print(f"\n{'':42} {'p50 ms':>8} {'p90 ms':>8} {'p99 ms':>8}")
    figures = {}
    for name, took in found.items():
        figures[name] = line(name, took)
    searches = [one for name in SEARCHES for one in found[name]]
    checks = [one for name in CHECKS for one in found[name]]
    print()
    figures["search"], figures["duplicates"] = line("search, all", searches), line("duplicates, all", checks)
    over = []
    for name, budget in (("search", SEARCH_MS), ("duplicates", DUPLICATES_MS)):
        ok = figures[name]["p90"] < budget
        print(f"{name} p90 {figures[name]['p90']:.2f} ms (below {budget:.0f}) {'ok' if ok else 'MISSED'}")
        over += [] if ok else [name]
    if file:
        file.write_text(json.dumps(figures, indent=1))
    return 1 if over else 0


def line(name: str, took: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took, n=100)
    print(f"{name:42} {cuts[49]:8.2f} {cuts[89]:8.2f} {cuts[98]:8.2f}")
    return {"p50": round(cuts[49], 3), "p90": round(cuts[89], 3), "p99": round(cuts[98], 3)}


if __name__ == "__main__":
    sys.exit(main())
