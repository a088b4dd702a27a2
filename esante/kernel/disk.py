"""How much room is left on the disks that the clinic writes to, and what is given up as it runs out (SPEC OP-14).

Of the data folder's disk the last tenth is warned of, the last twentieth takes no files any more, the last fiftieth nothing but
what must be (`essential` commands and audit lines): for these a ballast file is kept that is removed then. Its room counts as
taken also while it is gone, so its removal ends nothing. Nobody has to restart anything when space was freed.
"""

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import structlog

from esante.kernel.config import Limits
from esante.kernel.errors import DiskFull
from esante.kernel.structs import Event, Kept, Severity
from esante.kernel.transaction import WriteTx

log = structlog.get_logger(__name__)

C = TypeVar("C", bound=Callable[..., Any])

BALLAST = "ballast"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
FULL = "The disk is full: nothing can be saved until space is freed"

Level = Literal["ok", "low", "no_uploads", "no_writes"]
LEVELS: tuple[Level, ...] = ("ok", "low", "no_uploads", "no_writes")
MARGIN = 0.5
"""So many percent beyond a mark, and the disk is back above it: at the mark itself it would come and go."""

_essential: set[Callable[..., Any]] = set()


def essential(command: C) -> C:
    """Marks a command that is done even on the last of the ballast: signing in and out, locking, ending."""
    _essential.add(command)
    return command


def is_essential(command: Callable[..., Any]) -> bool:
    return command in _essential


class Volume(Kept):
    """The disk under one of the clinic's folders: what a process without special rights may still write."""

    name: str
    free_bytes: int
    total_bytes: int

    @property
    def free_percent(self) -> float:
        return 100 * self.free_bytes / self.total_bytes if self.total_bytes else 100.0


class DiskLevelChanged(Event, tag="disk.level_changed"):
    """The data folder's disk has passed one of its marks, in whichever direction."""

    severity: ClassVar[Severity] = "warning"

    level: Level
    free_percent: float
    uploads_percent: float
    writes_percent: float


def measure(name: str, folder: Path) -> Volume | None:
    """None when there is no such folder, or its disk does not answer. May wait for a disk on the network."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return Volume(
        name=name,
        free_bytes=found.f_bavail * found.f_frsize,
        total_bytes=(found.f_blocks - found.f_bfree + found.f_bavail) * found.f_frsize,
    )


class DiskGuard:
    """Looks when it is told to, and keeps the ballast. The level may be read by any thread."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._ballast = folder / BALLAST
        self._lock = threading.Lock()
        self._was_full = False
        self.level: Level = "ok"
        self.free_percent = 100.0

    def look(self) -> None:
        """Measure, and free or restore the ballast as the level wants it."""
        with self._lock:
            found = measure("data", self._folder)
            if found is None:
                return
            size = min(self._limits.ballast_bytes, found.total_bytes // 100)
            missing = 0 if self._ballast.exists() else size
            self.free_percent = 100 * max(0, found.free_bytes - missing) / max(1, found.total_bytes)
            level = self._level_of(self.free_percent)
            if LEVELS.index(level) < LEVELS.index(self.level):
                level = self._level_of(self.free_percent - MARGIN)
            if level != "no_writes" and missing and (self._was_full or level in ("ok", "low")):
                self._was_full = not self._make_ballast(size) and self._was_full
            if self._was_full:
                level = "no_writes"
            self._set(level)

    def note_full(self) -> None:
        """A write found no room, whatever the numbers say (a quota): nothing is taken until the ballast fits in again."""
        with self._lock:
            self._was_full = True
            self._set("no_writes")

    def refuse_uploads(self) -> None:
        """`DiskFull` when no file may be taken now."""
        if self.level in ("no_uploads", "no_writes"):
            raise DiskFull("The disk is nearly full: no file can be taken until space is freed", retry_after=60)

    def _level_of(self, percent: float) -> Level:
        if percent < self._limits.disk_writes_percent:
            return "no_writes"
        if percent < self._limits.disk_uploads_percent:
            return "no_uploads"
        return "low" if percent < self._limits.disk_warn_percent else "ok"

    def _set(self, level: Level) -> None:
        if level == "no_writes":
            with suppress(OSError):
                self._ballast.unlink()
        if level != self.level:
            told = log.info if level == "ok" else log.critical if level == "no_writes" else log.warning
            told("disk_level", level=level, before=self.level, free_percent=round(self.free_percent, 2))
        self.level = level

    def _make_ballast(self, size: int) -> bool:
        """Real blocks, not a hole."""
        try:
            handle = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(handle, 0, size)
        except OSError:
            self._ballast.unlink(missing_ok=True)
            return False
        finally:
            os.close(handle)
        return True


@essential
def note_level(tx: WriteTx, level: Level, free_percent: float, limits: Limits) -> None:
    """For the log, and for who is told."""
    tx.record(
        DiskLevelChanged(
            subject="disk",
            level=level,
            free_percent=round(free_percent, 1),
            uploads_percent=limits.disk_uploads_percent,
            writes_percent=limits.disk_writes_percent,
        )
    )
