"""Writing much without being in the way: in steps, each synced, with a rest between them.

A commit of the server waits for whatever is being synced: for a gigabyte of unsynced pages 200 ms and more, for one small step
as long as that step takes. Nobody waits for a backup, so its steps are small.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Protocol

STEP_BYTES = 512 * 1024
LEAST_REST, MOST_REST = 0.01, 0.1
"""Seconds; in between, twice what the disk took: one that is busy or slow is left alone for longer."""
READ_BYTES = 256 * 1024
FREE_BYTES = 8 * 1024 * 1024
"""A gigabyte that is given back at once makes every commit of that moment wait for a third of a second; so much does not."""

_never = threading.Event()


class Told(Protocol):
    """Who is told how far a stage has come."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def nobody(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


def step(sync: Callable[[], None]) -> None:
    """Sync what was written, and rest."""
    started = time.monotonic()
    sync()
    _never.wait(min(max(2 * (time.monotonic() - started), LEAST_REST), MOST_REST))


class PacedFile:
    """A file that is being written: hashes what it takes, syncs each step, rests."""

    def __init__(self, out: FileIO) -> None:
        self._out, self._hash, self._step = out, hashlib.sha256(), 0
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, piece: bytes) -> int:
        left = memoryview(piece)
        while left:  # an unbuffered write may take less than it was given
            left = left[self._out.write(left) :]
        self._hash.update(piece)
        self.size += len(piece)
        self._step += len(piece)
        if self._step >= STEP_BYTES:
            self._step = 0
            step(self.sync)
        return len(piece)

    def flush(self) -> None:
        """Nothing waits here."""

    def sync(self) -> None:
        os.fdatasync(self._out.fileno())


def copy(source: BinaryIO, into: PacedFile) -> None:
    while piece := source.read(READ_BYTES):
        into.write(piece)


def remove(path: Path) -> None:
    """Take a file away, its room in steps. Nobody may rely on its content any more; gone already is fine."""
    with suppress(FileNotFoundError):
        size = path.stat().st_size
        while size > FREE_BYTES:
            size -= FREE_BYTES
            os.truncate(path, size)
            _never.wait(LEAST_REST)
        path.unlink()


def remove_tree(folder: Path) -> None:
    """Take a folder away with all that is in it, in steps."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            remove(path)
    shutil.rmtree(folder)


def digest(source: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 of what is left to read."""
    seen, size = hashlib.sha256(), 0
    while piece := source.read(READ_BYTES):
        seen.update(piece)
        size += len(piece)
    return size, seen.hexdigest()


def digest_of(path: Path) -> tuple[int, str]:
    with path.open("rb") as source:
        return digest(source)
