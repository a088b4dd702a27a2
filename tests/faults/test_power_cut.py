"""The power goes while the whole clinic works on a disk that keeps back what was not synced (`powerdisk`).

What was acknowledged is there, the log is whole and agrees with the witness, every file that a row names opens, and the next
start is a clean one. The ledger of what was acknowledged lies outside.
"""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from esante.app import DATABASE
from esante.cli.backup_ways import named_files
from esante.demo import Furnished
from esante.kernel import audit_log, keyring
from esante.kernel.connection import open_database
from esante.kernel.vault import Vault
from esante.kernel.witness import Witness, gap_message
from tests.conftest import PASSWORD
from tests.faults import powerdisk
from tests.faults.figures import SIZE, control, tell, times
from tests.faults.powerdisk import PowerDisk, Recording
from tests.faults.test_full_disk import picture
from tests.faults.test_kill import bookings, missing
from tests.process import Served

pytestmark = pytest.mark.skipif(powerdisk.missing() is not None, reason=str(powerdisk.missing()))

ROUNDS = times(short=1, quick=30, full=300)
CLIENTS = 8
KEPT = (0.0, 0.0, 0.3, 0.7, 1.0)
"""So much of what was not synced is there after all."""


class Box:
    """A clinic whose disk loses its power again and again."""

    def __init__(self, furnished: tuple[Path, Furnished], folder: Path) -> None:
        self.mount, self.left, self.looked_at = (folder / name for name in ("data", "left", "looked-at"))
        self.config, self.wishes = folder / "esante.toml", bookings(furnished[1])
        self.booked: list[str] = []
        self.logos: list[int] = []
        self.lost = 0
        self.slowest = 0.0
        shutil.copytree(furnished[0], self.left)
        self.config.write_text(
            "[limits]\nconnections_per_address = 1000\nrequests_per_account = 1000000\nuploads_per_account = 1000000\n"
            f'ballast_bytes = 0\n[log]\nlevel = "error"\n[keys]\nfile = "{furnished[0] / "demo-key"}"\n'
            "[backup]\nnightly = false\n"
        )

    def round(self, dice: random.Random, keep: float, *, lies: bool = False) -> list[str]:
        """Start on what the last cut has left, work, lose the power; what is wrong with what is left now."""
        disk = PowerDisk(self.left, self.mount, lies=lies)
        try:
            server = Served(self.mount, self.config)
            self.slowest = max(self.slowest, server.seconds_to_ready)
            try:
                health = httpx.get(f"{server.address}/api/v1/health").json()
                recording = asyncio.run(self._work(server, disk, dice.uniform(0.1, 0.5)))
            finally:
                server.kill()
        finally:
            disk.close()
        tree, lost = recording.end().cut(dice, keep)
        self.lost += lost
        tree.write(self.left)
        tree.write(self.looked_at)
        wrong = [] if health["status"] == "ok" else [f"not a clean start: {health}"]
        return wrong + self._wrong()

    async def _work(self, server: Served, disk: PowerDisk, seconds: float) -> Recording:
        """So long, and until a booking and a file were acknowledged: only what was can be lost."""
        gone, booked, logos = asyncio.Event(), len(self.booked), len(self.logos)
        async with (
            httpx.AsyncClient(base_url=f"{server.address}/api/v1", timeout=10) as desk,
            httpx.AsyncClient(base_url=f"{server.address}/api/v1", timeout=10) as admin,
        ):
            await sign_in(desk, "chloe")
            await sign_in(admin, "gwen")

            async def book() -> None:
                while not gone.is_set():
                    answer = await desk.post("/appointments", json=next(self.wishes))
                    if answer.status_code == 201:
                        self.booked.append(answer.json()["id"])
                    else:
                        assert gone.is_set(), answer.text

            async def upload() -> None:
                while not gone.is_set():
                    headers = {"content-type": "image/png"}
                    answer = await admin.put("/settings/logo", content=PICTURE, headers=headers)
                    if answer.status_code == 200:
                        self.logos.append(answer.json()["version"])
                    else:
                        assert gone.is_set(), answer.text

            async def until_the_end(work: Any) -> None:
                with suppress(httpx.HTTPError):
                    await work

            work = [asyncio.create_task(until_the_end(one)) for one in (*(book() for _ in range(CLIENTS)), upload())]
            await asyncio.sleep(seconds)
            async with asyncio.timeout(30):
                while len(self.booked) == booked or len(self.logos) == logos:  # noqa: ASYNC110 -- told by the server
                    await asyncio.sleep(0.005)
            gone.set()
            recording = await asyncio.to_thread(disk.cut)
            server.process.kill()
            await asyncio.gather(*work)
            return recording

    def _wrong(self) -> list[str]:
        try:
            return [*wrong_with(self.looked_at), *(f"{id} is lost" for id in missing(self.looked_at, self.booked))]
        except Exception as error:
            return [repr(error)]


PICTURE = picture()


def wrong_with(data: Path) -> list[str]:
    """Of a clinic that nobody runs: pages, log, witness, files."""
    ring = keyring.unlock(data, data / "demo-key")
    conn = open_database(data / DATABASE, ring.key("database"), "reader")
    try:
        pages = conn.execute("PRAGMA integrity_check").get
        verdict = audit_log.verify(conn, ring.audit_keys)
        gap = gap_message(conn, Witness(data, ring.key("audit")), audit_log.head(conn))
        names = named_files(conn)
    finally:
        conn.close()
    wrong = [str(pages)] if pages != "ok" else []
    wrong += [str(verdict.problem)] if not verdict.ok else []
    wrong += [gap] if gap else []
    vault = Vault(data / "files", ring.key("files"))
    for id in names:
        try:
            asyncio.run(_read(vault.open(id)))
        except Exception as error:
            wrong.append(f"file {id}: {error!r}")
    return wrong


async def _read(blocks: AsyncIterator[bytes]) -> None:
    async for _ in blocks:
        pass


async def sign_in(client: httpx.AsyncClient, name: str) -> None:
    body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD}
    answer = await client.post("/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    client.headers["authorization"] = f"Bearer {answer.json()['accessToken']}"


@pytest.fixture
def box(furnished: tuple[Path, Furnished], tmp_path: Path) -> Box:
    return Box(furnished, tmp_path)


def test_nothing_acknowledged_is_lost(box: Box) -> None:
    dice, broken = random.Random(11), dict[int, list[str]]()
    for number in range(ROUNDS):
        if wrong := box.round(dice, dice.choice(KEPT)):
            broken[number] = wrong[:5]
    done = len(box.booked) + len(box.logos)
    tell(ROUNDS, len(broken), worst_seconds=box.slowest, acknowledged=done, pieces_lost=box.lost)
    assert broken == {}
    assert len(box.booked) > ROUNDS // 2
    assert len(box.logos) > ROUNDS // 2
    assert box.lost or SIZE == "short", "nothing was lost with the power: this proves nothing"


def test_a_disk_that_does_not_sync_is_found(box: Box) -> None:
    """The control."""
    wrong = box.round(random.Random(3), 0.0, lies=True)
    control("a disk that only says that it has synced", bool(wrong))
    assert wrong


@pytest.mark.skipif(SIZE == "short", reason="a longer proof: scripts/faults")
def test_a_disk_that_syncs_only_some_is_found_too(box: Box) -> None:
    """The control of the torn writes: half of everything is there."""
    wrong = box.round(random.Random(3), 0.5, lies=True)
    control("the same, with half of what it had promised", bool(wrong))
    assert wrong
