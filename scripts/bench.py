"""The benchmark: plain read, audited read and booking through the whole product, beside a bare ASGI application.

Every server runs on core 0 and the load on core 1 (`wrk`, 32 clients). All are up together and get short, interleaved
bursts; the figures are medians, the ratios medians of each round's ratio, so that a noisy neighbour hits both sides alike.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import uvicorn

from esante import demo
from esante.app import bring_up_to_date, open_clinic
from esante.identity.service import create_account
from esante.identity.structs import NewAccount
from esante.kernel import keyring
from esante.kernel.config import Config, Keys, Limits, Server
from esante.people import service as people
from esante.people.structs import PatientId, PractitionerId, PractitionerProfile
from esante.scheduling import availability
from esante.scheduling.structs import TemplateRow
from esante.server import serve

CLIENTS = 32
DOCTORS = 40
PASSWORD = "Bench-Password-1"
LIMITS = Limits(
    connections_per_address=100_000,
    requests_per_account=1_000_000_000,
    requests_per_address=1_000_000_000,
    tries_per_account=1_000_000_000,
    tries_per_address=1_000_000_000,
)
BARE_BODY = (
    b'{"id":"01a1f787-92f6-7161-83f5-1662eb6d6643","name":"Consultation","priceMinor":3000,"currency":"EUR",'
    + (
        b'"durationMinutes":30,"color":"#1c7ed6","autoConfirm":false,"roomKind":null,"isActive":true,"version":1,'
        b'"createdAt":"2026-11-20T08:00:00Z","updatedAt":"2026-11-20T08:00:00Z"}'
    )
)
BUDGETS = {
    ("plain read", "bare"): 0.18,
    ("audited read", "plain read"): 0.60,
    ("booking", "plain read"): 0.30,
}


@dataclass
class Item:
    """One kind of request: how it is sent, and what each burst gave."""

    name: str
    port: int
    pid: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    bodies: Path | None = None
    per_second: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    errors: int = 0


async def bare(scope: dict, receive: Callable, send: Callable) -> None:  # type: ignore[type-arg]
    """The least that answers a request: the floor."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BARE_BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BARE_BODY})


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="fewer rounds and patients")
    arguments.add_argument("--json", metavar="FILE", type=Path, help="write the figures to this file as well")
    chosen = arguments.parse_args()
    rounds, seconds, patients = (5, 1, 2_000) if chosen.quick else (9, 2, 10_000)
    with tempfile.TemporaryDirectory(prefix="esante-bench-") as folder, ExitStack() as running:
        items = set_up(Path(folder), patients, running)
        for number in range(rounds + 1):
            for item in items:
                burst(item, seconds, keep=number > 0)  # the first round warms up
            print(f"\rround {number} of {rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return report(items, chosen.json)


def set_up(folder: Path, patients: int, running: ExitStack) -> list[Item]:
    """Furnish a clinic, start it and the bare application, sign in."""
    made = asyncio.run(furnish(folder, patients))
    clinic_port, bare_port = free_port(), free_port()
    clinic = running.enter_context(process(lambda: serve(folder, config(folder, clinic_port)), clinic_port))
    floor = running.enter_context(process(lambda: serve_bare(bare_port), bare_port))
    doctor = signed_in(clinic_port, "amina")
    desk = signed_in(clinic_port, "chloe")
    bodies = folder / "bodies.jsonl"
    write_bookings(bodies, made, patients)
    return [
        Item("bare", bare_port, floor, "/"),
        Item("plain read", clinic_port, clinic, f"/api/v1/appointment-types/{made.types['consultation']}", doctor),
        Item("audited read", clinic_port, clinic, f"/api/v1/patients/{made.people['driss']}", doctor),
        Item("booking", clinic_port, clinic, "/api/v1/appointments", desk, bodies),
    ]


async def furnish(folder: Path, patients: int) -> demo.Furnished:
    keys = keyring.create(folder, folder / "key")
    bring_up_to_date(folder, keys, new=True)
    clinic = open_clinic(folder, config(folder, 0), keys)
    await clinic.db.start()
    hashed = await clinic.passwords.hash(PASSWORD)
    made = await demo.furnish(clinic, {member.name: hashed for member in demo.CAST}, patients=patients)

    def more(tx):  # type: ignore[no-untyped-def]
        people.open_care(
            tx,
            PatientId(made.people["driss"]),
            PractitionerId(made.people["amina"]),
            source="appointment",
            source_id="bench",
        )
        week = [TemplateRow(weekday=day, from_time="08:00", to_time="18:00", slot_minutes=30) for day in range(1, 8)]
        for number in range(DOCTORS):
            profile = PractitionerProfile(
                first_name="Bench", last_name=f"Doctor {number}", specialty="general practice",
                licence_number=f"B-{number}", licence_authority="Bench",
            )  # fmt: skip
            doctor = people.add_practitioner(tx, profile, email=None, source="desk", status="approved")
            account = NewAccount(
                email=f"bench{number}@demo.esante.example", role="doctor", person_id=doctor, confirmed=True
            )
            create_account(tx, account)
            availability.set_template(tx, doctor, week)
            made.people[f"bench{number}"] = doctor

    await clinic.db.write(demo.FURNISHER, more)
    await clinic.db.stop()
    clinic.passwords.close()
    return made


def write_bookings(file: Path, made: demo.Furnished, patients: int) -> None:
    """Free times of forty doctors, each with a patient who has nothing else then; one request body a line."""
    day = datetime.now(ZoneInfo("Europe/Paris")).replace(hour=0, minute=0, second=0, microsecond=0)
    with file.open("w") as out:
        number = 0
        for ahead in range(1, 179):
            for half_hour in range(20):
                start = day + timedelta(days=ahead, hours=8, minutes=30 * half_hour)
                for doctor in range(DOCTORS):
                    body = {
                        "practitionerId": made.people[f"bench{doctor}"],
                        "typeId": made.types["consultation"],
                        "patientId": made.patients[number % patients],
                        "startsAt": start.replace(tzinfo=None).isoformat(timespec="seconds"),
                        "reason": "Bench",
                    }
                    out.write(json.dumps(body) + "\n")
                    number += 1


def burst(item: Item, seconds: int, *, keep: bool) -> None:
    """One burst of load; its rate, its slowest percent, the server's CPU for each request."""
    before = cpu_seconds(item.pid)
    out = subprocess.run(
        command(item, seconds), capture_output=True, text=True, check=True, preexec_fn=on_core(1)
    ).stdout
    used = cpu_seconds(item.pid) - before
    done = int(found(r"(\d+) requests in", out))
    wrong = int(found(r"Non-2xx or 3xx responses: (\d+)", out, "0"))
    if keep:
        item.errors += wrong
        item.per_second.append(float(found(r"Requests/sec:\s+([\d.]+)", out)))
        item.p99_ms.append(in_ms(found(r"99%\s+([\d.]+\w+)", out)))
        item.cpu_us.append(used / max(done, 1) * 1e6)


def command(item: Item, seconds: int) -> list[str]:
    line = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "--latency"]
    for name, value in item.headers.items():
        line += ["-H", f"{name}: {value}"]
    if item.bodies:
        line += ["-s", str(lua(item))]
    return [*line, f"http://127.0.0.1:{item.port}{item.path}"]


def lua(item: Item) -> Path:
    """A script for wrk that sends each line of the file once, over all bursts."""
    assert item.bodies
    script, place = item.bodies.with_suffix(".lua"), item.bodies.with_suffix(".place")
    script.write_text(f"""
local file = io.open("{item.bodies}")
local place = io.open("{place}")
if place then file:seek("set", tonumber(place:read("*a"))) place:close() end
request = function()
  local line = file:read("*l")
  local at = io.open("{place}", "w") at:write(file:seek()) at:close()
  wrk.headers["Content-Type"] = "application/json"
  return wrk.format("POST", nil, wrk.headers, line)
end
""")
    return script


def report(items: list[Item], file: Path | None) -> int:
    print(f"{CLIENTS} clients, server on one core, load on another; medians\n")
    print(f"{'':14} {'requests/s':>11} {'p99 ms':>8} {'cpu µs':>8}")
    for item in items:
        print(
            f"{item.name:14} {statistics.median(item.per_second):11,.0f} {statistics.median(item.p99_ms):8.2f}"
            f" {statistics.median(item.cpu_us):8.1f}" + (f"   {item.errors} errors" if item.errors else "")
        )
    named = {item.name: item for item in items}
    ratios, missed = {}, [item.name for item in items if item.errors]
    print()
    for (name, base), least in BUDGETS.items():
        pairs = zip(named[name].per_second, named[base].per_second, strict=True)
        ratio = statistics.median(one / other for one, other in pairs)
        ratios[f"{name} / {base}"] = {"ratio": round(ratio, 3), "atLeast": least, "ok": ratio >= least}
        print(f"{name} / {base}: {ratio:.2f} (at least {least:.2f}) {'ok' if ratio >= least else 'MISSED'}")
        if ratio < least:
            missed.append(name)
    if file:
        figures = {
            item.name: {"perSecond": item.per_second, "p99Ms": item.p99_ms, "cpuUs": item.cpu_us} for item in items
        }
        file.write_text(json.dumps({"clients": CLIENTS, "items": figures, "ratios": ratios}, indent=1))
    return 1 if missed else 0


# --------------------------------------------------------------------------- servers


@contextmanager
def process(work: Callable[[], None], port: int) -> Iterator[int]:
    """A server in a process of its own on core 0, ready when it answers; ended by its id."""
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {0})
        try:
            work()
        finally:
            os._exit(0)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).read()
                break
            except OSError:
                time.sleep(0.05)
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def serve_bare(port: int) -> None:
    uvicorn.run(bare, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False, log_level="error")


def config(folder: Path, port: int) -> Config:
    return Config(server=Server(port=port), keys=Keys(file=str(folder / "key")), limits=LIMITS)


def signed_in(port: int, name: str) -> dict[str, str]:
    """The headers of somebody who signed in."""
    body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/auth/login", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    answer = msgspec.json.decode(urllib.request.urlopen(request, timeout=10).read())
    return {"Authorization": f"Bearer {answer['accessToken']}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def on_core(number: int) -> Callable[[], None]:
    return lambda: os.sched_setaffinity(0, {number})


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def found(pattern: str, text: str, default: str | None = None) -> str:
    match = re.search(pattern, text)
    if match is None:
        if default is None:
            raise RuntimeError(f"wrk said: {text}")
        return default
    return match.group(1)


def in_ms(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


if __name__ == "__main__":
    sys.exit(main())
