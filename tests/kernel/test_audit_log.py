"""The chain: any change to any line is found, and the first bad line is named."""

import asyncio
import hmac
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esante.kernel import audit_log
from esante.kernel.actor import Actor
from esante.kernel.audit_log import COLUMNS, Head, Verdict, append, head, verify
from esante.kernel.database import Database
from tests.kernel.ground import ACTOR, AUDIT_KEY, look_at, maintenance, make

COUNT = 20
NAMES = [name.strip() for name in COLUMNS.split(",")] + ["mac"]
LINE = ("a", "doctor", "b", "s", "10.0.0.1", "r", "thing.made", "info", "done", "p", "1", "why", "care", '{"n":1}')


@pytest.fixture
def log(folder: Path) -> apsw.Connection:
    """Twenty full lines, on a connection that an attacker with the database key would have."""
    conn = maintenance(folder)
    last = Head()
    for number in range(COUNT):
        last = append(conn, AUDIT_KEY, last, f"2026-11-20T12:00:{number:02}.000Z", [LINE])
    conn.execute("DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_kept").fetchall()
    return conn


def test_it_works(log: apsw.Connection) -> None:
    end = head(log)
    assert end.seq == COUNT
    assert verify(log, [AUDIT_KEY]) == Verdict(COUNT, True)
    assert verify(log, [AUDIT_KEY], witness=(end.seq, end.mac)) == Verdict(COUNT, True)
    assert verify(log, [AUDIT_KEY], witness=(0, bytes(32))) == Verdict(COUNT, True)


def test_an_empty_log_is_whole(folder: Path) -> None:
    conn = maintenance(folder)
    assert verify(conn, [AUDIT_KEY]) == Verdict(0, True)
    assert append(conn, AUDIT_KEY, Head(), "now", []) == Head()


@pytest.mark.parametrize("line", [1, 7, COUNT])
@pytest.mark.parametrize("column", NAMES[1:])
@pytest.mark.parametrize("change", ["flip", "empty", "null"])
def test_a_change_in_any_column_is_found(log: apsw.Connection, line: int, column: str, change: str) -> None:
    old: Any = log.execute(f"SELECT {column} FROM audit WHERE seq = ?", (line,)).get
    new: Any = {"flip": _flip(old), "empty": "", "null": None}[change]
    try:
        with log:
            log.execute("PRAGMA ignore_check_constraints = ON").fetchall()
            log.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (new, line))
    except apsw.ConstraintError:
        return  # the table does not even take it
    verdict = verify(log, [AUDIT_KEY])
    assert (verdict.ok, verdict.first_bad) == (False, line)
    assert "was changed" in str(verdict.problem)


@pytest.mark.parametrize("line", [1, 2, 10, COUNT - 1])
def test_a_line_taken_out_is_named(log: apsw.Connection, line: int) -> None:
    log.execute("DELETE FROM audit WHERE seq = ?", (line,))
    assert verify(log, [AUDIT_KEY]).first_bad == line


@pytest.mark.parametrize("line", [1, 2, 10, COUNT - 1])
def test_a_line_taken_out_with_the_rest_moved_up_is_named(log: apsw.Connection, line: int) -> None:
    log.execute("DELETE FROM audit WHERE seq = ?", (line,))
    for number in range(line + 1, COUNT + 1):
        log.execute("UPDATE audit SET seq = ? WHERE seq = ?", (number - 1, number))
    assert verify(log, [AUDIT_KEY]).first_bad == line


@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 9), (COUNT - 1, COUNT)])
def test_swapped_lines_are_named(log: apsw.Connection, one: int, other: int) -> None:
    for source, target in ((one, 1000), (other, one), (1000, other)):
        log.execute("UPDATE audit SET seq = ? WHERE seq = ?", (target, source))
    assert verify(log, [AUDIT_KEY]).first_bad == one


@pytest.mark.parametrize("lost", [1, 5, COUNT])
def test_a_log_that_was_cut_off_is_told_by_the_witness(log: apsw.Connection, lost: int) -> None:
    end = head(log)
    log.execute("DELETE FROM audit WHERE seq > ?", (COUNT - lost,))
    assert verify(log, [AUDIT_KEY]).ok, "the chain alone cannot know its end"
    verdict = verify(log, [AUDIT_KEY], witness=(end.seq, end.mac))
    assert (verdict.ok, verdict.first_bad) == (False, COUNT - lost + 1)
    assert f"the witness has seen line {COUNT}" in str(verdict.problem)


def test_a_line_appended_without_the_key_is_named(log: apsw.Connection) -> None:
    append(log, b"a guess", head(log), "2026-11-20T13:00:00.000Z", [LINE])
    assert verify(log, [AUDIT_KEY]).first_bad == COUNT + 1


def test_a_line_put_before_the_first_is_found(log: apsw.Connection) -> None:
    log.execute("INSERT INTO audit SELECT -1, at, " + ", ".join(NAMES[2:]) + " FROM audit WHERE seq = 1")
    assert not verify(log, [AUDIT_KEY]).ok


def test_a_history_written_anew_is_told_by_the_witness(log: apsw.Connection) -> None:
    end = head(log)
    log.execute("DELETE FROM audit")
    append(log, AUDIT_KEY, Head(), "2026-11-20T12:00:00.000Z", [LINE] * COUNT)
    assert verify(log, [AUDIT_KEY]).ok
    verdict = verify(log, [AUDIT_KEY], witness=(end.seq, end.mac))
    assert (verdict.ok, verdict.first_bad) == (False, COUNT)


def test_time_that_runs_backwards_is_named(log: apsw.Connection) -> None:
    append(log, AUDIT_KEY, head(log), "2026-11-20T11:00:00.000Z", [LINE])
    verdict = verify(log, [AUDIT_KEY])
    assert verdict.first_bad == COUNT + 1
    assert "older" in str(verdict.problem)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_mutant_of_a_small_log_passes(seed: int) -> None:
    chance = random.Random(seed)
    conn = apsw.Connection(":memory:")
    conn.execute(f"CREATE TABLE audit ({COLUMNS}, mac)")
    conn.execute("CREATE TABLE audit_segment (last, mac, at, generation, peaks)")
    end = append(conn, AUDIT_KEY, Head(), "2026-11-20T12:00:00.000Z", [LINE] * 5)
    assert verify(conn, [AUDIT_KEY], witness=(end.seq, end.mac)).ok
    before = conn.execute(audit_log.SELECT).fetchall()
    mutate: Callable[[], object] = chance.choice(
        [
            lambda: conn.execute("DELETE FROM audit WHERE seq = ?", (chance.randint(1, 5),)),
            lambda: conn.execute(
                "UPDATE audit SET mac = ? WHERE seq = ?", (chance.randbytes(32), chance.randint(1, 5))
            ),
            lambda: conn.execute(
                f"UPDATE audit SET {chance.choice(NAMES)} = ? WHERE seq = ?", (chance.random(), chance.randint(1, 5))
            ),
            lambda: conn.execute("UPDATE audit SET seq = seq + ?", (chance.choice([-1, 1, 5]),)),
        ]
    )
    mutate()
    assert conn.execute(audit_log.SELECT).fetchall() != before
    verdict = verify(conn, [AUDIT_KEY], witness=(end.seq, end.mac))
    assert not verdict.ok
    assert verdict.first_bad


async def test_a_line_says_who_from_where_and_what(db: Database) -> None:
    person = Actor(id="a1", role="doctor", session_id="s1", address="10.0.0.9", request_id="r1", on_behalf_of="b1")
    await db.write(person, make, 7)
    row = db.read(ACTOR, lambda tx: tx.conn.execute(f"SELECT {', '.join(NAMES[:-1])} FROM audit").fetchall())[0]
    assert dict(zip(NAMES, row, strict=False)) | {"detail": "…"} == {
        "seq": 1, "at": "2026-11-20T12:00:00.000Z", "actor": "a1", "role": "doctor", "on_behalf_of": "b1",
        "session_id": "s1", "address": "10.0.0.9", "request_id": "r1", "action": "thing.made", "severity": "info",
        "outcome": "done", "patient_id": None, "subject": "7", "reason": None, "purpose": None, "detail": "…",
    }  # fmt: skip


async def test_looks_and_writes_of_one_batch_share_the_chain(db: Database) -> None:
    await asyncio.gather(*(db.write(ACTOR, make, n) if n % 2 else db.look(ACTOR, look_at, n) for n in range(50)))
    assert verify(db._reader, [AUDIT_KEY]) == Verdict(50, True)


def _flip(value: Any) -> Any:
    """One bit of it."""
    if value is None:
        return "x"
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    raw[len(raw) // 2] ^= 1
    return bytes(raw) if isinstance(value, bytes) else raw.decode()


@given(st.binary(max_size=64), st.lists(st.binary(max_size=300), max_size=4))
def test_the_mac_is_hmac_sha_256(key: bytes, messages: list[bytes]) -> None:
    keyed = audit_log.macs(key)
    for message in messages:
        assert keyed(message) == hmac.digest(key, message, "sha256")
