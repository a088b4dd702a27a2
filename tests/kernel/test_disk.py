"""The disk guard: what is given up as room runs out, and that it comes back by itself."""

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from esante.kernel import disk
from esante.kernel.config import Limits
from esante.kernel.database import Database
from esante.kernel.disk import BALLAST, DiskGuard, Volume, essential
from esante.kernel.errors import DiskFull
from esante.kernel.transaction import WriteTx
from tests.kernel.conftest import Opener
from tests.kernel.ground import ACTOR, look_at, make, things

TOTAL = 1_000_000_000
LIMITS = Limits(ballast_bytes=1_000_000)


class Disk:
    """A disk whose free part is set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.percent = 50.0
        monkeypatch.setattr(disk, "measure", self._measure)

    def _measure(self, name: str, folder: Path) -> Volume:
        missing = 0 if (folder / BALLAST).exists() else 1_000_000
        return Volume(name=name, free_bytes=int(TOTAL * self.percent / 100) + missing, total_bytes=TOTAL)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def levels(guard: DiskGuard, room: Disk, *percents: float) -> list[str]:
    found = []
    for percent in percents:
        room.percent = percent
        guard.look()
        found.append(guard.level)
    return found


def test_it_works(tmp_path: Path, room: Disk) -> None:
    guard = DiskGuard(tmp_path, LIMITS)
    assert levels(guard, room, 50, 11, 9.9, 6, 4.9, 3, 1.9, 0) == [
        "ok", "ok", "low", "low", "no_uploads", "no_uploads", "no_writes", "no_writes",
    ]  # fmt: skip
    assert levels(guard, room, 3, 6, 12) == ["no_uploads", "low", "ok"]


def test_at_a_mark_it_does_not_come_and_go(tmp_path: Path, room: Disk) -> None:
    guard = DiskGuard(tmp_path, LIMITS)
    assert levels(guard, room, 9.9, 10.1, 9.9, 10.4, 10.6) == ["low", "low", "low", "low", "ok"]


def test_the_ballast_is_kept_freed_when_it_is_needed_and_restored(tmp_path: Path, room: Disk) -> None:
    guard, ballast = DiskGuard(tmp_path, LIMITS), tmp_path / BALLAST
    levels(guard, room, 50)
    assert ballast.stat().st_size == 1_000_000
    assert ballast.stat().st_blocks * 512 >= 1_000_000, "a hole keeps no room free"
    assert ballast.stat().st_mode & 0o777 == 0o600
    levels(guard, room, 4)
    assert ballast.exists()
    levels(guard, room, 1)
    assert not ballast.exists()
    levels(guard, room, 4)
    assert not ballast.exists()
    levels(guard, room, 30)
    assert ballast.exists()


def test_it_takes_no_more_than_a_hundredth_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SimpleNamespace(f_bavail=900, f_blocks=1000, f_bfree=900, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda path: small)
    DiskGuard(tmp_path, Limits()).look()
    assert (tmp_path / BALLAST).stat().st_size == 40_960


def test_a_write_that_found_no_room_counts_whatever_the_numbers_say(
    tmp_path: Path, room: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quota: until the ballast fits in again."""
    guard = DiskGuard(tmp_path, LIMITS)
    levels(guard, room, 50)
    guard.note_full()
    assert guard.level == "no_writes"
    assert not (tmp_path / BALLAST).exists()
    with monkeypatch.context() as patch:

        def no_room(*args: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "posix_fallocate", no_room)
        assert levels(guard, room, 50, 50) == ["no_writes", "no_writes"]
        assert not (tmp_path / BALLAST).exists()
    assert levels(guard, room, 50) == ["ok"]


def test_a_disk_that_does_not_answer_changes_nothing(tmp_path: Path) -> None:
    assert disk.measure("x", tmp_path / "nowhere") is None
    guard = DiskGuard(tmp_path / "nowhere", LIMITS)
    guard.look()
    assert guard.level == "ok"


@essential
def make_at_last(tx: WriteTx, number: int) -> int:
    return make(tx, number)


async def test_a_full_disk_takes_what_must_be_and_reads_go_on(open_db: Opener, folder: Path, room: Disk) -> None:
    guard = DiskGuard(folder, LIMITS)
    db: Database = await open_db(disk=guard)
    await db.write(ACTOR, make, 1)
    levels(guard, room, 1)
    with pytest.raises(DiskFull) as refused:
        await db.write(ACTOR, make, 2)
    assert (refused.value.status, refused.value.retry_after) == (507, 60)
    assert db.unwritable
    assert await db.write(ACTOR, make_at_last, 3) == 3
    assert await db.look(ACTOR, look_at, 1) == 1
    assert db.read(ACTOR, things) == [1, 3]
    levels(guard, room, 30)
    assert db.unwritable is None
    assert await db.write(ACTOR, make, 2) == 2


async def test_no_room_in_the_file_frees_the_ballast_at_once(open_db: Opener, folder: Path, room: Disk) -> None:
    guard = DiskGuard(folder, LIMITS)
    db: Database = await open_db(disk=guard)
    levels(guard, room, 50)
    pages = db._writer.conn.pragma("page_count")
    db._writer.conn.execute(f"PRAGMA max_page_count = {pages}").fetchall()
    answers = [await gathered(db.write(ACTOR, make, number, "x" * 2000)) for number in range(200)]
    assert {type(one) for one in answers} == {int, DiskFull}
    assert guard.level == "no_writes"
    assert db.halted is None
    db._writer.conn.execute("PRAGMA max_page_count = 1000000").fetchall()
    levels(guard, room, 50)
    assert await db.write(ACTOR, make, 20_000) == 20_000


async def gathered(work: Any) -> Any:
    return (await asyncio.gather(work, return_exceptions=True))[0]


def uploads_refused(guard: DiskGuard) -> bool:
    try:
        guard.refuse_uploads()
    except DiskFull:
        return True
    return False


def test_uploads_end_first(tmp_path: Path, room: Disk) -> None:
    guard: Any = DiskGuard(tmp_path, LIMITS)
    seen = []
    for percent in (50, 9, 4, 1, 50):
        levels(guard, room, percent)
        seen.append(uploads_refused(guard))
    assert seen == [False, False, True, True, False]
