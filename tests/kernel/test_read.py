"""`Database.read`, `look` and `scan`: what they see, and the trace that they leave."""

import asyncio
import gc
import time
from pathlib import Path

import apsw
import pytest

from esante.kernel.database import Database
from esante.kernel.errors import NotFound
from esante.kernel.structs import Kept
from esante.kernel.transaction import LookTx, ReadTx
from tests.kernel.conftest import Opener
from tests.kernel.ground import ACTOR, Clock, ThingMade, database, lines, look_at, make, things


async def test_it_works(db: Database) -> None:
    await db.write(ACTOR, make, 1)
    assert db.read(ACTOR, things) == [1]
    assert await db.look(ACTOR, look_at, 1) == 1
    assert await db.scan(ACTOR, look_at, 1) == 1
    assert db.read(ACTOR, lines) == 3


@pytest.mark.parametrize("way", ["look", "scan"])
async def test_the_trace_is_on_disk_before_the_result_is_given(
    db: Database, folder: Path, clock: Clock, way: str
) -> None:
    for seen in range(1, 6):
        await getattr(db, way)(ACTOR, look_at, seen)
        copy = folder / f"copy{seen}"
        copy.mkdir()
        for name in ("esante.db", "esante.db-wal"):
            (copy / name).write_bytes((folder / name).read_bytes())
        other = database(copy, now=clock)
        await other.start()
        assert other.read(ACTOR, lines) == seen
        await other.stop()


async def test_a_look_that_records_nothing_waits_for_nothing(db: Database) -> None:
    assert await db.look(ACTOR, things) == []
    assert db.read(ACTOR, lines) == 0


async def test_a_look_that_fails_leaves_no_line_and_raises(db: Database) -> None:
    def fail(tx: LookTx) -> None:
        tx.record(ThingMade(subject="1"))
        raise NotFound("No")

    for way in (db.look, db.scan):
        with pytest.raises(NotFound):
            await way(ACTOR, fail)
    assert db.read(ACTOR, lines) == 0


async def test_a_scan_sees_one_snapshot(db: Database) -> None:
    await db.write(ACTOR, make, 1)

    def twice(tx: ReadTx) -> tuple[list[int], list[int]]:
        before = things(tx)
        time.sleep(0.1)
        return before, things(tx)

    scan = asyncio.create_task(db.scan(ACTOR, twice))
    await asyncio.sleep(0.03)
    await db.write(ACTOR, make, 2)
    assert db.read(ACTOR, things) == [1, 2]
    assert await scan == ([1], [1])


async def test_a_reader_cannot_write(db: Database) -> None:
    def write(tx: ReadTx) -> None:
        tx.conn.execute("INSERT INTO thing VALUES (1, 'x')")

    with pytest.raises(apsw.ReadOnlyError):
        db.read(ACTOR, write)
    with pytest.raises(apsw.ReadOnlyError):
        await db.scan(ACTOR, write)
    assert db.read(ACTOR, things) == []


async def test_what_was_written_is_seen_at_once_even_after_a_read_that_failed(db: Database) -> None:
    class Narrow(Kept):
        other: int

    for n in range(3):
        await db.write(ACTOR, make, n)
        with pytest.raises(TypeError, match="Narrow has no field for the column") as kept:  # keeps the frames alive
            db.read(ACTOR, lambda tx: tx.maybe(Narrow, "SELECT id FROM thing ORDER BY id"))
        with pytest.raises(TypeError, match="Narrow has no field for the column"):
            db.read(ACTOR, lambda tx: tx.all(Narrow, "SELECT id FROM thing ORDER BY id"))
        await db.write(ACTOR, make, 100 + n)
        assert 100 + n in db.read(ACTOR, things)
        assert kept.value


async def test_one_maybe_and_all_give_rows_scalars_or_not_found(open_db: Opener) -> None:
    db = await open_db()
    for n in range(3):
        await db.write(ACTOR, make, n)

    class Thing(Kept):
        id: int
        value: str

    def ask(tx: ReadTx) -> None:
        assert tx.one(Thing, "SELECT * FROM thing WHERE id = ?", 1) == Thing(id=1, value="x")
        assert tx.maybe(Thing, "SELECT * FROM thing WHERE id = :id", {"id": 9}) is None
        assert tx.all(int, "SELECT id FROM thing WHERE id > :id", Thing(id=0, value="")) == [1, 2]
        assert tx.all(Thing, "SELECT * FROM thing WHERE id > 7") == []
        with pytest.raises(NotFound):
            tx.one(int, "SELECT id FROM thing WHERE id > 7")

    for _ in range(2):
        db.read(ACTOR, ask)


async def test_no_cursor_stays_behind(open_db: Opener) -> None:
    db = await open_db()

    def cursors() -> int:
        gc.collect()
        return sum(isinstance(one, apsw.Cursor) for one in gc.get_objects())

    def ask(tx: ReadTx) -> None:
        tx.maybe(int, "SELECT count(*) FROM audit")
        tx.all(int, "SELECT seq FROM audit")

    db.read(ACTOR, ask)
    before = cursors()
    for _ in range(100):
        db.read(ACTOR, ask)
    assert cursors() < before + 20, "those of earlier tests may go meanwhile, and a thread may be at one of its own"


async def test_a_scan_that_left_a_statement_half_read_shows_nobody_its_old_snapshot(db: Database) -> None:
    def leave(tx: LookTx) -> int:
        unread = tx.conn.execute("SELECT value FROM json_each('[1,2,3]'), (SELECT count(*) FROM thing)")
        left.append(unread)
        return len(unread.fetchone() or ())

    left: list[apsw.Cursor] = []
    for _ in range(2):  # both of the reader threads
        await db.scan(ACTOR, leave)
    await db.write(ACTOR, make, 1)
    assert [await db.scan(ACTOR, things) for _ in range(4)] == [[1]] * 4
