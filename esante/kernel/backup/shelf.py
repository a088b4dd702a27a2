"""Where backups lie: `<stamp>.esante`, beside it `<stamp>.proven`, and the vault's files under `files/`.

A shelf is a few functions over keys, so that a folder, a USB stick, a NAS and a bucket are one thing to everybody else.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from esante.kernel import clock, files
from esante.kernel.backup import pace
from esante.kernel.backup.pace import PacedFile
from esante.kernel.errors import Broken

ARCHIVE, PROOF, CONTENT, KEYRING = ".esante", ".proven", "files/", "keyring"
SEGMENTS = "audit/"
"""Retired lines of the audit log, sealed by `esante audit retire`: copied to other places, never removed."""
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z")
WORK, LOCK = ".work", ".lock"


class Proof(msgspec.Struct, frozen=True, rename="camel"):
    """A drill has restored this archive, of this size and SHA-256, and found everything that its manifest names."""

    proven_at: datetime
    size: int
    sha256: str


class Archived(msgspec.Struct, frozen=True, rename="camel"):
    """An archive on a shelf; `provenAt` is None when no drill has restored it, or it has changed its size since."""

    name: str
    size: int
    made_at: datetime
    proven_at: datetime | None = None


class Shelf(Protocol):
    """A place for backups. Keys are relative, with `/`; what is put appears whole or not at all."""

    where: str

    def sizes(self, under: str = "") -> dict[str, int]:
        """The keys directly on the shelf, or all under a prefix, each with its size; drafts are not among them."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """To read; a missing one is `Broken`."""

    def put(self, key: str, source: BinaryIO) -> None:
        """Keep it, durably."""

    def remove(self, key: str) -> None:
        """Gone already is fine."""


def stamp(at: datetime) -> str:
    """The name of a backup made at this instant; the names' order is the order of time."""
    return clock.text(at).replace(":", "-")


def instant(name: str) -> datetime:
    return datetime.strptime(name, "%Y-%m-%dT%H-%M-%S.%fZ").replace(tzinfo=UTC)


def content_key(sha256: str) -> str:
    return f"{CONTENT}{sha256[:2]}/{sha256}"


def names(shelf: Shelf) -> list[str]:
    """The backups on a shelf, oldest first."""
    return _names(shelf.sizes())


def listed(shelf: Shelf) -> list[Archived]:
    """The backups on a shelf with what is known of them, newest first."""
    keys = shelf.sizes()
    found = []
    for name in reversed(_names(keys)):
        size = keys[name + ARCHIVE]
        proof = proof_of(shelf, name) if name + PROOF in keys else None
        proven_at = proof.proven_at if proof and proof.size == size else None
        found.append(Archived(name, size, instant(name), proven_at))
    return found


def proof_of(shelf: Shelf, name: str) -> Proof | None:
    """The proof, or None when there is none that can be read."""
    with suppress(Broken, msgspec.DecodeError), shelf.open(name + PROOF) as source:
        return msgspec.json.decode(source.read(), type=Proof)
    return None


def choose(shelf: Shelf, name: str | None) -> str:
    """This backup, or the newest; `Broken` names what there is."""
    there = names(shelf)
    if not there:
        raise Broken(f"There is no backup in {shelf.where}")
    if name is None:
        return there[-1]
    wanted = name.removesuffix(ARCHIVE)
    if wanted not in there:
        raise Broken(f"There is no backup {wanted} in {shelf.where}. The newest is {there[-1]}")
    return wanted


def _names(keys: dict[str, int]) -> list[str]:
    return sorted(
        key.removesuffix(ARCHIVE)
        for key in keys
        if key.endswith(ARCHIVE) and STAMP.fullmatch(key.removesuffix(ARCHIVE))
    )


class Folder:
    """A shelf that is a folder of this machine. Whoever writes holds it: `with folder.held(...)`."""

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)
        self.work = path / WORK

    @contextmanager
    def held(self, holder: str) -> Iterator[None]:
        """Nobody else writes here meanwhile. What a process that died has left is swept, at the start and at the end."""
        try:
            with files.locked(self.path / LOCK, holder):
                self._sweep()
                files.make_folder(self.work)
                try:
                    yield
                finally:
                    self._sweep()
        except files.InUse:
            raise Broken(f"Another backup is being made or checked in {self.path}. Try again when it is done") from None

    def sizes(self, under: str = "") -> dict[str, int]:
        root = self.path / under
        found = root.rglob("*") if under else root.glob("*")
        return {
            path.relative_to(self.path).as_posix(): path.stat().st_size
            for path in found
            if not path.name.startswith(".") and path.is_file()
        }

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        try:
            return (self.path / key).open("rb")
        except FileNotFoundError:
            raise Broken(f"{self.path / key} is missing") from None

    def put(self, key: str, source: BinaryIO) -> None:
        with self.draft(key) as into:
            pace.copy(source, into)

    @contextmanager
    def draft(self, key: str | None = None) -> Iterator[PacedFile]:
        """A file to be written. When the block ends well it is synced and gets its name: `key`, or the content's own."""
        path = self.work / "draft"
        try:
            with files.create_for_stream(path) as out:
                into = PacedFile(out)
                yield into
                into.sync()
            place = self.path / (key or content_key(into.sha256))
            files.make_folder(place.parent)
            files.settle(path, place)
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder that is gone afterwards."""
        path = self.work / "scratch"
        files.make_folder(path)
        try:
            yield path
        finally:
            pace.remove_tree(path)

    def remove(self, key: str) -> None:
        path, gone = self.path / key, self.work / "gone"
        if not self.work.is_dir():
            path.unlink(missing_ok=True)
            return
        with suppress(FileNotFoundError):  # first out of its place: it gets shorter step by step
            os.replace(path, gone)
            pace.remove(gone)

    def _sweep(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
