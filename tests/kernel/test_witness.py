"""The witness remembers how far the log had come; a file that knows less is not written to."""

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from esante.kernel.audit_log import Head
from esante.kernel.errors import Broken, Unavailable
from esante.kernel.witness import Mark, Witness
from tests.kernel.conftest import Opener
from tests.kernel.ground import (
    ACTOR,
    AUDIT_KEY,
    NAME,
    another_process,
    in_another_process,
    lines,
    make,
    things,
    until,
)


def mark(seq: int) -> Head:
    return Head(seq, bytes([seq % 256]) * 32, "2026-11-20T12:00:00.000Z")


def seen(witness: Witness) -> int:
    found = witness.read()
    return found.seq if found else 0


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path, AUDIT_KEY)


def test_it_works(witness: Witness) -> None:
    assert witness.read() is None
    witness.advance(mark(5))
    found = witness.read()
    assert found
    assert (found.seq, found.mac, found.at) == (5, bytes([5]) * 32, "2026-11-20T12:00:00.000Z")


def test_it_moves_only_forward(witness: Witness) -> None:
    for number in (5, 3, 5, 9, 1):
        witness.advance(mark(number))
    assert seen(witness) == 9
    witness.set_back(mark(2))
    assert seen(witness) == 2


def test_two_processes_move_it_only_forward(witness: Witness, tmp_path: Path) -> None:
    code = """
    from esante.kernel.witness import Witness
    from tests.kernel.test_witness import mark
    witness = Witness(folder, AUDIT_KEY)
    for number in range(START, 121, 2):
        witness.advance(mark(number))
        assert witness.read().seq >= number
    """
    processes = [another_process(tmp_path, code.replace("START", start)) for start in "12"]
    highest = 0
    while any(process.poll() is None for process in processes):
        before, highest = highest, seen(witness)
        assert highest >= before
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0]
    assert seen(witness) == 120


def test_a_forged_or_unreadable_one_is_broken(witness: Witness) -> None:
    witness.advance(mark(5))
    genuine = witness.path.read_bytes()
    forged = msgspec.structs.replace(msgspec.json.decode(genuine, type=Mark), seq=4)
    for content in (msgspec.json.encode(forged), msgspec.json.encode(mark(4)), genuine[:-9], b"", b"\xff\xfe", b"[]"):
        witness.path.write_bytes(content)
        with pytest.raises(Broken, match="witness"):
            witness.read()
        with pytest.raises(Broken):
            witness.advance(mark(9))
        assert witness.path.read_bytes() == content
    Witness(witness.path.parent, b"another key").set_back(mark(1))
    with pytest.raises(Broken, match="not written by this clinic"):
        witness.read()


async def test_it_follows_the_commits_within_a_second_and_at_stop(
    open_db: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esante.kernel.database.CHECKPOINT_SECONDS", 0.02)
    db = await open_db()
    await db.write(ACTOR, make, 1)
    await until(lambda: seen(db.witness) == 1)
    monkeypatch.setattr("esante.kernel.database.CHECKPOINT_SECONDS", 5)
    await asyncio.sleep(0.05)
    await db.write(ACTOR, make, 2)
    await db.stop()
    assert seen(db.witness) == 2


KILLED = """
async def main():
    db = database(folder)
    await db.start()
    for n in range(1, 31):
        await db.write(ACTOR, make, n)
    db._bear_witness()
    os._exit(9)
asyncio.run(main())
"""


@pytest.fixture
def killed(folder: Path) -> Path:
    """A clinic whose server died with thirty commits in the write-ahead log."""
    assert in_another_process(folder, KILLED) == 9
    return folder


async def test_after_a_kill_nothing_is_missing(killed: Path, open_db: Opener) -> None:
    db = await open_db()
    assert db.halted is None
    assert len(db.read(ACTOR, things)) == 30


async def test_a_write_ahead_log_that_was_cut_short_halts_writing_and_names_gap_and_ways_out(
    killed: Path, open_db: Opener
) -> None:
    wal = killed / f"{NAME}-wal"
    wal.write_bytes(wal.read_bytes()[: wal.stat().st_size * 6 // 10])
    db = await open_db()
    left = db.read(ACTOR, lines)
    assert 0 < left < 30
    assert db.halted
    assert f"audit lines {left + 1} to 30 are missing ({30 - left} lines" in db.halted
    assert "Restore a backup" in db.halted
    assert "esante db accept-loss" in db.halted
    with pytest.raises(Unavailable, match="are missing") as refused:
        await db.write(ACTOR, make, 99)
    assert refused.value.code == "READ_ONLY"
    assert db.read(ACTOR, things) == list(range(1, left + 1))
    await db.stop()
    assert seen(db.witness) == 30


async def test_accepting_the_loss_elsewhere_lets_the_running_server_write_again(killed: Path, open_db: Opener) -> None:
    (killed / f"{NAME}-wal").unlink()
    db = await open_db()
    assert db.halted
    code = """
    async def main():
        db = database(folder, accepting_loss=True)
        await db.start()
        await db.write(ACTOR, make, 1)
        time.sleep(0.3)  # the server has looked by now, and the witness is still ahead
        await db.stop()
    asyncio.run(main())
    """
    assert await asyncio.to_thread(in_another_process, killed, code) == 0
    await until(lambda: db.halted is None)
    assert await db.write(ACTOR, make, 2) == 2
    assert db.read(ACTOR, things) == [1, 2]


async def test_an_old_copy_of_the_file_halts_writing(folder: Path, open_db: Opener) -> None:
    shutil.copy(folder / NAME, folder / "old")
    db = await open_db()
    await db.write(ACTOR, make, 1)
    await db.stop()
    shutil.copy(folder / "old", folder / NAME)
    db = await open_db()
    assert "audit lines 1 to 1 are missing" in str(db.halted)


async def test_another_history_of_the_same_length_halts_writing(folder: Path, open_db: Opener) -> None:
    shutil.copy(folder / NAME, folder / "old")
    for number in (1, 2):
        db = await open_db()
        assert db.halted is None
        await db.write(ACTOR, make, number)
        await db.stop()
        kept = (folder / "witness").read_bytes()
        shutil.copy(folder / "old", folder / NAME)
        (folder / "witness").unlink()
    db = await open_db()
    await db.write(ACTOR, make, 3)
    await db.stop()
    (folder / "witness").write_bytes(kept)
    db = await open_db()
    assert "line 1 is not the one that was written" in str(db.halted)


async def test_a_forged_witness_halts_writing_until_it_is_restored(folder: Path, open_db: Opener) -> None:
    db = await open_db()
    await db.write(ACTOR, make, 1)
    await db.stop()
    genuine = db.witness.path.read_bytes()
    db.witness.path.write_bytes(b"{}")
    db = await open_db()
    assert "witness is not readable" in str(db.halted)
    assert db.read(ACTOR, things) == [1]
    db.witness.path.write_bytes(genuine)
    await until(lambda: db.halted is None)
    assert await db.write(ACTOR, make, 2) == 2
