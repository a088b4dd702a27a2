"""Slow and abusive clients by the hundred: everybody else is served, memory is bounded, and nothing of them stays.

The attackers are a process of their own (`attackers`); meanwhile the desk works on.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from esante.demo import Furnished
from tests.faults.attackers import KINDS
from tests.faults.figures import SIZE, control, tell, times
from tests.faults.test_full_disk import signed_in
from tests.faults.test_kill import bookings
from tests.live import wait_until
from tests.process import ROOT, Served

EACH = times(short=10, quick=120, full=400)
"""So many connections of each of the kinds, all at once."""
DEADLINE = 2
"""Seconds for a header, and for a body that stalls: shorter than what is shipped, so that the tests are."""
BOUND = 10.0
SLOWEST = 10.0
"""Seconds, for what a desk asks meanwhile; the machine has other work too."""
MORE_MIB = 60 + EACH * len(KINDS) * 64 / 1024
"""What one connection may hold is bounded, by 64 KiB; so all of them are."""


class Usage(msgspec.Struct, frozen=True):
    """What a process holds."""

    mib: float
    descriptors: int


def usage(server: Served) -> Usage:
    place = Path("/proc") / str(server.process.pid)
    resident = int((place / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Usage(resident / 2**20, len(list((place / "fd").iterdir())))


def start(furnished: tuple[Path, Furnished], folder: Path, seconds: float) -> Served:
    shutil.copytree(furnished[0], folder / "data")
    config = folder / "esante.toml"
    config.write_text(
        f"[limits]\nheader_seconds = {seconds}\nbody_stall_seconds = {seconds}\nrequests_per_account = 1000000\n"
        f'[log]\nlevel = "error"\n[keys]\nfile = "{folder}/data/demo-key"\n'
    )
    return Served(folder / "data", config)


@pytest.fixture
def server(furnished: tuple[Path, Furnished], tmp_path: Path) -> Iterator[Served]:
    server = start(furnished, tmp_path, DEADLINE)
    yield server
    server.kill()


def attackers(server: Served, bound: float = BOUND) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.faults.attackers", str(server.port), str(EACH), str(bound)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)


def ends(process: "subprocess.Popen[str]") -> dict[str, dict[str, int]]:
    out, _ = process.communicate(timeout=400)
    found: dict[str, dict[str, int]] = json.loads(out)
    return found


def still_open(found: dict[str, dict[str, int]]) -> dict[str, int]:
    return {kind: how["open"] for kind, how in found.items() if "open" in how}


def test_the_others_are_served(server: Served, furnished: tuple[Path, Furnished]) -> None:
    desk, wishes = signed_in(server, "chloe"), bookings(furnished[1])
    before = usage(server)
    most, waits, refused = before, list[float](), list[Any]()
    attack = attackers(server)
    while attack.poll() is None:
        for ask in (lambda: desk.get("/appointments"), lambda: desk.post("/appointments", json=next(wishes))):
            started = time.monotonic()
            answer = ask()
            waits.append(time.monotonic() - started)
            refused += [answer.text] if answer.status_code >= 400 else []
        now = usage(server)
        most = Usage(max(most.mib, now.mib), max(most.descriptors, now.descriptors))
        time.sleep(0.01)
    found = ends(attack)
    left = still_open(found)
    tell(
        EACH * len(KINDS), sum(left.values()) + len(refused), worst_seconds=max(waits), served_meanwhile=len(waits),
        worst_mib_more=round(most.mib - before.mib), worst_descriptors=most.descriptors,
    )  # fmt: skip
    assert left == {}, found
    assert refused == []
    assert max(waits) < SLOWEST
    assert most.mib - before.mib < MORE_MIB
    assert most.descriptors > before.descriptors + EACH, "there were never many: this proves nothing"
    wait_until(lambda: usage(server).descriptors <= before.descriptors + 2, 20)
    for kind in ("huge_header", "many_headers", "huge_body", "endless_chunks", "smuggled", "garbage"):
        assert set(found[kind]) <= {"400", "408", "413", "429", "431", "closed"}, (kind, found[kind])
    assert server.stop() == 0


@pytest.mark.skipif(SIZE == "short", reason="a longer proof: scripts/faults")
def test_a_server_that_waits_for_ever_is_found(furnished: tuple[Path, Furnished], tmp_path: Path) -> None:
    """The control: the same check, and no deadlines."""
    server = start(furnished, tmp_path, 3_600)
    try:
        left = still_open(ends(attackers(server, 4.0)))
    finally:
        server.kill()
    control("a server without deadlines", {"nothing", "slow_header", "stalled_body"} <= set(left))
    assert {"nothing", "slow_header", "stalled_body"} <= set(left)
