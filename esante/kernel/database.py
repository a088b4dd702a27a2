"""The database: one writer with group commit, a reader on the loop, two slow readers, a checkpointer.

Four ways in, each with a plain function of a transaction:

* `read` at once, on the loop: point looks and pages, below about 100 µs.
* `look` the same, and its audit lines are durable before the result is returned.
* `scan` in a reader thread: search, reports, verification.
* `write` in the writer thread: done and durable, or not done at all.

Requests of one loop turn ride together: the writer opens one transaction, runs each command in a savepoint, writes the
audit lines behind them, commits once. There is no timer: the last commit's duration is the window.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import apsw
import structlog

from esante.kernel import audit_log, clock, settings
from esante.kernel.actor import Actor
from esante.kernel.audit_log import Head, Line
from esante.kernel.connection import BUSY_MS, open_database
from esante.kernel.errors import Broken, DiskFull, Unavailable
from esante.kernel.idempotency import Once, remember, replay
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.settings import ClinicSettings
from esante.kernel.structs import Event
from esante.kernel.transaction import HouseContext, LookTx, ReadTx, Wiring, WriteTx, line_of
from esante.kernel.witness import Witness

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)

QUEUE = 2_000
BATCH = 512
IDLE_SECONDS = 0.2
SLOW_SECONDS = 0.1
CHECKPOINT_SECONDS = 1.0
"""How often the log is written back into the file, and the witness moved."""
WAL_TRUNCATE_BYTES = 64 * 1024 * 1024


class _Item:
    """One request to the writer: a command, or only audit lines."""

    __slots__ = ("actor", "command", "future", "lines", "name", "once")

    def __init__(
        self,
        future: "asyncio.Future[Any]",
        actor: Actor,
        command: Callable[[WriteTx], Any] | None,
        name: str,
        lines: list[Line],
        once: Once | None,
    ) -> None:
        self.future, self.actor, self.command, self.name, self.lines, self.once = (
            future, actor, command, name, lines, once,
        )  # fmt: skip


_Outcome = tuple["asyncio.Future[Any]", bool, Any]


class Database:
    """The clinic's one file, open. `start` and `stop` belong to the running loop."""

    def __init__(
        self,
        path: Path,
        key: bytes,
        audit_key: bytes,
        secrets: OneTimeSecrets,
        wiring: Wiring,
        *,
        now: clock.Clock = clock.now,
        queue: int = QUEUE,
        accepting_loss: bool = False,
    ) -> None:
        """`accepting_loss` is for `esante db accept-loss` alone: write although the witness has seen more, and at stop
        take the log's end, with the line that says so, for true."""
        self.path, self.now = path, now
        self._house = HouseContext(ClinicSettings(), secrets, wiring)
        self.witness = Witness(path.parent, audit_key)
        self.after_commit: Callable[[list[Event], bool], None] = lambda events, has_jobs: None
        """Called on the loop with what a commit made happen, and whether jobs became due."""
        self.on_foreign_commit: Callable[[], None] = lambda: None
        """Called on the loop when another process (the command line) has written."""
        self._disk_error: str | None = None
        self._gap: str | None = None
        self._closing = False
        self._complaints: dict[str, str] = {}
        self._head, self._last_at, self._data_version = Head(), clock.BEGINNING, 0
        self._accepting_loss = accepting_loss
        self._key, self._audit_key, self._most = key, audit_key, queue
        self._queue: list[_Item] = []
        self._idle = True
        self._settled = asyncio.Event()
        """Set while nothing waits for the writer."""
        self._settled.set()
        self._batches: list[list[_Item]] = []
        self._wake = threading.Semaphore(0)
        self._stopping = threading.Event()

    # ------------------------------------------------------------------ life

    async def start(self) -> None:
        """Open every connection and look at the witness. A gap does not stop the start: it halts all writing."""
        self._loop = asyncio.get_running_loop()
        self._writer = open_database(self.path, self._key, "writer")
        self._reader = open_database(self.path, self._key, "reader")
        self._checkpointer = open_database(self.path, self._key, "writer")
        self._local = threading.local()
        self._slow_connections: list[apsw.Connection] = []
        self._slow = ThreadPoolExecutor(2, "slow-reader", initializer=self._open_slow_reader)
        self._reload()
        self._witnessed = self._head.seq
        self._threads = [
            threading.Thread(target=self._write_forever, name="writer", daemon=True),
            threading.Thread(target=self._checkpoint_forever, name="checkpoint", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    async def stop(self) -> None:
        """Finish what was asked, write the witness, empty the write-ahead log, close. What is asked from now on is refused."""
        self._closing = True
        await self._settled.wait()
        self._stopping.set()
        self._wake.release()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        await asyncio.to_thread(self._slow.shutdown)
        try:
            if not self.halted:
                if self._accepting_loss:
                    self.witness.set_back(self._head)
                self.witness.advance(self._head)
                self._checkpoint(self._writer, apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            for conn in (*self._slow_connections, self._reader, self._checkpointer, self._writer):
                conn.close()

    @property
    def halted(self) -> str | None:
        """Why nothing can be written now; None when all is well."""
        return self._disk_error or self._gap

    @property
    def settings(self) -> ClinicSettings:
        return self._house.settings

    # --------------------------------------------------------------- ways in

    def read(self, actor: Actor, query: Callable[Concatenate[ReadTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query at once, on the loop's own connection."""
        return query(ReadTx(self._reader, actor, self._instant(), self._house), *args, **kwargs)

    async def look(
        self, actor: Actor, query: Callable[Concatenate[LookTx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query at once; return when the lines that it recorded are on disk."""
        tx = LookTx(self._reader, actor, self._instant(), self._house)
        result = query(tx, *args, **kwargs)
        if tx.lines:
            await self._put(actor, None, "look", tx.lines)
        return result

    async def scan(
        self, actor: Actor, query: Callable[Concatenate[LookTx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a longer query in a reader thread, on one snapshot; its audit lines are on disk before the result is given."""
        result, lines = await self._loop.run_in_executor(
            self._slow, lambda: self._scan(actor, lambda tx: query(tx, *args, **kwargs))
        )
        if lines:
            await self._put(actor, None, "scan", lines)
        return result

    async def write(
        self,
        actor: Actor,
        command: Callable[Concatenate[WriteTx, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a command in the writer; return its result when it is durable. What it raises, it raises here."""
        return await self._put(  # type: ignore[no-any-return]
            actor, lambda tx: command(tx, *args, **kwargs), command.__name__, []
        )

    async def write_once(
        self,
        once: Once | None,
        actor: Actor,
        command: Callable[Concatenate[WriteTx, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Like `write`; with a key (`Idempotency-Key`) a repeat within 24 h gets the first result and changes nothing.

        The same key with another request is a `Conflict`. Refusals are not kept.
        """
        if once is None:
            return await self.write(actor, command, *args, **kwargs)
        return await self._put(  # type: ignore[no-any-return]
            actor, lambda tx: command(tx, *args, **kwargs), command.__name__, [], once.returning(command)
        )

    async def note(self, actor: Actor, event: Event, outcome: audit_log.Outcome = "refused") -> None:
        """Write one audit line for something that did not come to a transaction: a refusal at the door."""
        await self._put(actor, None, "note", [line_of(actor, event, outcome, None, None)])

    def _instant(self) -> datetime:
        """A transaction's `now`: the clock, but never before the last audited instant."""
        return max(self.now(), self._last_at)

    # ---------------------------------------------------------- on the loop

    def _put(
        self,
        actor: Actor,
        command: Callable[[WriteTx], Any] | None,
        name: str,
        lines: list[Line],
        once: Once | None = None,
    ) -> "asyncio.Future[Any]":
        if self.halted:
            raise _read_only(self.halted)
        if self._closing:
            raise Unavailable(
                "The clinic's server is stopping. Please try again in a moment", code="STOPPING", retry_after=5
            )
        if len(self._queue) >= self._most:
            raise Unavailable("The clinic is very busy. Please try again in a moment", code="BUSY", retry_after=1)
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.append(_Item(future, actor, command, name, lines, once))
        if self._idle:
            self._idle = False
            self._settled.clear()
            self._loop.call_soon(self._hand_over)
        return future

    def _hand_over(self) -> None:
        """Give this turn's requests to the writer, all together."""
        batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
        self._batches.append(batch)
        self._wake.release()

    def _settle(self, outcomes: list[_Outcome], events: list[Event], has_jobs: bool) -> None:
        """Back on the loop after the commit: everyone gets an answer, then the next batch goes."""
        for future, ok, value in outcomes:
            if future.done():  # the caller has gone; the work is committed all the same
                continue
            if ok:
                future.set_result(value)
            else:
                future.set_exception(value)
        if self._queue:
            self._loop.call_soon(self._hand_over)
        else:
            self._idle = True
            self._settled.set()
        if events or has_jobs:
            self.after_commit(events, has_jobs)

    # ------------------------------------------------------- in the writer

    def _write_forever(self) -> None:
        while True:
            woken = self._wake.acquire(timeout=IDLE_SECONDS)
            if self._stopping.is_set():
                return
            if not woken:
                self._endure("look at the file", self._check_foreign)
                continue
            batch = self._batches.pop()
            events: list[Event] = []
            jobs: list[bool] = []
            outcomes = self._run(batch, events, jobs)
            self._loop.call_soon_threadsafe(self._settle, outcomes, events, bool(jobs))
            self._endure("truncate the write-ahead log", self._shrink_wal)

    def _run(self, batch: list[_Item], events: list[Event], jobs: list[bool]) -> list[_Outcome]:
        """One transaction for all; if that is lost as a whole, one for each, so that only the culprit fails."""
        try:
            return self._transact(self._writer, batch, events, jobs)
        except Exception as error:
            self._recover(error)
            if len(batch) == 1 or self.halted or isinstance(error, apsw.BusyError):
                return [(item.future, False, self._explained(error)) for item in batch]
            return [outcome for item in batch for outcome in self._run([item], events, jobs)]

    def _recover(self, error: Exception) -> None:
        """After a transaction that was lost as a whole: see where the file stands. Never raises, the writer must live."""
        if isinstance(error, apsw.IOError):
            self._halt(error)
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            self._reload()
        except Exception as worse:
            self._halt(worse)

    def _halt(self, error: Exception) -> None:
        """Nothing is written until the next start: after an error of the disk nobody knows what it holds."""
        self._disk_error = (
            f"the database could not be read or written ({type(error).__name__}: {error})."
            " Check the disk, then start esante again"
        )
        log.critical("writing_halted", why=self._disk_error)

    def _endure(self, chore: str, act: Callable[[], None]) -> None:
        """Something that a thread does by the way: its failure is told once and tried again, the thread lives on."""
        try:
            act()
        except Exception as error:
            if isinstance(error, apsw.IOError) and not self._disk_error:
                self._halt(error)
            if self._complaints.get(chore) != str(error):
                log.error("chore_failed", chore=chore, exc_info=error)
            self._complaints[chore] = str(error)
        else:
            self._complaints.pop(chore, None)

    def _transact(
        self, conn: apsw.Connection, batch: list[_Item], events: list[Event], jobs: list[bool]
    ) -> list[_Outcome]:
        execute = conn.execute
        execute("BEGIN IMMEDIATE")
        if self._foreign_commit():
            self._reload()
            self._loop.call_soon_threadsafe(self.on_foreign_commit)
        if self.halted:  # since these requests were queued
            raise _read_only(self.halted)
        now = self._instant()
        outcomes: list[_Outcome] = []
        lines: list[Line] = []
        happened: list[Event] = []
        has_jobs = False
        for item in batch:
            if item.command is None:
                lines += item.lines
                outcomes.append((item.future, True, None))
                continue
            execute("SAVEPOINT command")
            try:
                value, tx = self._run_one(conn, item, now)
            except Exception as error:
                if not conn.in_transaction:  # disk full, I/O, RAISE(ROLLBACK): everybody's work is gone
                    raise
                execute("ROLLBACK TO command")
                execute("RELEASE command")
                outcomes.append((item.future, False, self._explained(error)))
                continue
            execute("RELEASE command")
            lines += tx.lines
            happened += tx.happened
            has_jobs = has_jobs or tx.has_jobs
            outcomes.append((item.future, True, value))
        head = audit_log.append(conn, self._audit_key, self._head, clock.text(now), lines)
        changed = any(event.action() == "settings.changed" for event in happened)
        in_force = settings.load(conn) if changed else self._house.settings
        execute("COMMIT")
        # Nothing below may raise: a batch that has committed must not be redone.
        self._head, self._last_at, self._house.settings = head, now, in_force
        events += happened
        if has_jobs:
            jobs.append(True)
        return outcomes

    def _run_one(self, conn: apsw.Connection, item: _Item, now: datetime) -> tuple[Any, WriteTx]:
        assert item.command is not None
        started = self._loop.time()
        tx = WriteTx(conn, item.actor, now, self._house)
        if item.once and (kept := replay(tx, item.once)):
            return kept[0], tx
        value = item.command(tx)
        if item.once:
            remember(tx, item.once, value)
        if (took := self._loop.time() - started) > SLOW_SECONDS:
            log.warning("slow_command", command=item.name, ms=round(took * 1000))
        return value, tx

    def _explained(self, error: Exception) -> Exception:
        """What the database itself refused, in words for the person; everything else as it is."""
        if isinstance(error, apsw.FullError):
            return DiskFull("The disk is full: nothing can be saved until space is freed")
        if isinstance(error, apsw.BusyError):
            return Unavailable("Another program is writing. Please try again in a moment", code="BUSY", retry_after=5)
        if isinstance(error, apsw.IOError) and self.halted:
            return _read_only(self.halted)
        if isinstance(error, StopIteration):  # a future does not take it
            return RuntimeError("a command raised StopIteration")
        return error

    # ------------------------------------------- what others have committed

    def _foreign_commit(self) -> bool:
        """Has another process committed since we looked? Our own commits do not move this number."""
        version = _data_version(self._writer)
        moved = version != self._data_version
        self._data_version = version
        return moved

    def _check_foreign(self) -> None:
        """In a gap look again each time: `esante db accept-loss` moves the witness after its commit."""
        moved = self._foreign_commit()
        if moved or self._gap:
            self._reload()
        if moved:
            self._loop.call_soon_threadsafe(self.on_foreign_commit)

    def _reload(self) -> None:
        """Take head, clock floor and settings from the file, and hold them against the witness."""
        conn = self._writer
        self._data_version = _data_version(conn)
        self._head = audit_log.head(conn)
        self._last_at = clock.parse(self._head.at) if self._head.at else clock.BEGINNING
        self._house.settings = settings.load(conn)
        try:
            gap = None if self._accepting_loss else gap_message(conn, self.witness, self._head)
        except Broken as error:
            gap = str(error)
        if gap and gap != self._gap:
            log.critical("writing_halted", why=gap)
        self._gap = gap

    # ---------------------------------------------------------- slow readers

    def _open_slow_reader(self) -> None:
        self._local.conn = open_database(self.path, self._key, "reader")
        self._slow_connections.append(self._local.conn)

    def _scan(self, actor: Actor, query: Callable[[LookTx], T]) -> tuple[T, list[Line]]:
        conn: apsw.Connection = self._local.conn
        conn.execute("BEGIN")
        try:
            tx = LookTx(conn, actor, self._instant(), self._house)
            return query(tx), tx.lines
        finally:
            conn.execute("ROLLBACK")

    # ------------------------------------------------------------ checkpoints

    def _checkpoint_forever(self) -> None:
        while not self._stopping.wait(CHECKPOINT_SECONDS):
            self._endure("write the witness", self._bear_witness)
            self._endure("checkpoint", lambda: self._checkpoint(self._checkpointer, apsw.SQLITE_CHECKPOINT_PASSIVE))

    def _bear_witness(self) -> None:
        head = self._head
        if head.seq != self._witnessed and not self.halted and not self._accepting_loss:
            self.witness.advance(head)
            self._witnessed = head.seq

    def _shrink_wal(self) -> None:
        """Passive checkpoints never reset the log under steady load; above 64 MB the writer does, between batches.

        It does not wait for a reader of an old snapshot, or a long search would stop all writing: the next batch tries again.
        """
        try:
            size = self.path.with_name(self.path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return
        if size > WAL_TRUNCATE_BYTES:
            self._writer.set_busy_timeout(0)
            try:
                self._checkpoint(self._writer, apsw.SQLITE_CHECKPOINT_TRUNCATE)
            finally:
                self._writer.set_busy_timeout(BUSY_MS)

    @staticmethod
    def _checkpoint(conn: apsw.Connection, mode: int) -> None:
        with suppress(apsw.BusyError, apsw.LockedError):  # somebody reads an old snapshot; the next round gets it
            conn.wal_checkpoint(mode=mode)


def gap_message(conn: apsw.Connection, witness: Witness, head: Head) -> str | None:
    """What is missing against the witness, and the two ways out; None when nothing is."""
    mark = witness.read()
    if mark is None or mark.seq == 0:
        return None
    ways = "Restore a backup, or accept the loss with: esante db accept-loss --reason TEXT"
    if head.seq < mark.seq:
        head = audit_log.head(conn)  # another process may have written line and witness since `head` was read
    if head.seq < mark.seq:
        return (
            f"audit lines {head.seq + 1} to {mark.seq} are missing ({mark.seq - head.seq} lines, the last of {mark.at}):"
            f" committed data was lost, by damage to the write-ahead log or an old copy of the file. {ways}"
        )
    found = conn.execute("SELECT mac FROM audit WHERE seq = ?", (mark.seq,)).get
    if found != mark.mac:
        return f"audit line {mark.seq} is not the one that was written on {mark.at}: the history was replaced. {ways}"
    return None


def _read_only(why: str) -> Unavailable:
    return Unavailable("Nothing can be saved now: {why}", code="READ_ONLY", why=why, retry_after=60)


def _data_version(conn: apsw.Connection) -> int:
    """The pragma: `Connection.data_version` also moves on our own commits, and on others' only once something was read."""
    return int(conn.execute("PRAGMA data_version").get)
