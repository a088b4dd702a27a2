"""Ten thousand wrong passwords for one doctor from 250 addresses, over real sockets: the doctor's own device gets in (R10)."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher

from esante.demo import Furnished
from esante.kernel.config import Config, Keys, Limits
from esante.kernel.passwords import Passwords
from tests.conftest import PASSWORD, Clock
from tests.live import Live, served

EMAIL = "amina@demo.esante.example"
KNOWN = "the-laptop-of-amina"
ADDRESSES, EACH = 250, 40
HEAD = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture
def live(furnished: tuple[Path, Furnished], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """With the limits and the Argon2 parameters that are shipped: each check costs what it costs in a clinic."""
    real = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    monkeypatch.setattr("esante.app.Passwords", lambda: Passwords(real))
    shutil.copytree(furnished[0], tmp_path / "data")
    config = Config(keys=Keys(file=str(tmp_path / "data" / "demo-key")), limits=Limits(connections_per_address=1_000))
    with served(tmp_path / "data", config, Clock()) as running:
        yield running


async def attack(port: int, identifiers: list[str], statuses: Counter[int], number: int) -> None:
    """One address: wrong passwords, one after the other, over one connection."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, local_addr=(f"127.0.{1 + number // 50}.{1 + number % 50}", 0)
    )
    for identifier in identifiers:
        body = msgspec.json.encode(
            {"identifier": identifier, "password": "Wrong-Horse-7", "deviceId": f"attacker-{number}"}
        )
        writer.write(HEAD % len(body) + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        statuses[int(answer[9:12])] += 1
        length = next(int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(length)
    writer.close()


def log_in(live: Live) -> tuple[int, float]:
    """The doctor, on the known laptop, at an address that is not among the attackers'."""
    body = {"identifier": EMAIL, "password": PASSWORD, "deviceId": KNOWN}
    started = time.monotonic()
    answer = httpx.post(f"{live.address}/api/v1/auth/login", json=body, timeout=30)
    return answer.status_code, time.monotonic() - started


async def under_attack(live: Live, identifiers: list[list[str]]) -> tuple[Counter[int], list[tuple[int, float]]]:
    """What the attackers got, and what the doctor got meanwhile, every tenth of a second."""
    statuses: Counter[int] = Counter()
    attackers = [
        asyncio.create_task(attack(live.port, mine, statuses, number)) for number, mine in enumerate(identifiers)
    ]
    logins: list[tuple[int, float]] = []
    while not all(one.done() for one in attackers):
        if len(logins) < 4:  # right ones do not count, but five wrong ones of the device itself would
            logins.append(await asyncio.to_thread(log_in, live))
        await asyncio.sleep(0.1)
    await asyncio.gather(*attackers)
    logins.append(await asyncio.to_thread(log_in, live))
    return statuses, logins


def test_it_works(live: Live) -> None:
    """One doctor's address, 10,000 times: five are hashed, the others are refused before it."""
    assert log_in(live)[0] == 200
    checks = live.app.clinic.passwords.checks
    statuses, logins = asyncio.run(under_attack(live, [[EMAIL] * EACH] * ADDRESSES))
    assert sum(statuses.values()) == ADDRESSES * EACH == 10_000
    assert statuses == {401: 5, 429: 9_995}
    assert live.app.clinic.passwords.checks - checks == 5 + len(logins)
    assert [status for status, _ in logins] == [200] * len(logins)
    slowest = max(seconds for _, seconds in logins)
    print(f"known device under 10,000 wrong passwords: slowest of {len(logins)} sign-ins {slowest:.3f} s")
    assert slowest < 2


def test_who_varies_the_address_fills_the_strangers_queue_only(live: Live) -> None:
    """Every guess names somebody else, so nothing but the count by address stops it: the known device goes ahead."""
    assert log_in(live)[0] == 200
    spray = [[f"somebody{number}x{turn}@example.org" for turn in range(12)] for number in range(100)]
    statuses, logins = asyncio.run(under_attack(live, spray))
    assert set(statuses) == {401, 429}
    assert [status for status, _ in logins] == [200] * len(logins)
    slowest = max(seconds for _, seconds in logins)
    print(f"known device while strangers fill their queue: slowest of {len(logins)} sign-ins {slowest:.3f} s")
    assert slowest < 2


def test_the_strangers_answers_are_all_alike(live: Live) -> None:
    """What an attacker may learn of an address, known or not: nothing."""
    client: Any = live.client()
    seen = []
    for identifier in (EMAIL, "nobody@example.org"):
        found = [
            client.post("/auth/login", json={"identifier": identifier, "password": "Wrong-Horse-7"}) for _ in range(7)
        ]
        seen.append([(one.status_code, one.json()["error"]["message"]) for one in found])
    assert seen[0] == seen[1]
