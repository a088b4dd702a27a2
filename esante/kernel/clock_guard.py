"""Is the clock to be trusted? While it is not, nothing that destroys is done, until an admin confirms the time (SPEC OP-11).

Doubted are: a jump against the clock that counts since the machine was switched on, also across a restart of the server; a
start before the instant when the clinic was last seen running, or long after it. A box without a battery for its clock must
come up, so the clinic serves all the while; and what is written never goes below the log's last instant (`Writer.now`).
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import structlog

from esante.kernel import clock, files
from esante.kernel.actor import house
from esante.kernel.database import Database
from esante.kernel.errors import Conflict, Unavailable
from esante.kernel.structs import Event, Kept, Severity
from esante.kernel.transaction import ReadTx, WriteTx

log = structlog.get_logger(__name__)

JUMP = timedelta(minutes=1)
"""A network time service moves a healthy clock by less."""
LONG_ABSENCE = timedelta(days=30)
"""A clock that says that the clinic stood still for longer is asked about."""
MARK_EVERY = timedelta(minutes=1)

WATCHMAN = house("job:kernel.watch_clock")

Doubt = Literal["jumped", "behind", "long_absence"]


class Freeze(Kept):
    """Why the clock is doubted, since when, and by how many seconds it is off against what was expected."""

    why: Doubt
    seconds: int
    found_at: datetime


class ClockDoubted(Event, tag="clock.doubted"):
    """What destroys waits from now on. `seconds`: how far the clock is from what was expected; below zero: it went back."""

    severity: ClassVar[Severity] = "critical"

    why: Doubt
    seconds: int


class ClockConfirmed(Event, tag="clock.confirmed"):
    """Somebody looked at the time and said that it is right; what destroys may be done again."""

    severity: ClassVar[Severity] = "warning"

    why: Doubt
    seconds: int


class Mark(msgspec.Struct, frozen=True):
    """When the clinic was last seen running: on the wall, and since this start of the machine (`boot`)."""

    wall: datetime
    steady: float
    boot: str


class ClockGuard:
    """Compares two clocks whenever it is asked. `is_frozen` may be called by any thread."""

    def __init__(self, db: Database, now: clock.Clock, steady: Callable[[], float]) -> None:
        self._db, self._now, self._steady = db, now, steady
        self._path = db.path.parent / "clock"
        self._lock = threading.Lock()
        self._last = self._marked = self._mark()
        self._found: Freeze | None = None
        self._told = False
        self.drift = timedelta()
        """How far the wall clock has moved against the steady one since the start, or since it was confirmed."""

    def begin(self) -> None:
        """After the database was opened: what was doubted before, and how the time looks against the last time."""
        self._last = self._marked = self._mark()
        self._found = self._db.read(WATCHMAN, kept)
        self._told = self._found is not None
        if self._found is None:
            self._doubt(*_against(self._last, self._read_mark(), self._db.last_at))

    def look(self) -> Freeze | None:
        """Compare now; why the clock is doubted, or None."""
        with self._lock:
            mark = self._mark()
            off = (mark.wall - self._last.wall) - timedelta(seconds=mark.steady - self._last.steady)
            self._last, self.drift = mark, self.drift + off
            if abs(off) > JUMP:
                self._doubt("jumped", off)
            return self._found

    def is_frozen(self) -> bool:
        """Must what destroys wait? Also while the log's last instant lies ahead: things look older than they are."""
        return self.look() is not None or self.ahead > JUMP

    @property
    def ahead(self) -> timedelta:
        """By how much the log's last instant is ahead of the clock; zero when all is well."""
        return max(self._db.last_at - self._now(), timedelta())

    async def watch(self) -> None:
        """Look, write down what is found, and keep the mark for the next start. What cannot be written now is next time."""
        found = self.look()
        try:
            if found and not self._told:
                await self._db.write(WATCHMAN, freeze, found)
                self._told = True
            if abs(self._last.wall - self._marked.wall) >= MARK_EVERY:
                self.keep_mark()
        except (Unavailable, OSError) as error:
            log.warning("clock_not_kept", why=str(error))

    def reload(self) -> None:
        """The command line has written: perhaps it confirmed the time."""
        if self._told and self._db.read(WATCHMAN, kept) is None:
            self.confirmed()

    def confirmed(self) -> None:
        """The time as it is now is right."""
        with self._lock:
            self._found, self._told, self.drift, self._last = None, False, timedelta(), self._mark()

    def keep_mark(self) -> None:
        """For the next start."""
        keep_mark(self._path.parent, self._last)
        self._marked = self._last

    def _doubt(self, why: Doubt | None, off: timedelta) -> None:
        if why is None:
            return
        log.critical("clock_doubted", why=why, seconds=round(off.total_seconds()))
        if self._found is None:
            self._found = Freeze(why=why, seconds=round(off.total_seconds()), found_at=self._last.wall)

    def _mark(self) -> Mark:
        return Mark(self._now(), self._steady(), clock.boot())

    def _read_mark(self) -> Mark | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Mark)
        except (OSError, msgspec.DecodeError):
            return None


def keep_mark(folder: Path, mark: Mark) -> None:
    """Keep it in the data folder."""
    files.write_whole(folder / "clock", msgspec.json.encode(mark))


def _against(now: Mark, before: Mark | None, last_at: datetime) -> tuple[Doubt | None, timedelta]:
    """At a start: how the time looks against the mark of the last run or, without one, against the log."""
    if before is None:
        return ("behind", now.wall - last_at) if now.wall < last_at - JUMP else (None, timedelta())
    gone = now.wall - before.wall
    if now.boot == before.boot and now.steady >= before.steady:
        off = gone - timedelta(seconds=now.steady - before.steady)
        return ("jumped", off) if abs(off) > JUMP else (None, off)
    if gone < -JUMP:
        return "behind", gone
    return ("long_absence", gone) if gone > LONG_ABSENCE else (None, gone)


# -------------------------------------------------------------------------- the row


def kept(tx: ReadTx) -> Freeze | None:
    """Why the clock is doubted; None when it is not."""
    return tx.maybe(Freeze, "SELECT why, seconds, found_at FROM clock_freeze")


def freeze(tx: WriteTx, found: Freeze) -> None:
    """Write down that the clock is doubted, once."""
    added = tx.run(
        "INSERT INTO clock_freeze (id, why, seconds, found_at) VALUES (1, :why, :seconds, :found_at)"
        " ON CONFLICT DO NOTHING",
        found,
    )
    if added:
        tx.record(ClockDoubted(subject="clock", why=found.why, seconds=found.seconds))


def confirm(tx: WriteTx) -> None:
    """The time is right; `Conflict` when nobody doubts it."""
    found = kept(tx)
    if found is None:
        raise Conflict("Nobody doubts the clock: there is nothing to confirm", code="CLOCK_NOT_FROZEN")
    tx.run("DELETE FROM clock_freeze")
    tx.record(ClockConfirmed(subject="clock", why=found.why, seconds=found.seconds))
