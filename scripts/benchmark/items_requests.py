"""Reads, pages, looks and bookings through the whole product, beside the bare floor and the peer, in one run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scripts.benchmark import harness, own, peer
from scripts.benchmark.harness import CLIENTS, Burst, Load, any_of
from scripts.benchmark.report import Report, cpu_ratio, p99_ratio, percentile, ratios
from scripts.benchmark.run import Run

MANY = 128
LOADS = {
    "read": ("bare", "plain read", "peer: plain read"),
    "page": ("plain read", "plain page", "look", "audited page", "peer: page", "peer: page, chain"),
    "look": ("plain read", "look", f"plain read, {MANY}", f"look, {MANY}", "peer: look, chain", "peer: look, no chain"),
    "booking": ("plain read", "booking", "peer: booking", "peer: booking, chain"),
}
"""Which loads each item is made of."""


def measure(run: Run, items: Sequence[str]) -> None:
    """Those of the four items, all together in interleaved rounds."""
    wanted = [name for item in items for name in LOADS[item]]
    loads = _loads(run, frozenset(wanted))
    run.say(f"{', '.join(items)}: {len(loads)} loads")
    found = harness.rounds(loads, run.form.rounds, run.form.seconds, run.say)
    run.report.keep("requests", found)
    for item in items:
        _JUDGES[item](run.report, found)


def _loads(run: Run, wanted: frozenset[str]) -> dict[str, Load]:
    server, made = run.server, run.main
    desk, doctor = own.signed_in(server, "chloe"), own.signed_in(server, "amina")
    pages = [f"/api/v1/appointments?limit=20&practitionerId={one}" for one in made.doctors]
    looks = [f"/api/v1/patients/{one}" for one in made.treated]
    look = Load(server, "/", doctor, script=any_of(run.file("looks", looks)))
    loads = {
        "bare": Load(run.bare, "/"),
        "plain read": run.plain_read,
        "plain page": Load(server, "/api/v1/doctors?limit=20", desk),
        "audited page": Load(server, "/", desk, script=any_of(run.file("pages", pages))),
        "look": look,
        f"plain read, {MANY}": replace(run.plain_read, clients=MANY),
        f"look, {MANY}": replace(look, clients=MANY),
        "booking": run.booking,
    }
    if any(name.startswith("peer") for name in wanted):
        loads |= _of_peer(run)
    return {name: load for name, load in loads.items() if name in wanted}


def _of_peer(run: Run) -> dict[str, Load]:
    other = run.peer
    bodies = peer.bookings(other.patients)
    half = len(bodies) // 2
    return {
        "peer: plain read": Load(other.server, "/appointment-types/1", other.headers),
        "peer: page": _pages_of(run, "appointments"),
        "peer: page, chain": _pages_of(run, "appointments-chained"),
        "peer: look, chain": _looks_of(run, "patients"),
        "peer: look, no chain": _looks_of(run, "patients-plain"),
        "peer: booking": Load(
            other.server, "/appointments", other.headers, script=harness.Bodies(run.file("peer-1"), bodies[:half])
        ),
        "peer: booking, chain": Load(
            other.server,
            "/appointments-chained",
            other.headers,
            script=harness.Bodies(run.file("peer-2"), bodies[half:]),
        ),
    }


def _looks_of(run: Run, route: str) -> Load:
    paths = run.peer.looks(run.file(f"peer-{route}"), route)
    return Load(run.peer.server, "/", run.peer.headers, script=any_of(paths))


def _pages_of(run: Run, route: str) -> Load:
    paths = run.peer.pages(run.file(f"peer-pages-{route}"), route)
    return Load(run.peer.server, "/", run.peer.headers, script=any_of(paths))


Found = Mapping[str, Sequence[Burst]]


def judge_read(report: Report, found: Found) -> None:
    read, other = found["plain read"], found["peer: plain read"]
    report.at_least("read", "plain record read / bare ASGI", ratios(read, found["bare"]), 0.20)
    report.at_least("read", "plain record read / peer's", ratios(read, other), 8)
    report.at_most("read", "its p99 / peer's p99", p99_ratio(read, other), 1 / 8)


def judge_page(report: Report, found: Found) -> None:
    """Twenty doctors with whether their accounts are in force, which leaves no trace; twenty appointments with the names of
    four other tables, which leaves a line in the chain. The peer's pages are the latter, with the same chain and untraced."""
    plain, page = found["plain page"], found["audited page"]
    read = found["plain read"]
    report.at_least("page", "20 doctors, joined / own plain read", ratios(plain, read), 0.50)
    report.at_least("page", "20 appointments, joined, audited / own audited look", ratios(page, found["look"]), 0.50)
    report.state("page", "20 appointments, joined, audited / own plain read", ratios(page, read), "x")
    report.at_least(
        "page", "20 appointments, audited / peer's, same chain", ratios(page, found["peer: page, chain"]), 8
    )
    report.state("page", "20 appointments, audited / peer's, untraced", ratios(page, found["peer: page"]), "x")


def judge_look(report: Report, found: Found) -> None:
    look = found["look"]
    report.at_least(
        "look", f"audited chart look / own plain read, {CLIENTS} clients", ratios(look, found["plain read"]), 0.60
    )
    many = ratios(found[f"look, {MANY}"], found[f"plain read, {MANY}"])
    report.at_least("look", f"audited chart look / own plain read, {MANY} clients", many, 0.70)
    report.at_least("look", "audited chart look / peer's, same chain", ratios(look, found["peer: look, chain"]), 12)
    report.at_least("look", "audited chart look / peer's, no chain", ratios(look, found["peer: look, no chain"]), 6)


def judge_booking(report: Report, found: Found) -> None:
    booking = found["booking"]
    report.at_least("booking", "booking / own plain read", ratios(booking, found["plain read"]), 0.30)
    report.at_least("booking", "booking / peer's, plain audit row", ratios(booking, found["peer: booking"]), 3.5)
    ratio = ratios(booking, found["peer: booking, chain"])
    report.state("booking", "booking / peer's, with the same chain", ratio, "x")
    cost = cpu_ratio(found["plain read"], booking)
    report.state("booking", "CPU of a plain read / of a booking with its later jobs", cost, "x")
    backlog = percentile([burst.backlog_seconds for burst in booking], 50)
    report.state("booking", "later jobs done after the end of a burst", backlog, " s")


_JUDGES = {"read": judge_read, "page": judge_page, "look": judge_look, "booking": judge_booking}
