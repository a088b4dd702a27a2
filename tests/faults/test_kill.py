"""kill -9 under load: nothing acknowledged is lost, the chain is whole, every job is done exactly once.

The ledger of what was acknowledged lies outside the server: in this process.
"""

import asyncio
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from esante.app import DATABASE
from esante.demo import Furnished
from esante.kernel import audit_log, keyring
from esante.kernel.connection import open_database
from tests.conftest import PASSWORD
from tests.faults.figures import control, tell, times
from tests.live import Postman, wait_until
from tests.process import Served, run

CYCLES = times(short=20, quick=60, full=500)
CLIENTS = 12


@pytest.fixture
def postman() -> Iterator[Postman]:
    postman = Postman()
    yield postman
    postman.close()


def test_nothing_acknowledged_is_lost(furnished: tuple[Path, Furnished], tmp_path: Path, postman: Postman) -> None:
    data, config = tmp_path / "data", tmp_path / "esante.toml"
    shutil.copytree(furnished[0], data)
    config.write_text(
        f'[mail]\nhost = "127.0.0.1"\nport = {postman.port}\nencryption = "none"\nsender = "clinic@demo.esante.example"\n'
        '[limits]\nconnections_per_address = 1000\n[log]\nlevel = "error"\n'
    )
    dice, ledger, wishes = random.Random(3), list[str](), bookings(furnished[1])
    slowest = 0.0
    for _ in range(CYCLES):
        server = Served(data, config)
        slowest = max(slowest, server.seconds_to_ready)
        asyncio.run(load(server, wishes, ledger, dice.uniform(0.05, 0.5)))
    assert len(ledger) > CYCLES, "the load was too small to prove anything"

    cut = tmp_path / "cut"  # the control: the same check must find what a lost write-ahead log takes away
    shutil.copytree(data, cut)
    wal = cut / f"{DATABASE}-wal"
    os.truncate(wal, wal.stat().st_size // 3)
    control("the log of the last round cut to a third", bool(found := missing(cut, ledger)))
    assert found, "the check finds nothing: it proves nothing"

    server = Served(data, config)
    wait_until(lambda: open_jobs(data) == 0, 180)  # a mail that failed under load is tried again after a minute
    assert server.stop() == 0
    lost = missing(data, ledger)
    tell(CYCLES, len(lost), worst_seconds=slowest, acknowledged=len(ledger))
    assert lost == []
    assert verdict(data).ok

    told = Counter(
        subject for (subject,) in rows(data, "SELECT subject FROM notification WHERE kind = 'appointment_confirmed'")
    )
    booked = {id for (id,) in rows(data, "SELECT id FROM appointment")}
    assert set(told) == booked
    assert set(told.values()) == {1}, "a job's effect in the database happened more than once"
    deliveries = rows(data, "SELECT state, count(*) FROM delivery WHERE kind = 'appointment_confirmed' GROUP BY state")
    assert deliveries == [("sent", len(booked))]
    sent = Counter(mail["Message-ID"] for mail in postman.mails if mail["To"].split("@")[0] in ("driss", "emma"))
    assert len(sent) == len(booked), "a mail that repeats must carry the same Message-ID"
    assert sum(sent.values()) - len(sent) <= CYCLES * 64
    assert run("audit", "verify", "--data", str(data), "--config", str(config)).returncode == 0


async def load(server: Served, wishes: Iterator[dict[str, Any]], ledger: list[str], seconds: float) -> None:
    """Book as fast as the server takes it, until it is killed in the middle."""
    async with httpx.AsyncClient(base_url=f"{server.address}/api/v1", timeout=5) as client:
        body = {"identifier": "chloe@demo.esante.example", "password": PASSWORD}
        token = (await client.post("/auth/login", json=body)).json()["accessToken"]
        client.headers["authorization"] = f"Bearer {token}"

        async def book() -> None:
            try:
                while True:
                    answer = await client.post("/appointments", json=next(wishes))
                    assert answer.status_code == 201, answer.text
                    ledger.append(answer.json()["id"])
            except httpx.HTTPError:
                return

        desks = [asyncio.create_task(book()) for _ in range(CLIENTS)]
        await asyncio.sleep(seconds)
        server.kill()
        await asyncio.gather(*desks)


def bookings(made: Furnished) -> Iterator[dict[str, Any]]:
    """Free times from tomorrow on, for the two patients who have accounts."""
    start = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ005 - wall times of the clinic
    for day in range(1, 3000):
        for half_hour in (*range(16, 25), *range(27, 36)):
            for doctor, patient in (("amina", "driss"), ("bruno", "emma")):
                at = start + timedelta(days=day, minutes=30 * half_hour)
                yield {
                    "practitionerId": made.people[doctor],
                    "typeId": made.types["consultation"],
                    "patientId": made.people[patient],
                    "startsAt": at.isoformat(timespec="seconds"),
                    "reason": "Load",
                }


def rows(data: Path, sql: str) -> list[Any]:
    conn = open_database(data / DATABASE, keyring.unlock(data, data / "demo-key").key("database"), "reader")
    try:
        return conn.execute(sql).fetchall()
    finally:
        conn.close()


def missing(data: Path, ledger: list[str]) -> list[str]:
    """What was acknowledged and is not there."""
    there = {id for (id,) in rows(data, "SELECT id FROM appointment")}
    return [id for id in ledger if id not in there]


def open_jobs(data: Path) -> int:
    return int(rows(data, "SELECT count(*) FROM job WHERE done_at IS NULL AND failed_at IS NULL")[0][0])


def verdict(data: Path) -> audit_log.Verdict:
    keys = keyring.unlock(data, data / "demo-key")
    conn = open_database(data / DATABASE, keys.key("database"), "reader")
    try:
        return audit_log.verify(conn, keys.audit_keys)
    finally:
        conn.close()
