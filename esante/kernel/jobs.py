"""The only queue: rows of the table `job`, done when due, tried again when they fail, gone when done (with a key: kept).

Three kinds of work. *Inside* work changes the database and is done in the very transaction that marks the row done: exactly
once, whatever dies. *Outside* work (a mail) is done under a lease and marked done after: at least once, so a handler bears
being run twice. *Slow* work (a backup) is outside work that takes minutes, one at a time; a server that stops breaks it off.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import structlog

from esante.kernel import metrics
from esante.kernel.actor import house
from esante.kernel.database import Database
from esante.kernel.errors import Broken, Unavailable
from esante.kernel.structs import Event
from esante.kernel.transaction import ReadTx, Task, WriteTx, reaction_name

log = structlog.get_logger(__name__)

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""After the first failure, the second, and so on; then the job has failed and waits for an admin (SPEC NO-05)."""
LEASE = timedelta(minutes=10)
BATCH: dict[str, int] = {"inside": 256, "outside": 8, "slow": 1}
"""So many at once: of ours in one commit, and of those that talk to a server outside, which a crowd would turn away."""
GATHER_SECONDS = 0.05
"""Once woken, so long is waited for more: what a busy desk makes due is done in fewer, larger commits."""
RECURRING_SECONDS = 5.0
"""So often at most is looked whether recurring work is due."""
LONGEST_WAIT_SECONDS = 30.0
KEPT_FOR = timedelta(days=30)

RUNNER = house("job:runner")

Lane = Literal["inside", "outside", "slow"]
Inside = Callable[[WriteTx, Any], None]
Outside = Callable[[Any, Any], Awaitable[None]]


class GiveUp(Exception):
    """Raised by outside work that will never succeed: the job fails at once, with this reason."""


class Recurring(msgspec.Struct, frozen=True):
    """Work of the house that comes again: `daily_at` a wall time of the clinic's zone, or `every` so often.

    Each occurrence has a key, so it happens once on the day the clock falls back and late on the day it springs forward.
    """

    name: str
    work: Inside
    daily_at: str | None = None
    every: timedelta | None = None
    destroys: bool = False
    """Does it remove anything? Such work waits while the clock is doubted (`clock_guard`)."""

    def occurrence(self, now: datetime, zone: ZoneInfo) -> str:
        """The key of the occurrence that `now` falls into."""
        if self.every is not None:
            return f"{self.name}@{int(now.timestamp() // self.every.total_seconds())}"
        return f"{self.name}@{now.astimezone(zone).date()}"

    def is_due(self, now: datetime, zone: ZoneInfo) -> bool:
        return self.daily_at is None or now.astimezone(zone).strftime("%H:%M") >= self.daily_at


class Work(msgspec.Struct, frozen=True):
    """What the house knows to do: by the name of the row."""

    inside: Mapping[str, tuple[type[Any], Inside]]
    outside: Mapping[str, tuple[type[Any], Outside]]
    recurring: tuple[Recurring, ...] = ()
    slow: Mapping[str, tuple[type[Any], Outside]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.inside or name in self.leased

    @property
    def leased(self) -> Mapping[str, tuple[type[Any], Outside]]:
        """What is done outside the database, quick or slow."""
        return {**self.outside, **self.slow}


def inside_work(
    tasks: Mapping[type[Task], Inside], reactions: Mapping[type[Event], tuple[Inside, ...]]
) -> dict[str, tuple[type[Any], Inside]]:
    """Name the inside tasks and the reactions that may be put off as their rows do. One reaction serves any number of events."""
    named: dict[str, tuple[Any, Inside]] = {
        str(task.__struct_config__.tag): (task, work) for task, work in tasks.items()
    }
    kinds: dict[str, Any] = {}
    works: dict[str, Inside] = {}
    for event, later in reactions.items():
        for react in later:
            name = reaction_name(react)
            kinds[name] = kinds[name] | event if name in kinds else event
            works[name] = react
    return named | {name: (kinds[name], works[name]) for name in works}


class _Due(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    name: str
    payload: str
    key: str | None
    tries: int


async def _nothing() -> None: ...


class JobRunner:
    """Runs what is due, wakes for what becomes due, and for what a commit or the command line has queued.

    Each kind of work has a lane of its own: a mail server that hangs keeps no reservation from expiring, a backup no mail.
    """

    def __init__(
        self,
        db: Database,
        work: Work,
        clinic: object,
        *,
        frozen: Callable[[], bool] = lambda: False,
        watch: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """What destroys waits while `frozen` says so, and is asked in the writer's thread too; `watch` is done now and then."""
        self._db, self._work, self._clinic, self._frozen, self._watch = db, work, clinic, frozen, watch
        self._leased = work.leased
        self._names: dict[Lane, str] = {
            "inside": msgspec.json.encode(list(self._leased)).decode(),
            "outside": msgspec.json.encode(list(work.outside)).decode(),
            "slow": msgspec.json.encode(list(work.slow)).decode(),
        }
        """Whose rows a lane does; the inside lane does all but these, also those that nobody knows."""
        self._woken: dict[Lane, asyncio.Event] = {lane: asyncio.Event() for lane in self._names}
        self._not_before: dict[str, float] = {}
        """When recurring work that failed is tried again, by its name, on the loop's clock."""
        self._recurring_not_before = 0.0
        self._stopping = self._leases_cleared = False

    def wake(self) -> None:
        for woken in self._woken.values():
            woken.set()

    def stop(self) -> None:
        """The work in hand is finished; no more is begun."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Until `stop`. A clinic that cannot write now is asked again later."""
        slow = asyncio.create_task(self._run("slow", self._clear_leases), name="slow jobs")
        try:
            await asyncio.gather(self._run("inside", self._queue_recurring), self._run("outside", self._clear_leases))
        finally:
            slow.cancel()
            await asyncio.wait([slow])

    async def run_due(self) -> int:
        """Do everything that is due, and what that makes due; the number of jobs done or tried."""
        self._recurring_not_before = 0.0
        await self._queue_recurring()
        total = 0
        while done := sum([await self._run_due(lane) for lane in self._names]):
            total += done
        return total

    async def _run(self, lane: Lane, first: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping:
            self._woken[lane].clear()
            wait = 5.0
            try:
                await first()
                await self._run_due(lane)
                wait = self._seconds_to_next(lane)
            except Unavailable:
                pass
            except Exception:
                log.exception("job_runner_failed", lane=lane)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken[lane].wait()
            if not self._stopping:
                await asyncio.sleep(GATHER_SECONDS)

    async def _run_due(self, lane: Lane) -> int:
        total = 0
        while not self._stopping and (due := self._db.read(RUNNER, _due, self._names[lane], lane)):
            results = await asyncio.gather(*(self._do(job) for job in due), return_exceptions=True)
            for error in results:
                if error is not None:
                    raise error
            total += len(due)
        return total

    async def _clear_leases(self) -> None:
        """Only one server runs on a folder, so a lease that it finds at its start belongs to a process that died."""
        if not self._leases_cleared:
            await self._db.write(RUNNER, _clear_leases)
            self._leases_cleared = True

    async def _do(self, job: _Due) -> None:
        try:
            if job.name in self._work.inside:
                await self._db.write(house(f"job:{job.name}"), self._inside, job)
            elif job.name in self._leased:
                await self._outside(job)
            else:
                raise GiveUp(f"this program knows no job '{job.name}'")
            metrics.JOBS.labels(job.name, "done").inc()
        except Unavailable:
            raise
        except Exception as error:
            if not isinstance(error, GiveUp | Broken):
                log.exception("job_failed", job=job.name, id=job.id)
            final = isinstance(error, GiveUp) or job.tries >= len(RETRIES)
            name = job.name if job.name in self._work else "unknown"
            metrics.JOBS.labels(name, "failed" if final else "put_off").inc()
            await self._db.write(house(f"job:{job.name}"), _note_failure, job, _reason(error), final)

    def _inside(self, tx: WriteTx, job: _Due) -> None:
        kind, work = self._work.inside[job.name]
        if _mark_done(tx, job):
            work(tx, msgspec.json.decode(job.payload, type=kind))

    async def _outside(self, job: _Due) -> None:
        kind, work = self._leased[job.name]
        if await self._db.write(house(f"job:{job.name}"), _lease, job):
            await work(self._clinic, msgspec.json.decode(job.payload, type=kind))
            await self._db.write(house(f"job:{job.name}"), _mark_done, job)

    async def _queue_recurring(self) -> None:
        """What fails is tried again in a minute, and keeps nothing else from being done."""
        await self._watch()
        clock = asyncio.get_running_loop().time
        if self._recurring_not_before > clock():
            return
        for recurring in self._work.recurring:
            if self._not_before.get(recurring.name, 0.0) > clock():
                continue
            try:
                await self._repeat(recurring)
            except Unavailable:
                raise
            except Exception:
                log.exception("job_failed", job=recurring.name)
                metrics.JOBS.labels(recurring.name, "put_off").inc()
                self._not_before[recurring.name] = clock() + RETRIES[0].total_seconds()
        self._recurring_not_before = clock() + RECURRING_SECONDS

    async def _repeat(self, recurring: Recurring) -> None:
        zone, now = ZoneInfo(self._db.settings.time_zone), self._db.now()
        if not recurring.is_due(now, zone) or self._must_wait(recurring):
            return
        key = recurring.occurrence(now, zone)
        if not self._db.read(RUNNER, _knows, key):
            await self._db.write(house(f"job:{recurring.name}"), self._occur, recurring, key)

    def _occur(self, tx: WriteTx, recurring: Recurring, key: str) -> None:
        """One occurrence, in one transaction with the row that says that it happened."""
        if self._must_wait(recurring):  # asked again, for this transaction's instant may be from after a jump
            return
        added = tx.run(
            "INSERT INTO job (id, name, payload, key, due_at, done_at, created_at)"
            " VALUES (:key, :name, '{}', :key, :now, :now, :now) ON CONFLICT (key) DO NOTHING",
            {"key": key, "name": recurring.name, "now": tx.now},
        )
        if added:
            recurring.work(tx, None)

    def _must_wait(self, recurring: Recurring) -> bool:
        return recurring.destroys and self._frozen()

    def _seconds_to_next(self, lane: Lane) -> float:
        due = self._db.read(RUNNER, _next_due, self._names[lane], lane)
        if due is None:
            return LONGEST_WAIT_SECONDS
        return min(max((due - self._db.now()).total_seconds(), 0.01), LONGEST_WAIT_SECONDS)


def _reason(error: Exception) -> str:
    """For the row's `error`: what went wrong, without what it went wrong with."""
    return str(error)[:500] if isinstance(error, GiveUp | Broken | OSError) else type(error).__name__


_OPEN = """FROM job WHERE done_at IS NULL AND failed_at IS NULL AND (leased_until IS NULL OR leased_until <= :now)
    AND (name IN (SELECT value FROM json_each(:names))) = (:lane <> 'inside')"""


def _due(tx: ReadTx, names: str, lane: Lane) -> list[_Due]:
    return tx.all(
        _Due,
        f"SELECT id, name, payload, key, tries {_OPEN} AND due_at <= :now ORDER BY due_at LIMIT :most",
        {"now": tx.now, "names": names, "lane": lane, "most": BATCH[lane]},
    )


def _next_due(tx: ReadTx, names: str, lane: Lane) -> datetime | None:
    return tx.maybe(
        datetime,
        f"SELECT due_at {_OPEN} ORDER BY due_at LIMIT 1",
        {"now": tx.now, "names": names, "lane": lane},
    )


def _knows(tx: ReadTx, key: str) -> bool:
    return tx.maybe(int, "SELECT 1 FROM job WHERE key = ?", key) is not None


def _clear_leases(tx: WriteTx) -> None:
    tx.run("UPDATE job SET leased_until = NULL WHERE leased_until IS NOT NULL AND done_at IS NULL")


def _lease(tx: WriteTx, job: _Due) -> bool:
    return (
        tx.run(
            "UPDATE job SET leased_until = ? WHERE id = ? AND done_at IS NULL AND failed_at IS NULL",
            tx.now + LEASE,
            job.id,
        )
        > 0
    )


def _mark_done(tx: WriteTx, job: _Due) -> bool:
    """False when somebody has done it already. Only a row with a key stays: it says that this was done, once."""
    if job.key is None:
        return tx.run("DELETE FROM job WHERE id = ? AND failed_at IS NULL", job.id) > 0
    return tx.run("UPDATE job SET done_at = ?, error = NULL WHERE id = ? AND done_at IS NULL", tx.now, job.id) > 0


def _note_failure(tx: WriteTx, job: _Due, reason: str, final: bool) -> None:
    if final:
        tx.run(
            "UPDATE job SET failed_at = ?, tries = tries + 1, error = ?, leased_until = NULL WHERE id = ?",
            tx.now,
            reason,
            job.id,
        )
    else:
        tx.run(
            "UPDATE job SET due_at = ?, tries = tries + 1, error = ?, leased_until = NULL WHERE id = ?",
            tx.now + RETRIES[job.tries],
            reason,
            job.id,
        )


def forget_old(tx: WriteTx, nothing: None = None) -> None:
    """The daily sweep of what was done more than 30 days ago. For the house only."""
    tx.run("DELETE FROM job WHERE done_at <= ?", tx.now - KEPT_FOR)


def withdraw(tx: WriteTx, names: Iterable[str], before: datetime, reason: str) -> int:
    """Give up what was due before then and is not done, of these jobs; how many. For a clinic that begins again from a backup."""
    return tx.run(
        "UPDATE job SET failed_at = :now, error = :reason, leased_until = NULL WHERE done_at IS NULL AND failed_at IS NULL"
        " AND due_at < :before AND name IN (SELECT value FROM json_each(:names))",
        {"now": tx.now, "reason": reason, "before": before, "names": msgspec.json.encode(sorted(names)).decode()},
    )
