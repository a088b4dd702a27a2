"""The disk refuses one call, or every one from then on: any read, write, sync or truncation of the database or its log.

Whoever writes is refused with words, or writing halts; what was acknowledged is there after the next start, in a whole file.
"""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from esante.kernel import audit_log
from esante.kernel.database import Database
from esante.kernel.errors import DiskFull, Unavailable
from esante.kernel.writer import Writer
from tests.faults.figures import SIZE, control, tell, times
from tests.kernel.ground import ACTOR, AUDIT_KEY, NAME, Clock, database, furnish, make, things

TRIES = times(short=15, quick=250, full=100_000)
WRITES = 12
PATIENCE = 20.0
ERRORS: dict[str, tuple[int, ...]] = {
    "xRead": (apsw.SQLITE_IOERR_READ,),
    "xWrite": (apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_FULL),
    "xSync": (apsw.SQLITE_IOERR_FSYNC,),
    "xTruncate": (apsw.SQLITE_IOERR_TRUNCATE,),
    "xFileSize": (apsw.SQLITE_IOERR_FSTAT,),
}


class Fault(msgspec.Struct, frozen=True):
    """The `number`-th call of this kind fails, and with `ever` those after it; a write may be half done before."""

    call: str
    log: bool
    number: int
    error: int
    ever: bool
    half: bool = False


class BadDisk(apsw.VFS):
    """Under the encryption, over the real one; counts the calls, and fails the one that it is told to."""

    def __init__(self) -> None:
        super().__init__("bad-disk", "unix")
        self.repair()

    def repair(self, fault: Fault | None = None) -> None:
        """Begin to count anew; with a fault, it will come."""
        self.fault, self.counts, self.hit, self.armed = fault, Counter[tuple[str, bool]](), False, False

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return BadFile(self, name, flags)

    def fails(self, call: str, log: bool) -> bool:
        if not self.armed:
            return False
        self.counts[call, log] += 1
        fault, number = self.fault, self.counts[call, log]
        if fault is None or (fault.call, fault.log) != (call, log):
            return False
        found = number >= fault.number if fault.ever else number == fault.number
        self.hit = self.hit or found
        return found


class BadFile(apsw.VFSFile):
    def __init__(self, disk: BadDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._log = bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__("unix", name, flags)

    def _check(self, call: str) -> None:
        if self._disk.fails(call, self._log):
            assert self._disk.fault
            raise apsw.exception_for(self._disk.fault.error)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._check("xRead")
        return super().xRead(amount, offset)

    def xWrite(self, data: Any, offset: int) -> None:
        try:
            self._check("xWrite")
        except apsw.Error:
            if self._disk.fault and self._disk.fault.half:
                super().xWrite(bytes(data)[: len(data) // 2], offset)
            raise
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._check("xSync")
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:
        self._check("xTruncate")
        super().xTruncate(size)

    def xFileSize(self) -> int:
        self._check("xFileSize")
        return super().xFileSize()


@pytest.fixture(scope="module")
def disk() -> Iterator[BadDisk]:
    disk = BadDisk()
    yield disk
    disk.unregister()


@pytest.fixture(autouse=True)
def on_it(disk: BadDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "esante.kernel.connection.apsw.Connection", partial(apsw.Connection, vfs="multipleciphers-bad-disk")
    )
    monkeypatch.setattr("esante.kernel.database.CHECKPOINT_SECONDS", 0.005)
    monkeypatch.setattr("esante.kernel.database.WAL_TRUNCATE_BYTES", 60_000)
    disk.repair()


async def work(folder: Path, disk: BadDisk, ledger: list[int]) -> list[str]:
    """Write, look and search while the fault comes; what was answered as it may not be."""
    db = database(folder, now=Clock())
    await db.start()
    wrong = list[str]()

    async def tried(doing: Callable[[], Awaitable[Any]]) -> Any:
        try:
            async with asyncio.timeout(PATIENCE):
                return await doing()
        except (DiskFull, Unavailable):
            return None
        except TimeoutError:
            wrong.append("no answer")
        except apsw.Error as error:
            if disk.fault and disk.fault.call in ("xWrite", "xSync", "xTruncate"):
                wrong.append(repr(error))
        return None

    try:
        disk.armed = True
        for number in range(0, WRITES, 3):
            doing = (tried(partial(db.write, ACTOR, make, number + one, "x" * 3_000)) for one in range(3))
            ledger += [done for done in await asyncio.gather(*doing) if done is not None]
            await asyncio.sleep(0.006)
        await tried(partial(db.scan, ACTOR, things))
    finally:
        disk.armed = False
        with suppress(apsw.Error):  # it could not even close well
            await stopped(db)
    return wrong


async def stopped(db: Database) -> None:
    async with asyncio.timeout(PATIENCE):
        await db.stop()


async def wrong_with(folder: Path, ledger: list[int]) -> list[str]:
    """After the next start."""
    db = database(folder, now=Clock())
    await db.start()
    try:
        wrong = [db.halted] if db.halted else []
        there = set(db.read(ACTOR, things))
        wrong += [f"{number} is lost" for number in ledger if number not in there]
        verdict = audit_log.verify(db._reader, [AUDIT_KEY])
        wrong += [] if verdict.ok else [str(verdict.problem)]
        pages = db._reader.execute("PRAGMA integrity_check").get
        wrong += [] if pages == "ok" else [str(pages)]
        await db.write(ACTOR, make, 1_000)
    finally:
        await db.stop()
    return wrong


def fresh(template: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(template, folder / NAME)


async def trial(template: Path, folder: Path, disk: BadDisk, fault: Fault | None) -> tuple[list[str], list[int]]:
    fresh(template, folder)
    disk.repair(fault)
    ledger = list[int]()
    wrong = await work(folder, disk, ledger)
    return wrong + await wrong_with(folder, ledger), ledger


async def faults(template: Path, folder: Path, disk: BadDisk) -> list[Fault]:
    """Every call that good work makes, with every way in which it may fail."""
    wrong, ledger = await trial(template, folder, disk, None)
    assert (wrong, len(ledger)) == ([], WRITES)
    assert {"xRead", "xWrite", "xSync", "xFileSize"} <= {call for call, _ in disk.counts}
    found = [
        Fault(call, log, number, error, ever, half)
        for (call, log), count in sorted(disk.counts.items())
        for number in range(1, count + 1)
        for error in ERRORS[call]
        for ever in (False, True)
        for half in ((False, True) if call == "xWrite" else (False,))
    ]
    random.Random(5).shuffle(found)
    return found


@pytest.fixture
def template(tmp_path: Path) -> Path:
    furnish(tmp_path / NAME)
    return tmp_path / NAME


async def test_nothing_acknowledged_is_lost(template: Path, tmp_path: Path, disk: BadDisk) -> None:
    broken, hits, refused = dict[str, list[str]](), Counter[str](), 0
    for fault in (await faults(template, tmp_path / "x", disk))[:TRIES]:
        wrong, ledger = await trial(template, tmp_path / "x", disk, fault)
        hits[fault.call] += disk.hit
        refused += WRITES - len(ledger)
        if wrong:
            broken[repr(fault)] = wrong
    tell(hits.total(), len(broken), refused=refused, **{f"failed {call}": count for call, count in hits.items()})
    assert broken == {}
    assert hits["xWrite"]
    assert hits["xSync"] or SIZE == "short"
    assert refused, "nothing was ever refused: this proves nothing"


async def test_a_writer_that_does_not_mind_is_found(
    template: Path, tmp_path: Path, disk: BadDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: whatever becomes of the COMMIT, everybody is told that it is done."""
    whole = Writer._commit

    def careless(self: Writer, *args: Any) -> None:
        try:
            whole(self, *args)
        except apsw.Error:
            self.conn.execute("ROLLBACK") if self.conn.in_transaction else None

    monkeypatch.setattr(Writer, "_commit", careless)
    lost = False
    for fault in await faults(template, tmp_path / "x", disk):
        if fault.call in ("xWrite", "xSync") and fault.log and not lost:
            wrong, _ = await trial(template, tmp_path / "x", disk, fault)
            lost = any("is lost" in one for one in wrong)
    control("a writer that acknowledges although COMMIT failed", lost)
    assert lost
