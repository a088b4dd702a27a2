"""The queue: due work is done, what fails is tried again, what was asked once is done once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from esante.kernel.database import Database
from esante.kernel.jobs import RETRIES, GiveUp, JobRunner, Work, forget_old, inside_work
from esante.kernel.structs import Event
from esante.kernel.transaction import Reactions, ReadTx, Task, WriteTx
from tests.kernel.conftest import Opener
from tests.kernel.ground import ACTOR, Clock, ThingMade, make, things, until


class Remind(Task, tag="test.remind"):
    number: int


class SendMail(Task, tag="test.send_mail"):
    number: int


class ThingLost(Event, tag="thing.lost"):
    pass


class Row(Task):
    name: str
    tries: int
    due_at: Any = None
    done_at: Any = None
    failed_at: Any = None
    leased_until: Any = None
    error: str | None = None


def remind(tx: WriteTx, task: Remind) -> None:
    make(tx, task.number)


def ask(tx: WriteTx, task: Task, minutes: float = 0, key: str | None = None) -> None:
    tx.later(task, due=tx.now + timedelta(minutes=minutes), key=key)


def rows(tx: ReadTx) -> list[dict[str, Any]]:
    names = "name, tries, due_at, done_at, failed_at, leased_until, error"
    found = tx.conn.execute(f"SELECT {names} FROM job ORDER BY created_at, id").fetchall()
    return [dict(zip(names.split(", "), row, strict=True)) for row in found]


class Post:
    """A mail server that does as it is told."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.trouble: Exception | None = None
        self.hangs = asyncio.Event()
        self.hangs.set()

    async def send(self, clinic: Any, task: SendMail) -> None:
        await self.hangs.wait()
        if self.trouble:
            raise self.trouble
        self.sent.append(task.number)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def work(post: Post) -> Work:
    return Work(inside=inside_work({Remind: remind}, {}), outside={"test.send_mail": (SendMail, post.send)})


@pytest.fixture
def runner(db: Database, work: Work) -> JobRunner:
    return JobRunner(db, work, None)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


async def test_it_works(db: Database, runner: JobRunner, post: Post) -> None:
    await db.write(ACTOR, ask, Remind(number=1))
    await db.write(ACTOR, ask, SendMail(number=2))
    assert await runner.run_due() == 2
    assert db.read(ACTOR, things) == [1]
    assert post.sent == [2]
    assert db.read(ACTOR, rows) == []
    assert await runner.run_due() == 0


async def test_nothing_is_done_before_it_is_due(db: Database, runner: JobRunner, clock: Clock) -> None:
    await db.write(ACTOR, ask, Remind(number=1), 10)
    clock.move(minutes=9, seconds=59)
    assert await runner.run_due() == 0
    clock.move(seconds=1)
    assert await runner.run_due() == 1


async def test_more_than_a_batch_is_done_in_one_go(db: Database, runner: JobRunner) -> None:
    await asyncio.gather(*(db.write(ACTOR, ask, Remind(number=n)) for n in range(200)))
    assert await runner.run_due() == 200
    assert len(db.read(ACTOR, things)) == 200


@pytest.mark.parametrize("kind", [Remind, SendMail])
async def test_what_fails_is_tried_after_1_5_30_120_and_720_minutes_and_then_waits_for_an_admin(
    db: Database, runner: JobRunner, post: Post, clock: Clock, kind: Any
) -> None:
    post.trouble = OSError("the post office is closed")
    await db.write(ACTOR, make, 1)  # a reminder of the same number fails
    await db.write(ACTOR, ask, kind(number=1))
    for tries, wait in enumerate((1, 5, 30, 120, 720), 1):
        assert await runner.run_due() == 1
        row = db.read(ACTOR, rows)[0]
        assert (row["tries"], row["failed_at"], row["leased_until"]) == (tries, None, None)
        clock.move(minutes=wait, seconds=-1)
        assert await runner.run_due() == 0
        clock.move(seconds=1)
    assert await runner.run_due() == 1
    row = db.read(ACTOR, rows)[0]
    assert row["failed_at"]
    assert row["error"] == ("the post office is closed" if kind is SendMail else "ConstraintError")
    clock.move(days=9)
    assert await runner.run_due() == 0
    assert len(RETRIES) == 5


async def test_what_failed_once_can_succeed_later(db: Database, runner: JobRunner, post: Post, clock: Clock) -> None:
    post.trouble = OSError("closed")
    await db.write(ACTOR, ask, SendMail(number=1))
    await runner.run_due()
    post.trouble = None
    clock.move(minutes=1)
    await runner.run_due()
    assert db.read(ACTOR, rows) == []
    assert post.sent == [1]


async def test_giving_up_fails_at_once_with_the_reason(db: Database, runner: JobRunner, post: Post) -> None:
    post.trouble = GiveUp("there is no such address")
    await db.write(ACTOR, ask, SendMail(number=1))
    await runner.run_due()
    row = db.read(ACTOR, rows)[0]
    assert (row["tries"], row["error"]) == (1, "there is no such address")
    assert row["failed_at"]


async def test_a_job_that_nobody_knows_fails_with_the_reason(db: Database, runner: JobRunner) -> None:
    class Unheard(Task, tag="test.unheard"):
        pass

    await db.write(ACTOR, ask, Unheard())
    await runner.run_due()
    assert db.read(ACTOR, rows)[0]["error"] == "this program knows no job 'test.unheard'"


async def test_inside_work_that_fails_leaves_nothing_behind(db: Database, clock: Clock) -> None:
    def half(tx: WriteTx, task: Remind) -> None:
        make(tx, task.number)
        raise ValueError

    runner = JobRunner(db, Work(inside={"test.remind": (Remind, half)}, outside={}), None)
    await db.write(ACTOR, ask, Remind(number=1))
    await runner.run_due()
    assert db.read(ACTOR, things) == []
    assert db.read(ACTOR, rows)[0]["error"] == "ValueError"


async def test_a_task_with_a_key_is_queued_once(db: Database, runner: JobRunner) -> None:
    for _ in range(3):
        await db.write(ACTOR, ask, Remind(number=1), 0, "remind:1")
    assert await runner.run_due() == 1
    await db.write(ACTOR, ask, Remind(number=1), 0, "remind:1")
    assert await runner.run_due() == 0


async def test_a_task_can_be_withdrawn_until_it_is_done(db: Database, runner: JobRunner) -> None:
    def forget(tx: WriteTx) -> bool:
        return tx.forget("remind:1")

    await db.write(ACTOR, ask, Remind(number=1), 5, "remind:1")
    assert await db.write(ACTOR, forget)
    assert not await db.write(ACTOR, forget)
    await db.write(ACTOR, ask, Remind(number=2), 0, "remind:1")
    await runner.run_due()
    assert not await db.write(ACTOR, forget)
    assert db.read(ACTOR, things) == [2]


async def test_an_event_is_followed_inside_and_later(open_db: Opener) -> None:
    followed: list[str] = []

    def inside(tx: WriteTx, event: ThingMade) -> None:
        followed.append(f"inside {event.number}")

    def later(tx: WriteTx, event: ThingMade | ThingLost) -> None:
        followed.append(f"later {event.subject}")

    wiring: dict[type[Event], Reactions] = {
        ThingMade: Reactions(inside=(inside,), later=(later,)),
        ThingLost: Reactions(later=(later,)),
    }
    db = await open_db(wiring=wiring)
    work = Work(inside=inside_work({}, {kind: reactions.later for kind, reactions in wiring.items()}), outside={})
    await db.write(ACTOR, make, 1)
    await db.write(ACTOR, lambda tx: tx.record(ThingLost(subject="2")))
    assert followed == ["inside 1"]
    assert await JobRunner(db, work, None).run_due() == 2
    assert followed == ["inside 1", "later 1", "later 2"]


async def test_what_follows_soon_is_in_the_same_commit_and_undone_alone_when_it_fails(open_db: Opener) -> None:
    broken = True

    def echo(tx: WriteTx, event: ThingLost) -> None:
        assert tx.actor.is_house
        make(tx, int(event.subject or 0) * 10)
        if broken and event.subject == "2":
            raise RuntimeError("not now")

    lose = lambda tx, number: tx.record(ThingLost(subject=str(number)))  # noqa: E731
    db = await open_db(wiring={ThingLost: Reactions(soon=(echo,))})
    runner = JobRunner(db, Work(inside=inside_work({}, {ThingLost: (echo,)}), outside={}), None)
    await db.write(ACTOR, lose, 1)
    assert db.read(ACTOR, things) == [10]
    assert db.read(ACTOR, rows) == []
    await db.write(ACTOR, lose, 2)
    assert db.read(ACTOR, things) == [10]
    broken = False
    assert await runner.run_due() == 1
    assert db.read(ACTOR, things) == [10, 20]
    assert await runner.run_due() == 0
    lines = db.read(ACTOR, lambda tx: tx.all(str, "SELECT actor || ' ' || action FROM audit ORDER BY seq"))
    assert [line.split(" ")[1] for line in lines] == ["thing.lost", "thing.made", "thing.lost", "thing.made"]
    assert [line.startswith("job:") for line in lines] == [False, True, False, True]


async def test_the_running_runner_wakes_at_once_and_a_mail_server_that_hangs_delays_no_reminder(
    db: Database, runner: JobRunner, post: Post
) -> None:
    db.after_commit = lambda events, has_jobs: runner.wake() if has_jobs else None
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(0.05)
    post.hangs.clear()
    await db.write(ACTOR, ask, SendMail(number=1))
    await until(lambda: db.read(ACTOR, rows)[0]["leased_until"])
    await db.write(ACTOR, ask, Remind(number=7))
    await until(lambda: db.read(ACTOR, things) == [7])
    assert post.sent == []
    runner.stop()
    post.hangs.set()
    await running
    assert post.sent == [1]
    assert db.read(ACTOR, rows) == []


async def test_a_lease_of_a_process_that_died_is_cleared_at_start(
    db: Database, runner: JobRunner, post: Post, clock: Clock
) -> None:
    await db.write(ACTOR, ask, SendMail(number=1))
    await db.write(ACTOR, lambda tx: tx.run("UPDATE job SET leased_until = ?", tx.now + timedelta(minutes=10)))
    assert await runner.run_due() == 0
    running = asyncio.create_task(runner.run())
    await until(lambda: post.sent == [1])
    runner.stop()
    await running


async def test_a_runner_without_work_in_hand_rests(db: Database, runner: JobRunner) -> None:
    """A leased row whose time has come must not keep the loop busy."""
    await db.write(ACTOR, ask, SendMail(number=1))
    runner._leases_cleared = True
    await db.write(ACTOR, lambda tx: tx.run("UPDATE job SET leased_until = ?", tx.now + timedelta(minutes=10)))
    assert runner._seconds_to_next("outside") == 30.0
    assert runner._seconds_to_next("inside") == 30.0


async def test_a_clinic_that_cannot_write_is_asked_again(db: Database, runner: JobRunner, post: Post) -> None:
    await db.write(ACTOR, ask, SendMail(number=1))
    db._writer.gap = "for the test"
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(0.02)
    assert post.sent == []
    await until(lambda: db.halted is None)  # the writer looks again by itself
    runner.wake()
    await until(lambda: post.sent == [1])
    runner.stop()
    await running


async def test_done_jobs_are_forgotten_after_30_days(db: Database, runner: JobRunner, clock: Clock) -> None:
    await db.write(ACTOR, ask, Remind(number=1), key="once")
    await runner.run_due()
    await db.write(ACTOR, ask, Remind(number=2), 100 * 24 * 60)
    clock.move(days=30, seconds=-1)
    await db.write(ACTOR, forget_old)
    assert len(db.read(ACTOR, rows)) == 2
    clock.move(seconds=1)
    await db.write(ACTOR, forget_old)
    assert len(db.read(ACTOR, rows)) == 1
