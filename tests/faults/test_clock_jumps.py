"""The clock of a real server is moved under it (libfaketime): nothing is removed, nobody is reminded twice, people get in.

Each round books a visit, so that the job runner wakes, and waits until it has looked for reminders at the new time.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from esante.demo import Furnished
from tests.conftest import PASSWORD, START
from tests.faults.figures import SIZE, control, tell
from tests.faults.test_kill import rows, verdict
from tests.live import wait_until
from tests.process import Served

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
FULL = SIZE == "full" or os.environ.get("ESANTE_FULL") == "1"
TRUSTING = "from esante.kernel.clock_guard import ClockGuard\nClockGuard.is_frozen = lambda guard: False\n"
"""The control: a clinic that believes every clock."""
SWEEPS = ("scheduling.forget_old", "identity.sweep", "kernel.forget_done_jobs", "kernel.forget_idempotency_keys")

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed here")


class Hand:
    """Moves the server's clock: the file that libfaketime reads."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "faketime"
        self._base = START + timedelta(days=1, hours=2) - datetime.now(UTC)
        self.moved = timedelta()
        self.move(timedelta())

    def move(self, by: timedelta) -> None:
        self.moved += by
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{(self._base + self.moved).total_seconds():+.0f}\n")
        draft.replace(self._file)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=round((self._base + self.moved).total_seconds()))

    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }


class House:
    """The served clinic under a moving clock."""

    def __init__(self, server: Served, data: Path, made: Furnished, hand: Hand) -> None:
        self.data, self.made, self.hand = data, made, hand
        self.client = httpx.Client(base_url=f"{server.address}/api/v1", timeout=20)
        self.metrics = f"{server.address}/metrics"
        days = (START.replace(hour=9) + timedelta(days=n) for n in range(2, 400))
        self._free = [day + timedelta(minutes=30 * slot) for day in days for slot in range(4) if day.weekday() < 5]
        self._furthest = hand.now()

    def sign_in(self, name: str) -> dict[str, str]:
        body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD}
        answer = self.client.post("/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['accessToken']}"}

    def book(self) -> datetime:
        """A visit two days ahead; for the clinic it is never earlier than it ever was."""
        self._furthest = max(self._furthest, self.hand.now())
        start = next(start for start in self._free if start > self._furthest + timedelta(hours=49))
        self._free.remove(start)
        wish = {
            "practitionerId": self.made.people["amina"],
            "typeId": self.made.types["consultation"],
            "patientId": self.made.people["driss"],
            "startsAt": start.isoformat(),
            "reason": "Clock",
        }
        answer = self.client.post("/appointments", json=wish, headers=self.sign_in("chloe"))
        assert answer.status_code == 201, answer.text
        return start

    def wait_for_reminders(self) -> None:
        """Until the runner has looked at the time as it is now."""
        key = f"scheduling.remind@{int(self.hand.now().timestamp()) // 300}"
        later = f"scheduling.remind@{int(self.hand.now().timestamp()) // 300 + 1}"
        for _ in range(10):
            with suppress(AssertionError):
                wait_until(lambda: bool(rows(self.data, f"SELECT 1 FROM job WHERE key IN ('{key}', '{later}')")), 6)
                return
            self.book()  # it looks every five seconds at most
        raise AssertionError("the runner did not look at the new time")

    def is_frozen(self) -> bool:
        return "esante_clock_frozen 1.0" in httpx.get(self.metrics, timeout=20).text

    def sweeps(self) -> Counter[str]:
        return Counter(name for (name,) in rows(self.data, "SELECT name FROM job") if name in SWEEPS)

    def reminders(self) -> Counter[Any]:
        found = rows(self.data, "SELECT subject, detail FROM audit WHERE action = 'reminder.due'")
        return Counter((subject, detail) for subject, detail in found)


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path)


@pytest.fixture
def server(furnished: tuple[Path, Furnished], tmp_path: Path, hand: Hand) -> Iterator[Served]:
    shutil.copytree(furnished[0], tmp_path / "data")
    (tmp_path / "esante.toml").write_text("[limits]\nrequests_per_address = 100000\ntries_per_address = 10000\n")
    server = Served(tmp_path / "data", tmp_path / "esante.toml", **hand.environment())
    yield server
    server.kill()


def jumps(until_visit: timedelta) -> list[timedelta]:
    """To 23 hours before the first visit, away and back again, to half an hour before it."""
    there = until_visit - timedelta(hours=23)
    short = [there, timedelta(days=-10), timedelta(days=10), timedelta(hours=22, minutes=30)]
    if not FULL:
        return short
    dice = random.Random(7)
    return short + [timedelta(minutes=dice.randint(-20_000, 20_000)) for _ in range(25)]


def test_it_works(server: Served, tmp_path: Path, furnished: tuple[Path, Furnished], hand: Hand) -> None:
    house = House(server, tmp_path / "data", furnished[1], hand)
    visit = house.book()
    house.wait_for_reminders()
    wait_until(lambda: house.sweeps().total() == len(SWEEPS), 60)  # the control: a good clock sweeps
    assert not house.is_frozen()
    swept = house.sweeps()

    secret = house.client.post("/auth/second-factor", headers=(gwen := house.sign_in("gwen"))).json()["secret"]
    code = pyotp.TOTP(secret).at(hand.now())
    assert house.client.post("/auth/second-factor/confirm", json={"code": code}, headers=gwen).status_code == 200

    for jump in jumps(visit - hand.now()):
        hand.move(jump)
        wait_until(house.is_frozen, 30)
        house.book()
        house.wait_for_reminders()
        assert house.sweeps() == swept, f"something was removed after a jump of {jump}"
        answer = house.client.get("/auth/me", headers=house.sign_in("driss"))
        assert answer.status_code == 200, f"after a jump of {jump}: {answer.text}"
    twice = sum(count > 1 for count in house.reminders().values())
    tell(len(jumps(visit - hand.now())), twice, reminders=len(house.reminders()))
    assert len(house.reminders()) >= 2, "too little was reminded of: this proves nothing"
    assert set(house.reminders().values()) == {1}

    hand.move(-hand.moved)  # the clock is right again: the telephone's code opens, the log is ahead
    body = {"identifier": "gwen@demo.esante.example", "password": PASSWORD}
    ticket = house.client.post("/auth/login", json=body).json()["ticket"]
    code = pyotp.TOTP(secret).at(hand.now() + timedelta(seconds=30))
    opened = house.client.post("/auth/login/second-factor", json={"ticket": ticket, "code": code})
    assert opened.status_code == 200, opened.text
    headers = {"authorization": f"Bearer {opened.json()['accessToken']}"}
    assert house.client.post("/admin/clock/confirm", headers=headers).status_code == 204
    assert house.is_frozen(), "the log is ahead of the clock"
    told = rows(house.data, "SELECT count(*) FROM notification WHERE kind = 'clock_doubted'")
    assert told == [(1,)], "one admin, told once"
    assert verdict(house.data).ok


@pytest.mark.skipif(SIZE == "short", reason="a longer proof: scripts/faults")
def test_a_clinic_that_believes_every_clock_is_found(
    furnished: tuple[Path, Furnished], tmp_path: Path, hand: Hand
) -> None:
    data, config = tmp_path / "data", tmp_path / "esante.toml"
    shutil.copytree(furnished[0], data)
    config.write_text("[limits]\nrequests_per_address = 100000\ntries_per_address = 10000\n")
    server = Served(data, config, prelude=TRUSTING, **hand.environment())
    try:
        house = House(server, data, furnished[1], hand)
        house.book()
        wait_until(lambda: house.sweeps().total() == len(SWEEPS), 60)
        swept = house.sweeps()
        hand.move(timedelta(days=400))
        for _ in range(60):
            house.client.get("/doctors", headers=house.sign_in("chloe"))
            with suppress(AssertionError):
                wait_until(lambda: house.sweeps() != swept, 3)
                break
        found = house.sweeps() != swept
    finally:
        server.kill()
    control("a clinic that believes every clock", found)
    assert found


def test_it_comes_up_with_an_empty_battery(furnished: tuple[Path, Furnished], tmp_path: Path, hand: Hand) -> None:
    """In 1990: it serves, removes nothing, and the console confirms."""
    data, config = tmp_path / "data", tmp_path / "esante.toml"
    shutil.copytree(furnished[0], data)
    config.touch()
    hand.move(datetime(1990, 1, 1, tzinfo=UTC) - hand.now())
    server = Served(data, config, **hand.environment())
    house = House(server, data, furnished[1], hand)
    assert house.client.get("/auth/me", headers=house.sign_in("driss")).status_code == 200
    assert house.is_frozen()
    wait_until(lambda: bool(rows(data, "SELECT 1 FROM audit WHERE action = 'clock.doubted'")), 30)
    hand.move(START + timedelta(days=1) - hand.now())
    wait_until(lambda: house.client.get("/health").status_code == 200, 10)
    assert house.is_frozen(), "only a person says that the time is right"
    assert house.sweeps().total() == 0
    assert server.stop() == 0
