"""The database: one writer with group commit, a reader on the loop, two slow readers, a checkpointer.

Four ways in, each with a plain function of a transaction:

* `read` at once, on the loop: point looks and pages, below about 100 µs.
* `look` the same, and its audit lines are durable before the result is returned.
* `scan` in a reader thread: search, reports, verification.
* `write` in the writer thread: done and durable, or not done at all.

Requests of one loop turn ride together: the writer opens one transaction, runs the commands, writes the audit lines behind
them, commits once. There is no timer: the last commit's duration is the window.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

import apsw
import structlog

from esante.kernel import clock
from esante.kernel.actor import Actor
from esante.kernel.audit_log import Line
from esante.kernel.connection import BUSY_MS, open_database
from esante.kernel.disk import FULL, DiskGuard, is_essential
from esante.kernel.errors import DiskFull, Unavailable
from esante.kernel.idempotency import Once
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.settings import ClinicSettings
from esante.kernel.structs import Event, Outcome
from esante.kernel.transaction import HouseContext, LookTx, ReadTx, Wiring, WriteTx, line_of
from esante.kernel.witness import Witness
from esante.kernel.writer import Done, Item, Writer, is_unsafe, read_only

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)

QUEUE = 2_000
BATCH = 512
IDLE_SECONDS = 0.2
CHECKPOINT_SECONDS = 1.0
"""How often the log is written back into the file, and the witness moved."""
WAL_TRUNCATE_BYTES = 64 * 1024 * 1024


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
        former_audit_keys: Sequence[bytes] = (),
        queue: int = QUEUE,
        accepting_loss: bool = False,
        disk: DiskGuard | None = None,
    ) -> None:
        """`accepting_loss` is for `esante db accept-loss` alone: write although the witness has seen more, and at stop
        take the log's end, with the line that says so, for true."""
        self.path, self.now = path, now
        self._house = HouseContext(ClinicSettings(), secrets, wiring, now)
        self.witness = Witness(path.parent, audit_key, former_audit_keys)
        self.after_commit: Callable[[list[Event], bool], None] = lambda events, has_jobs: None
        """Called on the loop with what a commit made happen, and whether jobs became due."""
        self.on_foreign_commit: Callable[[], None] = lambda: None
        """Called on the loop when another process (the command line) has written."""
        self._writer = Writer(
            self._house, self.witness, audit_key, now, self._tell_of_foreign_commit, accepting_loss=accepting_loss
        )
        self._disk, self._writer.on_full = disk, disk.note_full if disk else lambda: None
        self._closing = False
        self._complaints: dict[str, str] = {}
        self._accepting_loss = accepting_loss
        self._key, self._most = key, queue
        self._queue: list[Item] = []
        self._idle = True
        self._settled = asyncio.Event()
        """Set while nothing waits for the writer."""
        self._settled.set()
        self._log_path = f"{path}-wal"
        self._batches = SimpleQueue[list[Item] | None]()
        """For the writer; None when there will be no more."""
        self._stopping = threading.Event()

    # ------------------------------------------------------------------ life

    async def start(self) -> None:
        """Open every connection and look at the witness. A gap does not stop the start: it halts all writing."""
        self._loop = asyncio.get_running_loop()
        self._writer.open(open_database(self.path, self._key, "writer"))
        self._reader = open_database(self.path, self._key, "reader")
        self._checkpointer = open_database(self.path, self._key, "checkpointer")
        self._local = threading.local()
        self._slow_connections: list[apsw.Connection] = []
        self._slow = ThreadPoolExecutor(2, "slow-reader")
        self._witnessed = self._writer.head.seq
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
        self._batches.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        await asyncio.to_thread(self._slow.shutdown)
        try:
            if not self.halted:
                if self._accepting_loss:
                    self.witness.set_back(self._writer.head)
                self.witness.advance(self._writer.head)
                self._checkpoint(self._writer.conn, apsw.SQLITE_CHECKPOINT_TRUNCATE)
        finally:
            for conn in (*self._slow_connections, self._reader, self._checkpointer, self._writer.conn):
                conn.close()

    @property
    def halted(self) -> str | None:
        """Why nothing can be written now; None when all is well."""
        return self._writer.halted

    @property
    def unwritable(self) -> str | None:
        """Why people can save nothing now: writing is halted, or the disk is full; None when all is well."""
        return self.halted or (FULL if self._is_full() else None)

    @property
    def last_at(self) -> datetime:
        """The log's last instant: no transaction is before it."""
        return self._writer.last_at

    @property
    def settings(self) -> ClinicSettings:
        return self._house.settings

    # --------------------------------------------------------------- ways in

    def read(self, actor: Actor, query: Callable[Concatenate[ReadTx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query at once, on the loop's own connection."""
        return query(ReadTx(self._reader, actor, self._writer.now(), self._house), *args, **kwargs)

    async def look(
        self, actor: Actor, query: Callable[Concatenate[LookTx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query at once; return when the lines that it recorded are on disk."""
        tx = LookTx(self._reader, actor, self._writer.now(), self._house)
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
        self._refuse_when_full(command)
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
        self._refuse_when_full(command)
        return await self._put(  # type: ignore[no-any-return]
            actor, lambda tx: command(tx, *args, **kwargs), command.__name__, [], once.returning(command)
        )

    async def note(self, actor: Actor, event: Event, outcome: Outcome = "refused") -> None:
        """Write one audit line for something that did not come to a transaction: a refusal at the door."""
        await self._put(actor, None, "note", [line_of(actor, event, outcome, None, None)])

    # ---------------------------------------------------------- on the loop

    def _is_full(self) -> bool:
        return self._disk is not None and self._disk.level == "no_writes"

    def _refuse_when_full(self, command: Callable[..., Any]) -> None:
        if self._is_full() and not is_essential(command):
            raise DiskFull(FULL, retry_after=60)

    def _put(
        self,
        actor: Actor,
        command: Callable[[WriteTx], Any] | None,
        name: str,
        lines: list[Line],
        once: Once | None = None,
    ) -> "asyncio.Future[Any]":
        if self.halted:
            raise read_only(self.halted)
        if self._closing:
            raise Unavailable(
                "The clinic's server is stopping. Please try again in a moment", code="STOPPING", retry_after=5
            )
        if len(self._queue) >= self._most:
            raise Unavailable("The clinic is very busy. Please try again in a moment", code="BUSY", retry_after=1)
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.append(Item(future, actor, command, name, lines, once))
        if self._idle:
            self._idle = False
            self._settled.clear()
            self._loop.call_soon(self._hand_over)
        return future

    def _hand_over(self) -> None:
        """Give this turn's requests to the writer, all together."""
        batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
        self._batches.put(batch)

    def _settle(self, done: Done) -> None:
        """Back on the loop after the commit: everyone gets an answer, then the next batch goes."""
        for future, ok, value in done.outcomes:
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
        if done.events or done.has_jobs:
            self.after_commit(done.events, done.has_jobs)

    # ------------------------------------------------- in the writer thread

    def _write_forever(self) -> None:
        while True:
            try:
                batch = self._batches.get(timeout=IDLE_SECONDS)
            except Empty:
                self._endure("look at the file", self._writer.look_around)
            else:
                if batch is None:
                    return
                self._loop.call_soon_threadsafe(self._settle, self._writer.run(batch))
            self._endure("truncate the write-ahead log", self._shrink_wal)

    def _endure(self, chore: str, act: Callable[[], None]) -> None:
        """Something that a thread does by the way: its failure is told once and tried again, the thread lives on."""
        try:
            act()
        except Exception as error:
            if is_unsafe(error) and not self._writer.disk_error:
                self._writer.halt(error)
            if self._complaints.get(chore) != str(error):
                log.error("chore_failed", chore=chore, exc_info=error)
            self._complaints[chore] = str(error)
        else:
            self._complaints.pop(chore, None)

    def _tell_of_foreign_commit(self) -> None:
        self._loop.call_soon_threadsafe(lambda: self.on_foreign_commit())

    # ---------------------------------------------------------- slow readers

    def _slow_reader(self) -> apsw.Connection:
        """This thread's connection. Not opened as the thread begins: if that failed once, the pool would be broken for good."""
        if not hasattr(self._local, "conn"):
            self._local.conn = open_database(self.path, self._key, "slow-reader")
            self._slow_connections.append(self._local.conn)
        conn: apsw.Connection = self._local.conn
        return conn

    def _scan(self, actor: Actor, query: Callable[[LookTx], T]) -> tuple[T, list[Line]]:
        conn = self._slow_reader()
        conn.execute("BEGIN")
        try:
            tx = LookTx(conn, actor, self._writer.now(), self._house)
            return query(tx), tx.lines
        finally:
            conn.execute("ROLLBACK")
            if conn.txn_state("main") != apsw.SQLITE_TXN_NONE:
                log.error("scan_left_unread", query=repr(query))
                self._drop_slow_reader(conn)

    def _drop_slow_reader(self, conn: apsw.Connection) -> None:
        """A statement that was left half read keeps its snapshot: every later scan in this thread would see it as of then."""
        self._slow_connections.remove(conn)
        del self._local.conn
        conn.close(force=True)

    # ------------------------------------------------------------ checkpoints

    def _checkpoint_forever(self) -> None:
        while not self._stopping.wait(CHECKPOINT_SECONDS):
            if self._disk:
                self._endure("look at the disk", self._disk.look)
            self._endure("write the witness", self._bear_witness)
            self._endure("checkpoint", lambda: self._checkpoint(self._checkpointer, apsw.SQLITE_CHECKPOINT_PASSIVE))

    def _bear_witness(self) -> None:
        head = self._writer.head
        if head.seq != self._witnessed and not self.halted and not self._accepting_loss:
            self.witness.advance(head)
            self._witnessed = head.seq

    def _shrink_wal(self) -> None:
        """Passive checkpoints never reset the log under steady load; above 64 MB the writer does, between batches.

        It does not wait for a reader of an old snapshot, or a long search would stop all writing: the next batch tries again.
        """
        try:
            size = os.stat(self._log_path).st_size
        except FileNotFoundError:
            return
        if size > WAL_TRUNCATE_BYTES:
            self._writer.conn.set_busy_timeout(0)
            try:
                self._checkpoint(self._writer.conn, apsw.SQLITE_CHECKPOINT_TRUNCATE)
            finally:
                self._writer.conn.set_busy_timeout(BUSY_MS)

    @staticmethod
    def _checkpoint(conn: apsw.Connection, mode: int) -> None:
        with suppress(apsw.BusyError, apsw.LockedError):  # somebody reads an old snapshot; the next round gets it
            conn.wal_checkpoint(mode=mode)
