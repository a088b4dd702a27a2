"""After a crash a bit is turned in the database or in its log, a piece is torn, an end cut off, or an old copy put there.

Then either all is there that was acknowledged, or the damage is found: at the start, by a halt of all writing that says what
is missing, or by the first reading of what was damaged. Never is there silently less. Without the witness there would be.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from esante.kernel import audit_log
from esante.kernel.errors import Broken
from tests.faults.figures import control, tell, times
from tests.kernel.ground import ACTOR, AUDIT_KEY, NAME, Clock, database, furnish, make, things

TRIES = times(short=40, quick=600, full=20_000)
WAL = f"{NAME}-wal"
FILES = (NAME, WAL, "witness")
ROWS = 60

Damage = Callable[[Path, random.Random], str]


def turn_a_bit(folder: Path, dice: random.Random) -> str:
    name = dice.choice((NAME, WAL))
    content = bytearray((folder / name).read_bytes())
    at = dice.randrange(len(content))
    content[at] ^= 1 << dice.randrange(8)
    (folder / name).write_bytes(content)
    return f"a bit of {name} at {at}"


def cut_off(folder: Path, dice: random.Random) -> str:
    name = dice.choice((NAME, WAL))
    content = (folder / name).read_bytes()
    left = dice.randrange(len(content))
    (folder / name).write_bytes(content[:left])
    return f"{name} cut to {left}"


def tear(folder: Path, dice: random.Random) -> str:
    """A piece of a sector or some is what it was before, or nothing."""
    name = dice.choice((NAME, WAL))
    content = bytearray((folder / name).read_bytes())
    size = 512 * dice.randint(1, 8)
    at = dice.randrange(0, max(1, len(content) - size), 512)
    content[at : at + size] = dice.choice((bytes(size), dice.randbytes(size)))
    (folder / name).write_bytes(content)
    return f"{size} bytes of {name} at {at}"


def swap(folder: Path, dice: random.Random) -> str:
    """Two pages of the database change places."""
    content = bytearray((folder / NAME).read_bytes())
    one, other = (4096 * page for page in dice.sample(range(len(content) // 4096), 2))
    content[one : one + 4096], content[other : other + 4096] = (
        content[other : other + 4096], content[one : one + 4096],
    )  # fmt: skip
    (folder / NAME).write_bytes(content)
    return f"pages at {one} and {other} swapped"


def take_away(folder: Path, dice: random.Random) -> str:
    (folder / WAL).unlink()
    return f"{WAL} gone"


def grow_old(folder: Path, dice: random.Random) -> str:
    """The database and its log of some time ago, beside the witness of now."""
    for name in (NAME, WAL):
        (folder / name).unlink(missing_ok=True)
        if (folder / "old" / name).exists():
            shutil.copy(folder / "old" / name, folder / name)
    return "the files of some time ago"


KINDS: tuple[Damage, ...] = (
    turn_a_bit,
    turn_a_bit,
    turn_a_bit,
    tear,
    tear,
    cut_off,
    cut_off,
    swap,
    take_away,
    grow_old,
)


@pytest.fixture
async def crashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a crash left: lines in the file, more in the log, the witness has seen the last."""
    monkeypatch.setattr("esante.kernel.database.CHECKPOINT_SECONDS", 3_600)
    live, left = tmp_path / "live", tmp_path / "crashed"
    live.mkdir()
    furnish(live / NAME)
    db = database(live, now=Clock())
    await db.start()
    for number in range(ROWS):
        await db.write(ACTOR, make, number, "x" * 300)
        if number == ROWS // 3:
            copy(live, left / "old")
        if number == ROWS // 2:
            db._checkpoint(db._writer.conn, apsw.SQLITE_CHECKPOINT_TRUNCATE)
    db.witness.advance(db._writer.head)
    copy(live, left)
    await db.stop()
    return left


def copy(folder: Path, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (folder / name).exists():
            shutil.copy(folder / name, into / name)


async def found(folder: Path) -> str:
    """How the damage was noticed; "whole" when all is there, "less" when it is not and nobody noticed."""
    db = database(folder, now=Clock())
    try:
        await db.start()
    except (Broken, apsw.Error):
        return "at the start"
    try:
        if db.halted:
            return "halted"
        there = db.read(ACTOR, things)
        conn = db._reader
        if conn.execute("PRAGMA integrity_check").get != "ok":
            return "by reading"
        if not audit_log.verify(conn, [AUDIT_KEY]).ok:
            return "by the audit log"
        values = {value for (value,) in conn.execute("SELECT value FROM thing")}
        return "whole" if there == list(range(ROWS)) and values == {"x" * 300} else "less"
    except apsw.Error:
        return "by reading"
    finally:
        with suppress(apsw.Error, Broken):
            await db.stop()


async def test_it_is_whole_or_found(crashed: Path, tmp_path: Path) -> None:
    dice, how, silent = random.Random(23), Counter[str](), list[str]()
    for _ in range(TRIES):
        here = tmp_path / "here"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(crashed, here)
        what = dice.choice(KINDS)(here, dice)
        result = await found(here)
        how[result] += 1
        if result == "less":
            silent.append(what)
    tell(TRIES, len(silent), **{one: count for one, count in how.items() if one != "less"})
    assert silent == []
    assert how["whole"]
    assert how["halted"]


async def test_without_damage_it_is_whole(crashed: Path, tmp_path: Path) -> None:
    shutil.copytree(crashed, tmp_path / "here")
    assert await found(tmp_path / "here") == "whole"


@pytest.mark.parametrize("damage", [cut_off, take_away, grow_old])
async def test_without_the_witness_less_is_not_found(crashed: Path, tmp_path: Path, damage: Damage) -> None:
    """The control: the same check sees silently less when nobody remembers how far the log had come."""
    dice, less = random.Random(5), 0
    for number in range(20):
        here = tmp_path / f"here{number}"
        shutil.copytree(crashed, here)
        damage(here, dice)
        (here / "witness").unlink()
        less += await found(here) == "less"
    control(f"no witness, and {damage.__name__.replace('_', ' ')}", less > 0)
    assert less
