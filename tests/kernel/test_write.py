"""`Database.write`: requests ride together, each stands alone."""

import asyncio
import random
from pathlib import Path

import apsw
import pytest
import structlog

from esante.kernel import audit_log
from esante.kernel.database import BATCH, Database
from esante.kernel.errors import Conflict, DiskFull, Unavailable
from esante.kernel.transaction import ReadTx, WriteTx
from tests.kernel.conftest import Opener
from tests.kernel.ground import ACTOR, AUDIT_KEY, Clock, lines, make, make_and_fail, things


def verify(db: Database) -> audit_log.Verdict:
    return audit_log.verify(db._reader, [AUDIT_KEY])


async def test_it_works(db: Database) -> None:
    assert await db.write(ACTOR, make, 1) == 1
    assert db.read(ACTOR, things) == [1]
    assert db.read(ACTOR, lines) == 1
    assert verify(db).ok


async def test_a_command_that_fails_is_undone_alone_and_its_caller_gets_the_error(db: Database) -> None:
    results = await asyncio.gather(
        db.write(ACTOR, make, 1), db.write(ACTOR, make_and_fail, 2), db.write(ACTOR, make, 3), return_exceptions=True
    )
    assert [results[0], results[2]] == [1, 3]
    assert isinstance(results[1], KeyError)
    assert db.read(ACTOR, things) == [1, 3]
    assert db.read(ACTOR, lines) == 2


async def test_a_refusal_is_found_once_alone_and_in_company_the_others_are_done_again(db: Database) -> None:
    tried: list[str] = []

    def refuse(tx: WriteTx) -> None:
        tried.append("refuse")
        raise Conflict("Not now", code="NOT_NOW")

    def agree(tx: WriteTx, number: int) -> int:
        tried.append("agree")
        return make(tx, number)

    with pytest.raises(Conflict):
        await db.write(ACTOR, refuse)
    assert tried == ["refuse"]
    results = await asyncio.gather(db.write(ACTOR, agree, 1), db.write(ACTOR, refuse), return_exceptions=True)
    assert tried[1:] == ["agree", "refuse"] * 2
    assert results[0] == 1
    assert isinstance(results[1], Conflict)
    assert db.read(ACTOR, things) == [1]
    assert verify(db) == audit_log.Verdict(1, True)


async def test_a_rule_that_says_no_arrives_as_it_was_raised(db: Database) -> None:
    def refuse(tx: WriteTx) -> None:
        raise Conflict("Not now", code="NOT_NOW")

    with pytest.raises(Conflict) as refused:
        await db.write(ACTOR, refuse)
    assert refused.value.code == "NOT_NOW"


async def test_a_trigger_that_rolls_everything_back_loses_only_the_culprit(db: Database) -> None:
    results = await asyncio.gather(
        *(db.write(ACTOR, make, n, "ROLLBACK" if n == 5 else "x") for n in range(10)), return_exceptions=True
    )
    assert [n for n, result in enumerate(results) if isinstance(result, Exception)] == [5]
    assert db.read(ACTOR, things) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert verify(db) == audit_log.Verdict(9, True)


async def test_a_commit_that_fails_loses_only_the_culprit(db: Database) -> None:
    def orphan(tx: WriteTx, number: int) -> int:
        tx.run("INSERT INTO part (id, thing_id) VALUES (?, 999)", number)  # the foreign key is looked at by COMMIT
        return number

    results = await asyncio.gather(
        *(db.write(ACTOR, orphan if n == 3 else make, n) for n in range(6)), return_exceptions=True
    )
    assert isinstance(results[3], apsw.ConstraintError)
    assert db.read(ACTOR, things) == [0, 1, 2, 4, 5]
    assert verify(db) == audit_log.Verdict(5, True)


async def test_a_line_that_the_log_does_not_take_loses_only_the_culprit(db: Database) -> None:
    def misreport(tx: WriteTx, number: int) -> int:
        make(tx, number)
        tx.lines[-1] = (*tx.lines[-1][:7], "terrible", *tx.lines[-1][8:])
        return number

    results = await asyncio.gather(
        *(db.write(ACTOR, misreport if n == 1 else make, n) for n in range(3)), return_exceptions=True
    )
    assert isinstance(results[1], apsw.ConstraintError)
    assert db.read(ACTOR, things) == [0, 2]


async def test_the_chain_stays_whole_through_3000_mixed_commands_and_a_full_disk(db: Database) -> None:
    chance = random.Random(1)
    kept: list[int] = []
    failures: dict[type[Exception], int] = {}
    writer = db._writer.conn

    def mixed(tx: WriteTx, number: int, fate: float) -> int:
        make(tx, number, "ROLLBACK" if fate < 0.005 else "x" * 500)
        if fate > 0.95:
            raise KeyError(number)
        if fate > 0.9:
            tx.run("INSERT INTO thing (id, value) VALUES (?, NULL)", number + 1_000_000)
        return number

    async def one(number: int) -> None:
        try:
            kept.append(await db.write(ACTOR, mixed, number, chance.random()))
        except Exception as error:
            failures[type(error)] = failures.get(type(error), 0) + 1

    def most_pages(pages: int) -> None:
        writer.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    for batch in range(30):
        if batch == 15:
            most_pages(writer.execute("PRAGMA page_count").get + 20)
        if batch == 20:
            most_pages(1_000_000)
        await asyncio.gather(*(one(batch * 100 + n) for n in range(100)))
    assert set(failures) == {KeyError, apsw.ConstraintError, DiskFull}
    assert db.read(ACTOR, things) == sorted(kept)
    assert verify(db) == audit_log.Verdict(len(kept), True)
    assert 2_000 < len(kept) < 3_000


async def test_a_full_disk_is_said_in_words(db: Database) -> None:
    pages = db._writer.conn.execute("PRAGMA page_count").get
    db._writer.conn.execute(f"PRAGMA max_page_count = {pages}").fetchall()
    with pytest.raises(DiskFull, match="disk is full") as refused:
        await db.write(ACTOR, make, 1, "x" * 100_000)
    assert (refused.value.status, refused.value.code) == (507, "DISK_FULL")
    assert db.halted is None


async def test_a_caller_who_leaves_does_not_undo_the_work(db: Database) -> None:
    task = asyncio.create_task(db.write(ACTOR, make, 1))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await db.write(ACTOR, make, 2)
    assert db.read(ACTOR, things) == [1, 2]


async def test_a_full_queue_says_when_to_come_back(open_db: Opener) -> None:
    db = await open_db(queue=5)
    results = await asyncio.gather(*(db.write(ACTOR, make, n) for n in range(7)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert [(one.status, one.code, one.retry_after) for one in refused] == [(503, "BUSY", 1)] * 2
    assert db.read(ACTOR, things) == [0, 1, 2, 3, 4]
    assert await db.write(ACTOR, make, 9) == 9


async def test_more_than_one_batch_is_served_in_order(db: Database) -> None:
    count = 2 * BATCH + 100
    assert await asyncio.gather(*(db.write(ACTOR, make, n) for n in range(count))) == list(range(count))
    assert verify(db) == audit_log.Verdict(count, True)


async def test_stop_finishes_what_was_asked_and_refuses_what_comes_later(open_db: Opener, folder: Path) -> None:
    db = await open_db()
    asked = [asyncio.create_task(db.write(ACTOR, make, n)) for n in range(1_200)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(db.stop())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await db.write(ACTOR, make, 5_000)
    assert refused.value.code == "STOPPING"
    await stopping
    assert await asyncio.gather(*asked) == list(range(1_200))
    assert not (folder / "esante.db-wal").exists()
    again = await open_db()
    assert len(again.read(ACTOR, things)) == 1_200


async def test_a_write_in_the_very_turn_in_which_the_server_stops_is_answered(open_db: Opener) -> None:
    db = await open_db()
    first = asyncio.create_task(db.write(ACTOR, make, 1))

    async def again() -> int:
        await first
        return await db.write(ACTOR, make, 2)

    second = asyncio.create_task(again())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await db.stop()
        results = await asyncio.gather(first, second, return_exceptions=True)
    assert results[0] == 1
    assert isinstance(results[1], Unavailable)


async def test_now_never_goes_below_the_last_audited_instant(open_db: Opener, clock: Clock) -> None:
    db = await open_db()
    await db.write(ACTOR, make, 1)
    clock.move(days=-3)
    seen = [await db.write(ACTOR, _now), db.read(ACTOR, _now), await db.look(ACTOR, _now), await db.scan(ACTOR, _now)]
    assert len(set(seen)) == 1
    await db.stop()
    db = await open_db()
    assert await db.write(ACTOR, _now) == seen[0]
    clock.move(days=4)
    assert await db.write(ACTOR, _now) == clock.at


async def test_a_slow_command_is_logged_by_name(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esante.kernel.writer.SLOW_SECONDS", 0.0)
    with structlog.testing.capture_logs() as logged:
        await db.write(ACTOR, make, 1)
    assert [(line["event"], line["command"]) for line in logged] == [("slow_command", "make")]


@pytest.mark.parametrize("error", [StopIteration("nothing left"), MemoryError(), RecursionError(), AssertionError()])
async def test_whatever_a_command_raises_the_writer_lives(db: Database, error: Exception) -> None:
    def stumble(tx: WriteTx) -> None:
        raise error

    async with asyncio.timeout(5):
        with pytest.raises((type(error), RuntimeError)):
            await db.write(ACTOR, stumble)
        assert await db.write(ACTOR, make, 1) == 1


def _now(tx: ReadTx) -> object:
    return tx.now
