"""The writer: many requests, one transaction.

All of it runs in the writer thread. A request that fails is undone alone: the transaction is begun again, with a savepoint
for each request. When it is lost as a whole (disk full, a trigger's ROLLBACK, COMMIT itself), each request is done again in
one of its own, so that only the culprit fails.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import apsw
import msgspec
import structlog

from esante.kernel import audit_log, clock, metrics, settings
from esante.kernel.actor import Actor
from esante.kernel.audit_log import Head, Line
from esante.kernel.connection import is_full
from esante.kernel.errors import Broken, DiskFull, Unavailable
from esante.kernel.idempotency import Once, remember, replay
from esante.kernel.structs import Event
from esante.kernel.transaction import HouseContext, ReactionFailed, WriteTx
from esante.kernel.witness import Witness, gap_message

log = structlog.get_logger(__name__)

SLOW_SECONDS = 0.1


class Item:
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


Outcome = tuple["asyncio.Future[Any]", bool, Any]
"""Whom to tell, whether it went well, and the result or the error."""


class Done(msgspec.Struct, frozen=True):
    """What became of a batch: an answer for everyone, what happened, and whether jobs became due."""

    outcomes: list[Outcome]
    events: list[Event]
    has_jobs: bool


class Writer:
    """Owns the connection that writes, and knows where the audit log ends."""

    def __init__(
        self,
        house: HouseContext,
        witness: Witness,
        audit_key: bytes,
        now: clock.Clock,
        on_foreign_commit: Callable[[], None],
        *,
        accepting_loss: bool,
    ) -> None:
        self._house, self._witness, self._audit_key, self._now = house, witness, audit_key, now
        self._on_foreign_commit, self._accepting_loss = on_foreign_commit, accepting_loss
        self.head, self.last_at = Head(), clock.BEGINNING
        self.on_full: Callable[[], None] = lambda: None
        """Called in the writer thread when a write found no room on the disk."""
        self.disk_error: str | None = None
        self.gap: str | None = None

    def open(self, conn: apsw.Connection) -> None:
        self.conn = conn
        self._version = _data_version(conn)
        self._reload()

    @property
    def halted(self) -> str | None:
        """Why nothing can be written now; None when all is well."""
        return self.disk_error or self.gap

    def now(self) -> datetime:
        """A transaction's instant: the clock, but never before the last audited one."""
        return max(self._now(), self.last_at)

    def run(self, batch: list[Item]) -> Done:
        """Never raises: everyone gets an answer."""
        try:
            return self._transact(batch)
        except Exception as error:
            self._recover(error)
            if len(batch) == 1 or self.halted or isinstance(error, apsw.BusyError):
                return Done([(item.future, False, self._explained(error)) for item in batch], [], False)
        each = [self.run([item]) for item in batch]
        return Done(
            [outcome for done in each for outcome in done.outcomes],
            [event for done in each for event in done.events],
            any(done.has_jobs for done in each),
        )

    def look_around(self) -> None:
        """Has another process written? In a gap look again each time: `accept-loss` moves the witness after its commit."""
        moved = self._foreign_commit()
        if moved or self.gap:
            self._reload()
        if moved:
            self._on_foreign_commit()

    def halt(self, error: Exception) -> None:
        """Nothing is written until the next start: after an error of the disk nobody knows what it holds."""
        self.disk_error = (
            f"the database could not be read or written ({type(error).__name__}: {error})."
            " Check the disk, then start esante again"
        )
        log.critical("writing_halted", why=self.disk_error)

    def _transact(self, batch: list[Item], *, savepoints: bool = False) -> Done:
        """All of them; without savepoints while nothing fails, for which SQLite copies every page that each of them touches."""
        execute = self.conn.execute
        execute("BEGIN IMMEDIATE")
        if self._foreign_commit():
            self._reload()
            self._on_foreign_commit()
        if self.halted:  # since these requests were queued
            raise read_only(self.halted)
        now = self.now()
        outcomes: list[Outcome] = []
        lines: list[Line] = []
        events: list[Event] = []
        has_jobs = False
        for item in batch:
            if item.command is None:
                lines += item.lines
                outcomes.append((item.future, True, None))
                continue
            if savepoints:
                execute("SAVEPOINT command")
            try:
                value, tx = self._run_one(item, now, savepoints)
            except Exception as error:
                if not self.conn.in_transaction:  # everybody's work is gone
                    raise
                if not savepoints:
                    execute("ROLLBACK")
                    if len(batch) == 1 and not isinstance(error, ReactionFailed):
                        return Done([(item.future, False, self._explained(error))], [], False)
                    return self._transact(batch, savepoints=True)
                execute("ROLLBACK TO command")
                execute("RELEASE command")
                outcomes.append((item.future, False, self._explained(error)))
                continue
            if savepoints:
                execute("RELEASE command")
            lines += tx.lines
            events += tx.happened
            has_jobs = has_jobs or tx.has_jobs
            outcomes.append((item.future, True, value))
        self._commit(now, lines, events)
        return Done(outcomes, events, has_jobs)

    def _commit(self, now: datetime, lines: list[Line], events: list[Event]) -> None:
        """With the lines behind the commands. Nothing may raise after the COMMIT: what is done must not be redone."""
        head = audit_log.append(self.conn, self._audit_key, self.head, clock.text(now), lines)
        changed = any(event.action() == "settings.changed" for event in events)
        in_force = settings.load(self.conn) if changed else self._house.settings
        self.conn.execute("COMMIT")
        self.head, self.last_at, self._house.settings = head, now, in_force

    def _run_one(self, item: Item, now: datetime, savepoints: bool) -> tuple[Any, WriteTx]:
        assert item.command is not None
        started = time.monotonic()
        tx = WriteTx(self.conn, item.actor, now, self._house, savepoints=savepoints)
        if item.once and (kept := replay(tx, item.once)):
            return kept[0], tx
        value = item.command(tx)
        if item.once:
            remember(tx, item.once, item.actor.id, value)
        if (took := time.monotonic() - started) > SLOW_SECONDS:
            metrics.SLOW_COMMANDS.labels(item.name).inc()
            log.warning(
                "slow_command", command=item.name, ms=round(took * 1000), request_id=item.actor.request_id or "none"
            )
        return value, tx

    def _recover(self, error: Exception) -> None:
        """After a transaction that was lost as a whole: see where the file stands. Never raises, the writer must live."""
        if is_unsafe(error):
            self.halt(error)
        try:
            if self.conn.in_transaction:
                self.conn.execute("ROLLBACK")
            self._reload()
        except Exception as worse:
            self.halt(worse)

    def _explained(self, error: Exception) -> Exception:
        """What the database itself refused, in words for the person; everything else as it is."""
        if is_full(error):
            self.on_full()
            return DiskFull("The disk is full: nothing can be saved until space is freed", retry_after=60)
        if isinstance(error, apsw.BusyError):
            return Unavailable("Another program is writing. Please try again in a moment", code="BUSY", retry_after=5)
        if isinstance(error, apsw.IOError) and self.halted:
            return read_only(self.halted)
        if isinstance(error, StopIteration):  # a future does not take it
            return RuntimeError("a command raised StopIteration")
        return error

    def _foreign_commit(self) -> bool:
        """Has another process committed since this was last asked? Our own commits do not move the number."""
        version = _data_version(self.conn)
        moved = version != self._version
        self._version = version
        return moved

    def _reload(self) -> None:
        """Take head, clock floor and settings from the file, and hold them against the witness."""
        self.head = audit_log.head(self.conn)
        self.last_at = clock.parse(self.head.at) if self.head.at else clock.BEGINNING
        self._house.settings = settings.load(self.conn)
        try:
            gap = None if self._accepting_loss else gap_message(self.conn, self._witness, self.head)
        except Broken as error:
            gap = str(error)
        if gap and gap != self.gap:
            log.critical("writing_halted", why=gap)
        self.gap = gap


def is_unsafe(error: Exception) -> bool:
    """After it nobody knows what the disk holds."""
    return isinstance(error, apsw.IOError) and not is_full(error)


def read_only(why: str) -> Unavailable:
    return Unavailable("Nothing can be saved now: {why}", code="READ_ONLY", why=why, retry_after=60)


def _data_version(conn: apsw.Connection) -> int:
    """The pragma: `Connection.data_version` also moves on our own commits, and on others' only once something was read."""
    return int(conn.execute("PRAGMA data_version").get)
