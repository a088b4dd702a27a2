"""Old lines are sealed, exported and taken out; the chain is provable from the first line on, and nothing else is touched."""

from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from esante.app import DATABASE, bring_up_to_date
from esante.kernel import audit_log, checkpoints, keyring, retirement, rotation
from esante.kernel.audit_log import Head, append, verify
from esante.kernel.checkpoints import Signer, is_consistent
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken, Invalid
from esante.kernel.keyring import Keyring

NOW = datetime(2037, 1, 1, tzinfo=UTC)
LINE = (
    "amina",
    "doctor",
    None,
    "s1",
    "10.0.0.9",
    "r1",
    "patient.accessed",
    "info",
    "done",
    "p1",
    "p1",
    None,
    None,
    None,
)


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """Ten lines a year from 2020 on, and a rotated audit key in between; segments of at most 25 lines."""
    monkeypatch.setattr(retirement, "LINES", retirement.LINES.replace(str(retirement.MOST_LINES), "25"))
    ring = keyring.create(tmp_path, tmp_path / "away" / "key")
    bring_up_to_date(tmp_path, ring, new=True)
    for year in range(2020, 2030):
        conn = open_database(tmp_path / DATABASE, ring.key("database"), "writer")
        with conn:
            append(conn, ring.key("audit"), audit_log.head(conn), f"{year}-06-01T12:00:00.000Z", [LINE] * 10)
        tree = checkpoints.grown(conn)
        checkpoints.keep(conn, Signer(ring).sign(tree.size, tree.root()), tree.peaks, f"{year}-06-01T12:00:00.000Z")
        conn.close()
        if year == 2023:
            ring = rotation.rotate(tmp_path / DATABASE, ring, "audit", "cli:test", datetime(2023, 7, 1, tzinfo=UTC))
    return ring


def retire(folder: Path, ring: Keyring, year: int) -> list[retirement.Segment]:
    before = datetime(year, 1, 1, tzinfo=UTC)
    return retirement.retire(folder / DATABASE, ring, before, folder / "archive", "cli:test", NOW)


def opened(folder: Path, ring: Keyring) -> apsw.Connection:
    return open_database(folder / DATABASE, ring.key("database"), "reader")


def test_it_works(tmp_path: Path, ring: Keyring) -> None:
    made = retire(tmp_path, ring, 2026)
    assert [(one.first, one.last) for one in made] == [(1, 25), (26, 50), (51, 61)]
    conn = opened(tmp_path, ring)
    assert conn.execute("SELECT min(seq), count(*) FROM audit").fetchall() == [(62, 40 + 3)]
    verdict = verify(conn, ring.audit_keys, signed=checkpoints.kept(conn, Signer(ring)))
    assert (verdict.ok, verdict.lines) == (True, 104)
    for one in made:
        archive = tmp_path / "archive" / one.archive
        assert archive.stat().st_mode & 0o777 == 0o600
        assert b"amina" not in archive.read_bytes()
        assert retirement.check(archive, conn, ring, ring.drill_identities()).last == one.last
    conn.close()


def test_the_log_goes_on_and_is_retired_again(tmp_path: Path, ring: Keyring) -> None:
    retire(tmp_path, ring, 2022)
    assert [(one.first, one.last) for one in retire(tmp_path, ring, 2024)] == [(21, 41)]
    conn = opened(tmp_path, ring)
    assert verify(conn, ring.audit_keys, signed=checkpoints.kept(conn, Signer(ring))).ok
    with pytest.raises(apsw.ConstraintError):
        open_database(tmp_path / DATABASE, ring.key("database"), "maintenance").execute("DELETE FROM audit")
    conn.close()


def test_proofs_reach_across_what_was_retired(tmp_path: Path, ring: Keyring) -> None:
    conn = opened(tmp_path, ring)
    roots = checkpoints.kept(conn, Signer(ring))
    conn.close()
    retire(tmp_path, ring, 2025)
    conn = opened(tmp_path, ring)
    last = audit_log.retired(conn).seq
    proved = 0
    for first, second in [(a, b) for a in roots for b in roots if a < b and a >= last]:
        proof = checkpoints.consistency(conn, first, second)
        assert is_consistent(first, roots[first], second, roots[second], proof)
        proved += 1
    assert proved >= 6
    with pytest.raises(Invalid, match="were retired"):
        checkpoints.consistency(conn, 11, 30)
    conn.close()


def test_a_changed_segment_or_archive_is_seen(tmp_path: Path, ring: Keyring) -> None:
    [first, *_] = retire(tmp_path, ring, 2022)
    archive = tmp_path / "archive" / first.archive
    conn = open_database(tmp_path / DATABASE, ring.key("database"), "maintenance")
    other = keyring.create(tmp_path / "archive", tmp_path / "other.key")
    with pytest.raises(Broken, match="--kit"):
        retirement.check(archive, conn, ring, other.drill_identities())
    archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    with pytest.raises(Broken, match="was changed"):
        retirement.check(archive, conn, ring, ring.drill_identities())
    conn.execute("DROP TRIGGER audit_segment_is_not_changed")
    conn.execute("UPDATE audit_segment SET mac = ?", (bytes(32),))
    assert not verify(conn, ring.audit_keys, signed=checkpoints.kept(conn, Signer(ring))).ok
    conn.close()


def test_a_log_that_is_not_whole_is_not_retired(tmp_path: Path, ring: Keyring) -> None:
    conn = open_database(tmp_path / DATABASE, ring.key("database"), "maintenance")
    conn.execute("DROP TRIGGER audit_is_not_changed")
    conn.execute("UPDATE audit SET actor = 'x' WHERE seq = 70")
    conn.close()
    with pytest.raises(Broken, match="nothing of it is retired"):
        retire(tmp_path, ring, 2026)
    assert not list((tmp_path / "archive").iterdir())


def test_the_newest_line_always_stays(tmp_path: Path, ring: Keyring) -> None:
    retire(tmp_path, ring, 2036)
    conn = opened(tmp_path, ring)
    assert audit_log.head(conn) != Head()
    assert conn.execute("SELECT count(*) FROM audit").get >= 1
    conn.close()
