"""What grows with the clinic: search by one client after the other, and the CPU of four kinds of request, at each size."""

import random
import statistics
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from http.client import HTTPConnection
from time import perf_counter
from urllib.parse import urlencode

from esante.people.structs import NewPatient
from scripts.benchmark import clinic, harness, own
from scripts.benchmark.clinic import Clinic
from scripts.benchmark.harness import Load, Server, any_of
from scripts.benchmark.report import cpu_ratio, percentile
from scripts.benchmark.run import Run

CLIENTS = 8
SEARCH_MS, DUPLICATES_MS = 5.0, 20.0
SIGN_IN = (0.97, 1.03)

DAYS, FULL_DAYS = 90, 35
CALENDAR = {
    "the day board of 40 doctors": ("/appointments/board/{day}", 30),
    "the first free of 40, mornings": ("/slots?limit=1&minutes=30&partOfDay=morning&{span}", 50),
    "the first free, five weeks full": ("/slots?limit=1&specialty=radiology&{span}", 50),
    "twenty free of one specialty": ("/slots?limit=20&specialty=dermatology&partOfDay=morning&{span}", 50),
    "eight hours in a row, all 90 days read": ("/slots?limit=1&minutes=480&{span}", 250),
}
"""What the desk asks of the calendar, and in how many milliseconds nine of ten answers are there."""
PAGES = ("two letters", "three letters")
"""Searches that fill a page at every size, so that the same is done for ten times the patients."""

Ask = Callable[[NewPatient], str]


def _search(q: str) -> str:
    return "/api/v1/patients?" + urlencode({"q": q})


def _phone(one: NewPatient) -> str:
    return one.mobile_number or "+33610000007"


SEARCHES: dict[str, Ask] = {
    "two letters": lambda one: _search(one.last_name[:2]),
    "three letters": lambda one: _search(one.last_name[:3]),
    "family name": lambda one: _search(one.last_name),
    "first and family name": lambda one: _search(f"{one.first_name[:3]} {one.last_name[:4]}"),
    "part of a name": lambda one: _search(one.last_name[2:6] if len(one.last_name) >= 6 else one.last_name[-3:]),
    "birth date": lambda one: _search(str(one.birth_date)),
    "beginning of a number": lambda one: _search("0" + _phone(one)[3:9]),
    "end of a number": lambda one: _search(_phone(one)[-5:]),
    "e-mail": lambda one: _search((one.email or "someone99@example.org").partition("@")[0]),
    "nobody": lambda one: _search(one.last_name + "xq"),
}


def _check(**fields: object) -> str:
    return "/api/v1/patients/duplicates?" + urlencode({name: value for name, value in fields.items() if value})


def _with_a_slip(one: NewPatient) -> str:
    last, at = one.last_name, len(one.last_name) // 2
    turned = last[: at - 1] + last[at] + last[at - 1] + last[at + 1 :]
    born = (one.birth_date or date(1980, 1, 1)) + timedelta(days=1)
    return _check(firstName=one.first_name, lastName=turned, birthDate=born)


CHECKS: dict[str, Ask] = {
    "the same person": lambda one: _check(
        firstName=one.first_name, lastName=one.last_name, birthDate=one.birth_date, mobileNumber=one.mobile_number
    ),
    "names only": lambda one: _check(firstName=one.first_name, lastName=one.last_name),
    "a slip in name and date": _with_a_slip,
    "names swapped": lambda one: _check(firstName=one.last_name, lastName=one.first_name, birthDate=one.birth_date),
    "somebody new": lambda one: _check(firstName=one.last_name[::-1], lastName=one.first_name[::-1]),
}


def search(run: Run) -> None:
    """The desk's search at each size, one thing after another: the slowest tenth may take thrice as long for ten times
    as many. At the main size it and the look for duplicates have budgets in milliseconds too."""
    sizes = _last_two(run)
    clients = {number: _Desk(run.server_of(number)) for number in sizes}
    found: dict[int, list[float]] = {number: [] for number in sizes}
    for name, ask in SEARCHES.items():
        run.say(f"search: {name}")
        for number, times in _in_turn(run, clients, ask).items():
            found[number] += times
    checks = [
        took
        for ask in CHECKS.values()
        for took in _in_turn(run, {run.form.main: clients[run.form.main]}, ask)[run.form.main]
    ]
    few, many = (run.form.sizes[number].patients for number in sizes)
    growth = percentile(found[sizes[1]], 90) / percentile(found[sizes[0]], 90)
    run.report.at_most("search", f"p90 of a search, {few:,} to {many:,} patients", growth, 3)
    main = percentile(found[run.form.main], 90)
    run.report.at_most("search", f"p90 of a search, {run.form.size.patients:,} patients", main, SEARCH_MS, " ms")
    slowest = percentile(checks, 90)
    run.report.at_most(
        "search", f"p90 of a look for duplicates, {run.form.size.patients:,} patients", slowest, DUPLICATES_MS, " ms"
    )


def _last_two(run: Run) -> tuple[int, int]:
    return len(run.form.sizes) - 2, len(run.form.sizes) - 1


class _Desk:
    """One client with one connection, signed in at the desk."""

    def __init__(self, server: Server) -> None:
        self._headers = own.signed_in(server, "chloe")
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=30)

    def milliseconds(self, path: str) -> float:
        began = perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        took = (perf_counter() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return took


def _in_turn(run: Run, clients: dict[int, _Desk], ask: Ask) -> dict[int, list[float]]:
    """The same questions at each size, one after the other; the first tenth warms up."""
    dice, known = random.Random(5), run.clinic_of(0).known  # they are in the larger clinics too
    found: dict[int, list[float]] = {number: [] for number in clients}
    for turn in range(run.form.requests + run.form.requests // 10):
        path = ask(dice.choice(known))
        for number, desk in clients.items():
            took = desk.milliseconds(path)
            if turn >= run.form.requests // 10:
                found[number].append(took)
    return found


def growth(run: Run) -> None:
    """The server's CPU for a read, a search, the day board and a booking, at each size: 1.3 times as much at most for ten
    times the patients."""
    loads = {number: _loads_at(run, number) for number in range(len(run.form.sizes))}
    names = {(number, kind): _name(run, number, kind) for number in loads for kind in loads[number]}
    found = harness.rounds(
        {name: loads[number][kind] for (number, kind), name in names.items()},
        max(run.form.rounds // 2, 2),
        run.form.seconds,
        run.say,
    )
    run.report.keep("growth", found)
    for number in range(1, len(run.form.sizes)):
        few, many = run.form.sizes[number - 1].patients, run.form.sizes[number].patients
        for kind in loads[number]:
            ratio = cpu_ratio(found[names[number, kind]], found[names[number - 1, kind]])
            run.report.at_most("growth", f"CPU of a {kind}, {few:,} to {many:,} patients", ratio, 1.3)


def _name(run: Run, number: int, kind: str) -> str:
    return f"{kind}, {run.form.sizes[number].patients:,} patients"


def _loads_at(run: Run, number: int) -> dict[str, Load]:
    made, server, booking = _served(run, number)
    desk, doctor = own.signed_in(server, "chloe"), own.signed_in(server, "amina")
    known = run.clinic_of(0).known
    reads = [f"/api/v1/patients/{one}" for one in made.treated]
    searches = [SEARCHES[kind](one) for kind in PAGES for one in known]
    loads = {
        "read": Load(server, "/", doctor, script=any_of(run.file("reads", reads))),
        "search": Load(server, "/", desk, script=any_of(run.file("searches", searches))),
        "day board": Load(server, f"/api/v1/appointments/board/{made.tomorrow().date()}", desk),
        "booking": booking,
    }
    for load in loads.values():
        load.clients = CLIENTS
    return loads


def _served(run: Run, number: int) -> tuple[Clinic, Server, Load]:
    """A clinic, its server, and bookings of times that are still free. In the main one the mixed load of `memory` has booked, so
    a fresh copy is taken; in the quick form that load is short, and its bookings are gone on with."""
    if number == run.form.main == len(run.form.sizes) - 1:
        return run.main, run.server, run.booking
    if number == run.form.main:
        made = run.fresh(number, run.folder / "growth")
        server = run.running.enter_context(own.serve(made))
    else:
        made, server = run.clinic_of(number), run.server_of(number)
    bodies = harness.Bodies(run.file("bookings"), clinic.bookings(made))
    return made, server, Load(server, "/api/v1/appointments", own.signed_in(server, "chloe"), script=bodies)


def calendar(run: Run) -> None:
    """The day board, and the first free times among forty doctors over ninety days that are nine tenths booked."""
    made = run.fresh(0, run.folder / "calendar")
    clinic.book_ahead(made, DAYS, FULL_DAYS, run.say)
    with own.serve(made) as server:
        desk, first = _Desk(server), made.tomorrow().date() + timedelta(days=1)
        span = f"from={first}&to={first + timedelta(days=DAYS - 1)}"
        for what, (path, most) in CALENDAR.items():
            wanted = "/api/v1" + path.format(day=first, span=span)
            took = [desk.milliseconds(wanted) for _ in range(run.form.requests + 3)][3:]
            run.report.at_most("calendar", f"p90 of {what}", percentile(took, 90), most, " ms")


def sign_in(run: Run) -> None:
    """Does the time of a sign-in tell whether an address is known? Pairs of wrong passwords, one for an account of the
    clinic and one for an address that nobody has, in random order over one connection; on a clinic of its own, since so
    many lock the accounts."""
    server = run.running.enter_context(own.serve(run.fresh(0, run.folder / "sign-in"), core=None))
    connection, dice = HTTPConnection("127.0.0.1", server.port, timeout=30), random.Random(5)
    members = list(run.main.made.accounts)
    times: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(-10, 3 * run.form.requests):
        for is_known in dice.sample((True, False), 2):
            who = dice.choice(members) if is_known else f"{dice.randrange(10**6):06}"
            took = _wrong_password(connection, f"{who}@demo.esante.example")
            if turn >= 0:
                times[is_known].append(took)
    server.stop()
    ratio = _middle(times[True]) / _middle(times[False])
    run.report.between("sign-in", "time of a wrong password, known / unknown address", ratio, *SIGN_IN)


def _wrong_password(connection: HTTPConnection, identifier: str) -> float:
    body = f'{{"identifier":"{identifier}","password":"Wrong-Horse-7"}}'
    began = perf_counter()
    connection.request("POST", "/api/v1/auth/login", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 401:
        raise RuntimeError(f"a wrong password was answered with {answer.status}")
    return (perf_counter() - began) * 1000


def _middle(times: Sequence[float]) -> float:
    return statistics.median(times)
