"""What hangs on the disk and on more than one core: slow syncs, a storm of logins, the vault, the start with much data."""

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from esante.kernel import audit_log, checkpoints, files
from esante.kernel.checkpoints import Signer
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.vault import Vault
from scripts.benchmark import clinic, harness, own
from scripts.benchmark.clinic import PASSWORD, Clinic
from scripts.benchmark.harness import Burst, Load
from scripts.benchmark.report import median_ratio, ratios
from scripts.benchmark.run import Run

SLOW_MS = 3
SLOW_CLIENTS = 64
LOGINS = 20
GIGABYTE = 1_000_000_000
VAULT_BYTES = 10_000_000
CHUNK = 64 * 1024


def slow_sync(run: Run) -> None:
    """Bookings where each sync takes 3 ms more, against the same product with one commit for each command."""
    slow = own.slow_disk(run.folder, SLOW_MS)
    loads = {}
    for name, one_each in (("booking, 3 ms syncs", False), ("one commit each, 3 ms syncs", True)):
        made = run.fresh(0, run.folder / f"slow-{one_each}")
        server = run.running.enter_context(own.serve(made, one_each=one_each, **slow))
        bodies = harness.Bodies(run.file("slow"), clinic.bookings(made))
        desk = own.signed_in(server, "chloe")
        loads[name] = Load(server, "/api/v1/appointments", desk, SLOW_CLIENTS, script=bodies)
    found = harness.rounds(loads, max(run.form.rounds - 1, 3), 2, run.say)
    run.report.keep("slow-sync", found)
    ratio = ratios(*found.values())
    run.report.at_least(
        "slow-sync", f"booking with 3 ms syncs, {SLOW_CLIENTS} clients / a commit per request", ratio, 8
    )
    for load in loads.values():
        load.server.stop()


def logins(run: Run) -> None:
    """Plain reads while twenty people sign in at once, over and over; nothing is pinned."""
    server = run.server
    harness.pin(server.pid, {harness.SERVER_CORE, harness.LOAD_CORE})
    body = msgspec.json.encode({"identifier": "emma@demo.esante.example", "password": PASSWORD}).decode()
    script = run.file("login.lua")
    script.write_text(f"wrk.method = 'POST' wrk.body = '{body}' wrk.headers['Content-Type'] = 'application/json'\n")
    storm = ["wrk", "-t1", f"-c{LOGINS}", "--timeout", "30s", "--latency", "-s", str(script)]
    found: dict[str, list[Burst]] = {"reads, nobody signs in": [], "reads in a storm of logins": [], "logins": []}
    number = max(run.form.rounds - 1, 3)
    for turn in range(number + 1):
        run.say(f"round {turn} of {number}")
        idle = run.plain_read.run(2, core=None)
        process = subprocess.Popen(
            [*storm, "-d4s", f"{server.address}/api/v1/auth/login"], stdout=subprocess.PIPE, text=True
        )
        time.sleep(0.7)
        busy = run.plain_read.run(2, core=None)
        signed = harness.understood(process.communicate()[0])
        if turn:
            for name, burst in zip(found, (idle, busy, signed), strict=True):
                found[name].append(burst)
    harness.pin(server.pid, {harness.SERVER_CORE})
    run.report.keep("logins", found)
    idle_, busy_, signed_ = found.values()
    run.report.at_least("logins", f"reads beside {LOGINS} logins at once / reads alone", ratios(busy_, idle_), 0.75)
    rate = statistics.median(burst.per_second for burst in signed_)
    run.report.state("logins", "logins a second meanwhile", rate, "/s")


def vault(run: Run) -> None:
    """10 MB in pieces of 64 KiB, sealed and synced, against one plain write of the same that is as safe: synced, under its
    name, with its folder synced."""
    folder, content = run.folder / "vault", os.urandom(VAULT_BYTES)
    for number in range(256):  # as a vault has them that is in use
        (folder / f"{number:02x}").mkdir(parents=True)
    store = Vault(folder, os.urandom(32))
    plain, sealed = asyncio.run(_in_turn(store, run.folder / "plain", content, 5 * run.form.rounds))
    run.report.at_least(
        "vault", "10 MB sealed and as durable as a plain write / that write", median_ratio(plain, sealed), 0.60
    )
    run.report.state("vault", "sealed and synced", VAULT_BYTES / 1e6 / statistics.median(sealed), " MB/s")


async def _in_turn(store: Vault, path: Path, content: bytes, turns: int) -> tuple[list[float], list[float]]:
    """The seconds of each write, plain and sealed; the first three warm up."""

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(content), CHUNK):
            yield content[at : at + CHUNK]

    plain, sealed = [], []
    for _ in range(turns + 3):
        plain.append(_timed(lambda: _write(path, content)))
        os.unlink(path)
        began = time.perf_counter()
        kept = await store.save(pieces())
        sealed.append(time.perf_counter() - began)
        store.remove(kept.id)
    return plain[3:], sealed[3:]


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".part")
    with draft.open("wb", buffering=0) as out:
        out.write(content)
        os.fsync(out.fileno())
    files.settle(draft, path)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def start(run: Run) -> None:
    """From `esante serve` to the first good answer of `/api/v1/ready`, with a database of 1 GB."""
    made = run.fresh(0, run.folder / "gigabyte")
    run.say("filling a database up to 1 GB")
    size = clinic.pad(made, GIGABYTE)
    os.sync()
    took = []
    for _ in range(3):
        with own.serve(made, core=None) as server:
            took.append(server.seconds_to_ready)
    run.report.at_most("start", f"with {size / 1e9:.2f} GB until ready", statistics.median(took), 3, " s")
    _remove(made)


def _remove(made: Clinic) -> None:
    for path in made.data.glob(f"{DATABASE}*"):
        path.unlink()


def verify(run: Run) -> None:
    """The whole audit log, chain and signed checkpoints, against a bare scan of the same table; one core."""
    made = run.main
    ring = made.keyring()
    conn, signer = open_database(made.data / DATABASE, ring.key("database"), "slow-reader"), Signer(ring)
    scans, checks, lines = [], [], 0

    def check() -> None:
        nonlocal lines
        verdict = audit_log.verify(conn, ring.audit_keys, signed=checkpoints.kept(conn, signer))
        if not verdict.ok:
            raise RuntimeError(verdict.problem)
        lines = verdict.lines

    for _ in range(5):
        scans.append(_timed(lambda: sum(1 for _ in conn.execute(audit_log.SELECT))))
        checks.append(_timed(check))
    conn.close()
    run.report.at_least("verify", f"{lines:,} audit lines verified / scanned", median_ratio(scans, checks), 0.25)
    run.report.state("verify", "lines verified a second", lines / statistics.median(checks), "/s")
