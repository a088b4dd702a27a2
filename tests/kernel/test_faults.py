"""What goes wrong by the way: errors of disk, witness, checkpoint and callbacks. The threads live, everyone is answered."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import structlog

from esante.kernel import audit_log
from esante.kernel.connection import open_database
from esante.kernel.database import Database
from esante.kernel.errors import Unavailable
from esante.kernel.writer import Writer
from tests.kernel.conftest import Opener
from tests.kernel.ground import ACTOR, AUDIT_KEY, KEY, NAME, Clock, in_another_process, make, things, until
from tests.kernel.test_two_processes import WRITE_ONE


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esante.kernel.database.CHECKPOINT_SECONDS", 0.01)


async def test_an_error_of_the_disk_halts_writing_answers_everyone_and_reads_go_on(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.write(ACTOR, make, 1)

    def break_down(*args: Any) -> None:
        raise apsw.IOError("fsync failed")

    with monkeypatch.context() as patch:
        patch.setattr(audit_log, "append", break_down)
        results = await asyncio.gather(*(db.write(ACTOR, make, n) for n in range(2, 1500)), return_exceptions=True)
    assert {getattr(result, "code", None) for result in results} == {"READ_ONLY"}
    assert "fsync failed" in str(db.halted)
    assert "start esante again" in str(db.halted)
    with pytest.raises(Unavailable):
        await db.write(ACTOR, make, 3)
    assert db.read(ACTOR, things) == [1]


async def test_after_the_next_start_it_writes_again(
    open_db: Opener, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    db = await open_db()
    db._writer.halt(apsw.IOError("once"))
    await db.stop()
    db = await open_db()
    assert await db.write(ACTOR, make, 1) == 1


async def test_a_disk_that_fails_under_a_checkpoint_halts_writing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise apsw.IOError("fsync failed")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "_checkpoint", staticmethod(fail))
        await until(lambda: db.halted)


@pytest.mark.parametrize("place", ["_checkpoint", "_bear_witness", "_shrink_wal", "_foreign_commit"])
async def test_a_thread_outlives_what_fails_by_the_way_and_says_it_once(
    open_db: Opener, monkeypatch: pytest.MonkeyPatch, logged: list[Any], place: str
) -> None:
    db = await open_db()
    fallen: list[int] = []

    def fail(*args: Any) -> None:
        fallen.append(1)
        raise apsw.FullError("no space")

    with monkeypatch.context() as patch:
        owner: type = Writer if place == "_foreign_commit" else Database
        patch.setattr(owner, place, staticmethod(fail) if place == "_checkpoint" else fail)
        for n in range(0 if place == "_foreign_commit" else 3):
            assert await db.write(ACTOR, make, n) == n
        await until(lambda: len(fallen) > 2)
    assert await db.write(ACTOR, make, 10) == 10
    assert [entry["event"] for entry in logged] == ["chore_failed"]
    await until(lambda: db.witness.read() is not None)


async def test_a_full_disk_under_the_witness_does_not_stop_the_clinic(
    db: Database, monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("esante.kernel.files.write_whole", full)
        for n in range(3):
            await db.write(ACTOR, make, n)
            await asyncio.sleep(0.02)
    assert db.halted is None
    await until(lambda: (mark := db.witness.read()) and mark.seq == 3)
    assert len(logged) == 1


async def test_a_search_that_cannot_open_the_file_fails_alone(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when there are no descriptors left; the next search opens it."""

    def fail(*args: Any) -> None:
        raise apsw.CantOpenError("unable to open database file")

    await db.write(ACTOR, make, 1)
    with monkeypatch.context() as patch:
        patch.setattr("esante.kernel.database.open_database", fail)
        with pytest.raises(apsw.CantOpenError):
            await db.scan(ACTOR, things)
    assert await db.scan(ACTOR, things) == [1]


async def test_a_look_at_the_disk_that_fails_does_not_end_the_checkpoints(
    open_db: Opener, folder: Path, logged: list[Any]
) -> None:
    class Blind:
        level = "ok"

        def look(self) -> None:
            raise OSError(5, "Input/output error")

        def note_full(self) -> None:
            pass

    db = await open_db(disk=Blind())
    await db.write(ACTOR, make, 1)
    await until(lambda: (mark := db.witness.read()) and mark.seq == 1)
    assert [entry["event"] for entry in logged] == ["chore_failed"]


async def test_callbacks_that_fail_harm_nobody(open_db: Opener, folder: Path) -> None:
    db = await open_db()
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(str(context["exception"])))

    def fail(*args: Any) -> None:
        raise RuntimeError("a listener fell")

    db.after_commit = db.on_foreign_commit = fail
    assert await asyncio.gather(*(db.write(ACTOR, make, n) for n in range(5))) == list(range(5))
    assert await asyncio.to_thread(in_another_process, folder, WRITE_ONE) == 0
    await until(lambda: len(told) == 2)
    assert await db.write(ACTOR, make, 7) == 7
    assert audit_log.verify(db._reader, [AUDIT_KEY]).ok


async def test_stop_closes_although_the_witness_cannot_be_written(
    open_db: Opener, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    db = await open_db()
    await db.write(ACTOR, make, 1)
    with monkeypatch.context() as patch:
        patch.setattr("esante.kernel.files.write_whole", _full)
        with pytest.raises(OSError, match="No space"):
            await db.stop()
    with pytest.raises(apsw.ConnectionClosedError):
        db.read(ACTOR, things)
    again = await open_db()
    assert again.read(ACTOR, things) == [1]


async def test_the_write_ahead_log_is_cut_back_above_its_limit(
    open_db: Opener, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esante.kernel.database.WAL_TRUNCATE_BYTES", 400_000)
    db = await open_db()
    wal = folder / "esante.db-wal"
    for n in range(100):
        await db.write(ACTOR, make, n, "x" * 20_000)
    await until(lambda: wal.stat().st_size <= 400_000)
    assert len(db.read(ACTOR, things)) == 100


async def test_cutting_it_back_does_not_wait_for_a_long_search(
    open_db: Opener, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esante.kernel.database.WAL_TRUNCATE_BYTES", 100_000)
    db = await open_db()
    await db.write(ACTOR, make, 1)
    search = _old_snapshot(folder)
    async with asyncio.timeout(30):
        for n in range(2, 40):
            await db.write(ACTOR, make, n, "x" * 20_000)
    search.close()
    await db.write(ACTOR, make, 40)
    await until(lambda: (folder / "esante.db-wal").stat().st_size <= 100_000)


def _old_snapshot(folder: Path) -> apsw.Connection:
    conn = open_database(folder / NAME, KEY, "reader")
    conn.execute("BEGIN")
    conn.execute("SELECT count(*) FROM thing").fetchall()
    return conn


def _full(*args: Any) -> None:
    raise OSError(28, "No space left on device")
