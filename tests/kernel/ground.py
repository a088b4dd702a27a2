"""What the kernel's tests stand on: a furnished file, fixed keys, a clock that is told the time, another process."""

import asyncio
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw

from esante.kernel.actor import house
from esante.kernel.connection import open_database
from esante.kernel.database import Database
from esante.kernel.migrate import FOLDER
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.structs import Event
from esante.kernel.transaction import LookTx, ReadTx, Wiring, WriteTx

KEY = bytes(range(32))
AUDIT_KEY = bytes(range(32, 64))
ACTOR = house("test")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NAME = "esante.db"
REPOSITORY = Path(__file__).parent.parent.parent

TABLES = """
CREATE TABLE thing (id INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE part (
    id INTEGER PRIMARY KEY,
    thing_id INTEGER NOT NULL REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TRIGGER thing_loses_everything BEFORE INSERT ON thing WHEN NEW.value = 'ROLLBACK'
BEGIN SELECT RAISE(ROLLBACK, 'everything is lost'); END;
"""


class ThingMade(Event, tag="thing.made"):
    number: int = 0


class SettingsChanged(Event, tag="settings.changed"):
    pass


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


def furnish(path: Path) -> None:
    """A new file with the kernel's own tables and two for the tests."""
    conn = open_database(path, KEY, "maintenance")
    for script in sorted(FOLDER.glob("*_kernel.sql")):
        conn.execute(script.read_text()).fetchall()
    conn.execute(TABLES).fetchall()
    conn.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    conn.close()


def database(folder: Path, **options: Any) -> Database:
    """Not yet started."""
    wiring: Wiring = options.pop("wiring", {})
    return Database(folder / NAME, KEY, AUDIT_KEY, OneTimeSecrets(KEY), wiring, **options)


def maintenance(folder: Path) -> apsw.Connection:
    return open_database(folder / NAME, KEY, "maintenance")


def make(tx: WriteTx, number: int, value: str = "x") -> int:
    """Make a thing, with its audit line."""
    tx.run("INSERT INTO thing (id, value) VALUES (?, ?)", number, value)
    tx.record(ThingMade(subject=str(number), number=number))
    return number


def make_and_fail(tx: WriteTx, number: int) -> int:
    make(tx, number)
    raise KeyError(number)


def things(tx: ReadTx) -> list[int]:
    return tx.all(int, "SELECT id FROM thing ORDER BY id")


def look_at(tx: LookTx, number: int) -> int:
    tx.record(ThingMade(subject=str(number), number=number))
    return number


def lines(tx: ReadTx) -> int:
    return tx.one(int, "SELECT count(*) FROM audit")


async def until(condition: Any, seconds: float = 20.0) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- it may come true in another process
            await asyncio.sleep(0.005)


_PRELUDE = """
import asyncio, os, sys, time
from pathlib import Path
from tests.kernel.ground import *
folder = Path(sys.argv[1])
"""


def another_process(folder: Path, code: str) -> "subprocess.Popen[str]":
    """Run this code in a process of its own, with `ground` and `folder` at hand; it may talk through its pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", _PRELUDE + textwrap.dedent(code), str(folder)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def in_another_process(folder: Path, code: str) -> int:
    """Run it to its end; its exit code."""
    process = another_process(folder, code)
    process.communicate(timeout=30)
    return process.returncode
