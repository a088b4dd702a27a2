"""Ten thousand wrong passwords for one doctor from 250 addresses, over real sockets: the doctor's own device gets in (R10).

The clinic runs as it is shipped, in a process of its own, with its limits and its cost of Argon2; the attackers in another.
"""

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from esante.demo import Furnished
from tests.conftest import PASSWORD
from tests.process import ROOT, Served

PROMISED_SECONDS = 2.0
GRACE = 3
"""The tests share two cores with whatever else runs; what was measured where nothing does is printed (`-rP`)."""

EMAIL = "amina@demo.esante.example"
KNOWN = "the-laptop-of-amina"
ADDRESSES, EACH = 250, 40
Logins = list[tuple[int, float]]


@pytest.fixture
def served(furnished: tuple[Path, Furnished], tmp_path: Path) -> Iterator[Served]:
    shutil.copytree(furnished[0], tmp_path / "data")
    config = tmp_path / "esante.toml"
    config.write_text(f'[keys]\nfile = "{tmp_path / "data" / "demo-key"}"\n')
    server = Served(tmp_path / "data", config)
    try:
        yield server
    finally:
        server.stop()


def log_in(client: httpx.Client) -> tuple[int, float]:
    """The doctor, on the known laptop, at an address that is not among the attackers'."""
    body = {"identifier": EMAIL, "password": PASSWORD, "deviceId": KNOWN}
    started = time.monotonic()
    answer = client.post("/api/v1/auth/login", json=body)
    return answer.status_code, time.monotonic() - started


def under_attack(served: Served, addresses: int, each: int, *identifier: str) -> tuple[Counter[int], Logins]:
    """What the attackers got, and what the doctor got meanwhile."""
    command = [
        sys.executable,
        "-m",
        "tests.identity.flood",
        served.address.rpartition(":")[2],
        str(addresses),
        str(each),
    ]
    with httpx.Client(base_url=served.address, timeout=30) as client:
        logins = [log_in(client)]  # from now on the laptop is known, and the password hashed at today's cost
        attackers = subprocess.Popen([*command, *identifier], stdout=subprocess.PIPE, cwd=ROOT)
        while attackers.poll() is None:
            logins.append(log_in(client))
            time.sleep(0.05)
        out, _ = attackers.communicate()
        logins.append(log_in(client))
    assert [status for status, _ in logins] == [200] * len(logins)
    return Counter({int(status): count for status, count in json.loads(out).items()}), logins


def slowest(logins: Logins) -> float:
    return max(seconds for _, seconds in logins)


def test_it_works(served: Served) -> None:
    """One doctor's address, 10,000 times: five are checked, the others are refused before that."""
    statuses, logins = under_attack(served, ADDRESSES, EACH, EMAIL)
    assert statuses == {401: 5, 429: ADDRESSES * EACH - 5}
    print(f"known device under 10,000 wrong passwords: slowest of {len(logins)} sign-ins {slowest(logins):.3f} s")
    assert len(logins) > 2
    assert slowest(logins) < PROMISED_SECONDS * GRACE


def test_who_varies_the_address_fills_the_strangers_queue_only(served: Served) -> None:
    """Every guess names somebody else, so nothing but the count by address stops it: the known device goes ahead."""
    statuses, logins = under_attack(served, 100, 12)
    assert set(statuses) == {401, 429}
    print(f"known device while strangers fill their queue: slowest of {len(logins)} sign-ins {slowest(logins):.3f} s")
    assert len(logins) > 2
    assert slowest(logins) < PROMISED_SECONDS * GRACE


def test_the_strangers_answers_are_all_alike(served: Served) -> None:
    """What an attacker may learn of an address, known or not: nothing."""
    seen = []
    with httpx.Client(base_url=served.address, timeout=30) as client:
        for identifier in (EMAIL, "nobody@example.org"):
            body = {"identifier": identifier, "password": "Wrong-Horse-7"}
            found = [client.post("/api/v1/auth/login", json=body) for _ in range(7)]
            seen.append([(one.status_code, one.json()["error"]["message"]) for one in found])
    assert seen[0] == seen[1]
    assert [status for status, _ in seen[0]] == [401] * 5 + [429] * 2
