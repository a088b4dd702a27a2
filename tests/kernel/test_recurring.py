"""Work that comes again: each occurrence once, whatever the clock does."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from esante.kernel.database import Database
from esante.kernel.jobs import Inside, JobRunner, Recurring, Work
from esante.kernel.transaction import WriteTx
from tests.kernel.conftest import Opener
from tests.kernel.ground import ACTOR, NAME, NOON, Clock, database, make, things
from tests.kernel.test_jobs import Remind, ask

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def counted(done: list[datetime], clock: Clock) -> Inside:
    def work(tx: WriteTx, nothing: None) -> None:
        done.append(clock.at.astimezone(PARIS))

    return work


def runner(db: Database, *recurring: Recurring) -> JobRunner:
    return JobRunner(db, Work(inside={}, outside={}, recurring=recurring), None)


async def each_ten_minutes(jobs: JobRunner, clock: Clock, start: datetime, hours: int) -> None:
    clock.at = start
    for _ in range(hours * 6):
        await jobs.run_due()
        clock.move(minutes=10)


async def test_it_works(db: Database, clock: Clock) -> None:
    done: list[datetime] = []
    jobs = runner(db, Recurring("test.sweep", counted(done, clock), daily_at="03:10"))
    await each_ten_minutes(jobs, clock, datetime(2026, 11, 20, 0, 0, tzinfo=UTC), 72)
    assert [f"{at:%d %H:%M}" for at in done] == ["20 03:10", "21 03:10", "22 03:10"]


async def test_every_so_often_means_once_in_each_slot(db: Database, clock: Clock) -> None:
    done: list[datetime] = []
    jobs = runner(db, Recurring("test.sweep", counted(done, clock), every=timedelta(hours=1)))
    await each_ten_minutes(jobs, clock, datetime(2026, 11, 20, 0, 0, tzinfo=UTC), 24)
    assert len(done) == 24


async def test_once_on_the_day_the_clock_falls_back(db: Database, clock: Clock) -> None:
    done: list[datetime] = []
    jobs = runner(db, Recurring("test.sweep", counted(done, clock), daily_at="02:30"))
    await each_ten_minutes(jobs, clock, datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25)
    assert [f"{at:%d %H:%M %z}" for at in done] == ["25 02:30 +0200"]


async def test_late_on_the_day_it_springs_forward(db: Database, clock: Clock) -> None:
    done: list[datetime] = []
    jobs = runner(db, Recurring("test.sweep", counted(done, clock), daily_at="02:30"))
    await each_ten_minutes(jobs, clock, datetime(2027, 3, 27, 23, 0, tzinfo=UTC), 23)
    assert [f"{at:%d %H:%M %z}" for at in done] == ["28 03:00 +0200"]


async def test_a_server_that_slept_does_it_late_the_same_day(db: Database, clock: Clock) -> None:
    done: list[datetime] = []
    jobs = runner(db, Recurring("test.sweep", counted(done, clock), daily_at="02:30"))
    await each_ten_minutes(jobs, clock, datetime(2026, 11, 20, 18, 0, tzinfo=UTC), 4)
    assert [f"{at:%H:%M}" for at in done] == ["19:00"]


async def test_what_fails_is_tried_again_and_keeps_nothing_else_from_being_done(db: Database, clock: Clock) -> None:
    tried: list[int] = []
    done: list[datetime] = []

    def fail(tx: WriteTx, nothing: None) -> None:
        tried.append(1)
        raise ValueError("broken sweep")

    def remind(tx: WriteTx, task: Remind) -> None:
        make(tx, task.number)

    jobs = JobRunner(
        db,
        Work(
            inside={"test.remind": (Remind, remind)},
            outside={},
            recurring=(
                Recurring("test.broken", fail, every=timedelta(hours=1)),
                Recurring("test.sweep", counted(done, clock), every=timedelta(hours=1)),
            ),
        ),
        None,
    )
    await db.write(ACTOR, ask, Remind(number=1))
    for _ in range(3):
        await jobs.run_due()
    assert db.read(ACTOR, things) == [1]
    assert len(done) == 1
    assert len(tried) == 1
    jobs._not_before.clear()
    await jobs.run_due()
    assert len(tried) == 2


async def test_what_destroys_waits_while_the_clock_is_not_trusted(db: Database, clock: Clock) -> None:
    done: list[datetime] = []
    trusted = False
    sweep = Recurring("test.sweep", counted(done, clock), every=timedelta(hours=1), destroys=True)
    jobs = JobRunner(db, Work(inside={}, outside={}, recurring=(sweep,)), None, frozen=lambda: not trusted)
    await jobs.run_due()
    assert done == []
    trusted = True
    await jobs.run_due()
    assert len(done) == 1


async def test_two_runners_at_once_do_it_once(open_db: Opener, clock: Clock) -> None:
    db = await open_db()
    done: list[datetime] = []
    sweep = Recurring("test.sweep", counted(done, clock), every=timedelta(hours=1))
    await asyncio.gather(*(runner(db, sweep).run_due() for _ in range(5)))
    assert len(done) == 1


@settings(max_examples=25, deadline=None)
@given(jumps=st.lists(st.integers(-60 * 24 * 3, 60 * 24 * 3), min_size=1, max_size=12))
def test_no_jumps_of_the_clock_make_anything_happen_twice(template: Path, jumps: list[int]) -> None:
    done: list[tuple[str, str]] = []
    clock = Clock(NOON)

    def work(name: str) -> Inside:
        def note(tx: WriteTx, nothing: None) -> None:
            local = clock.at.astimezone(PARIS)
            done.append((name, f"{local:%m-%d}" if name == "daily" else f"{clock.at:%m-%d %H}"))

        return note

    async def live(folder: Path) -> None:
        db = database(folder, now=clock)
        await db.start()
        jobs = runner(
            db,
            Recurring("test.daily", work("daily"), daily_at="02:30"),
            Recurring("test.hourly", work("hourly"), every=timedelta(hours=1)),
        )
        for jump in jumps:
            await jobs.run_due()
            clock.move(minutes=jump)
        await jobs.run_due()
        await db.stop()

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(template, Path(folder) / NAME)
        asyncio.run(live(Path(folder)))
    assert len(done) == len(set(done))
    assert ("hourly", "11-20 12") in done
