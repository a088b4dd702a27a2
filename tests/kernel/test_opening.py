"""Opening the file: the recipe is read back, and what is not ours is refused in words."""

import secrets
from pathlib import Path

import apsw
import pytest

from esante.kernel import connection, switching
from esante.kernel.connection import (
    APPLICATION_ID,
    CIPHERS,
    Kind,
    cipher_of,
    ciphers,
    does_open,
    has_aes,
    open_database,
)
from esante.kernel.errors import Broken
from tests.kernel.ground import KEY, NAME, furnish, maintenance

KINDS: tuple[Kind, ...] = ("writer", "reader", "maintenance")
AUDIT_VALUES = (
    "(1, 'now', 'a', 'r', NULL, NULL, NULL, NULL, 'x', 'info', 'done', NULL, NULL, NULL, NULL, NULL, zeroblob(32))"
)


@pytest.mark.parametrize("kind", KINDS)
def test_it_works(folder: Path, kind: Kind) -> None:
    conn = open_database(folder / NAME, KEY, kind)
    expected = {
        "cipher": ciphers()[0],
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "wal_autocheckpoint": 0,
        "temp_store": 2,
        "cache_size": -65_536,
        "busy_timeout": 5_000,
        "application_id": APPLICATION_ID,
        "query_only": int(kind == "reader"),
    }
    for name, value in expected.items():
        assert conn.execute(f"PRAGMA {name}").get == value, name
    assert conn.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, -1) == 1
    assert conn.limit(apsw.SQLITE_LIMIT_ATTACHED) == 0
    conn.close()


def test_nothing_of_the_file_is_plain(folder: Path) -> None:
    assert b"SQLite format 3" not in (folder / NAME).read_bytes()
    assert b"audit" not in (folder / NAME).read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_key_is_refused(folder: Path, kind: Kind) -> None:
    with pytest.raises(Broken, match="does not open with this key"):
        open_database(folder / NAME, secrets.token_bytes(32), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_database_is_refused(tmp_path: Path, kind: Kind) -> None:
    plain = apsw.Connection(str(tmp_path / NAME))
    plain.execute(f"PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE audit (seq)").fetchall()
    plain.close()
    with pytest.raises(Broken, match="not an esante database"):
        open_database(tmp_path / NAME, KEY, kind)


def test_somebody_elses_database_is_refused_although_the_key_fits(folder: Path) -> None:
    conn = maintenance(folder)
    conn.execute("PRAGMA application_id = 7").fetchall()
    conn.close()
    for kind in KINDS:
        with pytest.raises(Broken, match="is not an esante database"):
            open_database(folder / NAME, KEY, kind)


def test_only_maintenance_makes_a_new_file(tmp_path: Path) -> None:
    for kind in KINDS[:2]:
        with pytest.raises(Broken, match="esante init --data"):
            open_database(tmp_path / NAME, KEY, kind)
    assert not (tmp_path / NAME).exists()
    (tmp_path / NAME).touch()
    with pytest.raises(Broken, match="is not an esante database"):
        open_database(tmp_path / NAME, KEY, "writer")
    furnish(tmp_path / "other.db")
    assert (tmp_path / "other.db").exists()


def test_an_sqlite_that_can_lose_data_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esante.kernel.connection.OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(Broken, match="can lose data"):
        open_database(folder / NAME, KEY, "writer")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE thing",
        "DROP TRIGGER audit_is_kept",
        "DROP INDEX job_due",
        "ALTER TABLE audit RENAME TO old",
        "ALTER TABLE thing ADD COLUMN more TEXT",
        "ATTACH ':memory:' AS other",
        "CREATE TRIGGER mine BEFORE INSERT ON audit BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TEMP TRIGGER mine BEFORE INSERT ON main.audit BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TABLE mine (id)",
        "CREATE VIEW mine AS SELECT 1",
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        f"INSERT INTO audit VALUES {AUDIT_VALUES} ON CONFLICT DO UPDATE SET actor = 'x'",
        f"INSERT OR REPLACE INTO audit VALUES {AUDIT_VALUES}",
        f"REPLACE INTO audit VALUES {AUDIT_VALUES}",
        "UPDATE sqlite_schema SET sql = ''",
        "PRAGMA writable_schema = ON",
        "PRAGMA recursive_triggers = OFF",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA ignore_check_constraints = ON",
        "PRAGMA synchronous = OFF",
        "PRAGMA rekey = 'x'",
    ],
)
def test_at_run_time_neither_the_schema_nor_the_log_can_be_touched(folder: Path, statement: str) -> None:
    conn = maintenance(folder)
    conn.execute(f"INSERT INTO audit VALUES {AUDIT_VALUES}")
    conn.close()
    conn = open_database(folder / NAME, KEY, "writer")
    with pytest.raises((apsw.AuthError, apsw.ConstraintError, apsw.SQLError)):
        conn.execute(statement).fetchall()
    assert conn.execute("SELECT actor, count(*) FROM audit").fetchall() == [("a", 1)]
    conn.close()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'x'", "DELETE FROM audit", f"INSERT OR REPLACE INTO audit VALUES {AUDIT_VALUES}"],
)
def test_the_triggers_hold_on_a_maintenance_connection_too(folder: Path, statement: str) -> None:
    conn = maintenance(folder)
    conn.execute(f"INSERT INTO audit VALUES {AUDIT_VALUES}")
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        conn.execute(statement)
    conn.close()


@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_file_keeps_the_cipher_that_it_was_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cipher: str
) -> None:
    made = tmp_path / NAME
    monkeypatch.setattr(connection, "ciphers", lambda: (cipher,))
    open_database(made, KEY, "maintenance").execute("CREATE TABLE thing (id)")
    monkeypatch.setattr(connection, "ciphers", lambda: CIPHERS if cipher != CIPHERS[0] else CIPHERS[::-1])
    assert does_open(made, KEY)
    assert not does_open(made, secrets.token_bytes(32))
    conn = open_database(made, KEY, "maintenance")
    assert cipher_of(conn) == cipher
    conn.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO thing SELECT i FROM n"
    )
    switching.copy(conn, tmp_path / "copy", KEY)
    conn.close()
    copied = open_database(tmp_path / "copy", KEY, "reader")
    assert cipher_of(copied) == cipher
    assert copied.execute("PRAGMA integrity_check").get == "ok"
    assert copied.execute("SELECT sum(id) FROM thing").get == 5000 * 5001 / 2
    copied.close()


@pytest.mark.parametrize(
    ("said", "has"),
    [
        ("flags\t\t: fpu sse4_2 aes avx\n", True),
        ("flags\t\t: fpu sse4_2 vaes avx\n", False),
        ("Features\t: fp asimd aes pmull\n", True),
        ("Features\t: fp asimd crc32\n", False),
        ("machine: something else\n", True),
    ],
)
def test_without_instructions_for_aes_a_new_file_is_made_with_the_other_cipher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, has: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(said)
    assert has_aes(tmp_path / "cpuinfo") is has
    assert has_aes(tmp_path / "none")
    monkeypatch.setattr(connection, "has_aes", lambda: has)
    assert ciphers() == (CIPHERS if has else CIPHERS[::-1])
