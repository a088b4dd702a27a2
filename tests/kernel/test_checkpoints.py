"""Signed checkpoints: whoever kept one sees every later change of what it covers, even by somebody with every key."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from esante.app import DATABASE, bring_up_to_date
from esante.kernel import audit_log, checkpoints, keyring
from esante.kernel.audit_log import COLUMNS, Head, Tree, Verdict, append
from esante.kernel.checkpoints import Checkpoint, Signer, is_consistent
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken, Invalid
from esante.kernel.keyring import Keyring

AT = "2026-11-20T12:00:00.000Z"
LINE: audit_log.Line = (
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
NAMES = COLUMNS.split(", ")
COUNT = 45


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    ring = keyring.create(tmp_path, tmp_path / "away" / "key")
    bring_up_to_date(tmp_path, ring, new=True)
    return ring


@pytest.fixture
def log(tmp_path: Path, ring: Keyring) -> apsw.Connection:
    """45 lines, a checkpoint after every tenth; opened as somebody with root and the keys would."""
    conn = open_database(tmp_path / DATABASE, ring.key("database"), "maintenance")
    end = Head()
    for number in range(COUNT):
        end = append(conn, ring.key("audit"), end, AT, [(f"actor-{number}", *LINE[1:])])
        if number % 10 == 9:
            signed(conn, ring)
    for trigger in (
        "audit_is_not_changed",
        "audit_is_kept",
        "audit_checkpoint_is_not_changed",
        "audit_checkpoint_is_kept",
    ):
        conn.execute(f"DROP TRIGGER {trigger}")
    return conn


def signed(conn: apsw.Connection, ring: Keyring) -> Checkpoint:
    tree = checkpoints.grown(conn)
    made = Signer(ring).sign(tree.size, tree.root())
    checkpoints.keep(conn, made, tree.peaks, AT)
    return made


def verdict_on(
    conn: apsw.Connection, ring: Keyring, *elsewhere: Checkpoint, witness: tuple[int, bytes] | None = None
) -> Verdict:
    known = checkpoints.kept(conn, Signer(ring)) | {one.size: one.root for one in elsewhere}
    return audit_log.verify(conn, ring.audit_keys, signed=known, witness=witness)


def rechain(conn: apsw.Connection, ring: Keyring, change: Callable[[list[list[object]]], None]) -> None:
    """What root with the audit key does: change history, and chain it anew so that every MAC fits."""
    rows = [list(row) for row in conn.execute(f"SELECT {COLUMNS} FROM audit ORDER BY seq")]
    change(rows)
    conn.execute("DELETE FROM audit")
    end = Head()
    for row in rows:
        end = append(conn, ring.key("audit"), end, str(row[1]), [tuple(row[2:])])  # type: ignore[list-item]


def test_it_works(log: apsw.Connection, ring: Keyring) -> None:
    assert verdict_on(log, ring) == Verdict(COUNT, True)
    assert sorted(checkpoints.kept(log, Signer(ring))) == [10, 20, 30, 40]
    note = checkpoints.newest(log)[2]  # type: ignore[index]
    origin, size, root, blank, line, _ = note.split("\n")
    assert (origin, size, blank) == (f"esante/{ring.installation_id}", "40", "")
    assert len(base64.b64decode(root)) == 32
    assert line.startswith(f"— {origin} ")


def test_the_root_is_that_of_rfc_9162(log: apsw.Connection) -> None:
    def naive(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return hashlib.sha256(b"\0" + leaves[0]).digest()
        half = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b"\1" + naive(leaves[:half]) + naive(leaves[half:])).digest()

    leaves = [bytes([number]) * 32 for number in range(200)]
    for count in range(1, 200):
        one_by_one, at_once = Tree(), Tree()
        for leaf in leaves[:count]:
            one_by_one.add(leaf)
        at_once.extend(leaves[: count // 3])
        at_once.extend(leaves[count // 3 : count])
        assert one_by_one.root() == at_once.root() == naive(leaves[:count])
    assert Tree().root() == hashlib.sha256(b"").digest()


def test_between_any_two_sizes_there_is_a_proof(log: apsw.Connection) -> None:
    roots = {}
    tree = Tree()
    for (mac,) in log.execute("SELECT mac FROM audit ORDER BY seq"):
        tree.add(mac)
        roots[tree.size] = tree.root()
    for first in range(1, COUNT + 1):
        for second in range(first, COUNT + 1):
            proof = checkpoints.consistency(log, first, second)
            assert is_consistent(first, roots[first], second, roots[second], proof)
            if second > first:
                assert not is_consistent(first, roots[second], second, roots[second], proof)
                assert not is_consistent(first, roots[first], second, roots[first], proof)
                assert not is_consistent(first, roots[first], second, roots[second], [*proof, bytes(32)])


@pytest.mark.parametrize(("first", "second"), [(0, 5), (5, 4), (1, COUNT + 1), (-1, 3)])
def test_sizes_that_the_log_never_had_are_refused(log: apsw.Connection, first: int, second: int) -> None:
    with pytest.raises(Invalid, match="between two sizes"):
        checkpoints.consistency(log, first, second)


MUTANTS = [(line, name) for line in range(1, COUNT + 1) for name in [*NAMES[1:], "mac"]]


def test_every_one_of_720_mutants_is_found(log: apsw.Connection, ring: Keyring) -> None:
    assert len(MUTANTS) == 720
    end = audit_log.head(log)
    log.execute("PRAGMA ignore_check_constraints = ON").fetchall()
    for line, name in MUTANTS:
        log.execute("SAVEPOINT mutant")
        value = bytes(32) if name == "mac" else "2026-11-20T11:00:00.000Z" if name == "at" else "changed"
        log.execute(f"UPDATE audit SET {name} = ? WHERE seq = ?", (value, line))
        verdict = verdict_on(log, ring, witness=(end.seq, end.mac))
        assert (verdict.ok, verdict.first_bad) == (False, line), (line, name)
        log.execute("ROLLBACK TO mutant")
        log.execute("RELEASE mutant")
    assert verdict_on(log, ring, witness=(end.seq, end.mac)).ok, "the control: nothing was left changed"


@settings(max_examples=40, deadline=None)
@given(line=some.integers(1, COUNT), how=some.sampled_from(["change", "remove", "swap", "insert"]))
def test_somebody_with_the_mac_key_is_found_by_the_checkpoints(
    tmp_path_factory: pytest.TempPathFactory, line: int, how: str
) -> None:
    folder = tmp_path_factory.mktemp("rechained")
    ring = keyring.create(folder, folder / "away" / "key")
    bring_up_to_date(folder, ring, new=True)
    conn = open_database(folder / DATABASE, ring.key("database"), "maintenance")
    end = Head()
    for number in range(COUNT):
        end = append(conn, ring.key("audit"), end, AT, [(f"actor-{number}", *LINE[1:])])
    made = signed(conn, ring)
    conn.execute("DROP TRIGGER audit_is_kept")

    def change(rows: list[list[object]]) -> None:
        if how == "change":
            rows[line - 1][2] = "nobody"
        elif how == "remove":
            del rows[line - 1]
        elif how == "swap":
            rows[line - 1], rows[line % COUNT] = rows[line % COUNT], rows[line - 1]
        else:
            rows.insert(line - 1, ["", AT, "nobody", *LINE[1:]])

    rechain(conn, ring, change)
    assert audit_log.verify(conn, ring.audit_keys).ok, "the control: the chain alone does not see it"
    verdict = verdict_on(conn, ring)
    assert not verdict.ok
    assert verdict.problem
    assert "signed" in verdict.problem
    conn.execute("DROP TRIGGER audit_checkpoint_is_kept")
    conn.execute("DELETE FROM audit_checkpoint")
    assert verdict_on(conn, ring).ok, "the control: without any checkpoint nobody sees it"
    assert not verdict_on(conn, ring, made).ok, "but who kept one elsewhere does"
    conn.close()


def test_with_every_key_only_a_checkpoint_kept_elsewhere_shows_it(log: apsw.Connection, ring: Keyring) -> None:
    [kept_by_a_client] = [
        Signer(ring).read(note) for (note,) in log.execute("SELECT note FROM audit_checkpoint WHERE size = 30")
    ]
    rechain(log, ring, lambda rows: rows[4].__setitem__(2, "nobody"))
    log.execute("DELETE FROM audit_checkpoint")
    signed(log, ring)
    assert verdict_on(log, ring).ok, "the control: on this box everything fits"
    verdict = verdict_on(log, ring, kept_by_a_client)
    assert (verdict.ok, verdict.first_bad) == (False, 1)


def test_a_checkpoint_of_somebody_else_is_refused(tmp_path: Path, log: apsw.Connection, ring: Keyring) -> None:
    (tmp_path / "other").mkdir()
    other = Signer(keyring.create(tmp_path / "other", tmp_path / "other.key"))
    made = other.sign(10, bytes(32))
    with pytest.raises(Invalid, match="not signed by this clinic"):
        Signer(ring).read(made.note)
    log.execute("UPDATE audit_checkpoint SET note = ? WHERE size = 10", (made.note,))
    with pytest.raises(Broken, match="line 10 was not signed"):
        checkpoints.kept(log, Signer(ring))
    log.execute(
        "UPDATE audit_checkpoint SET note = (SELECT note FROM audit_checkpoint WHERE size = 20) WHERE size = 10"
    )
    with pytest.raises(Broken, match="in the place of that of line 20"):
        checkpoints.kept(log, Signer(ring))


@pytest.mark.parametrize(
    "spoil", [lambda note: note.replace("\n20\n", "\n21\n"), lambda note: note[:-8] + "AAAAAA=\n", str.upper]
)
def test_a_changed_checkpoint_is_refused(log: apsw.Connection, ring: Keyring, spoil: Callable[[str], str]) -> None:
    [note] = [note for (note,) in log.execute("SELECT note FROM audit_checkpoint WHERE size = 20")]
    with pytest.raises(Invalid):
        Signer(ring).read(spoil(note))


def test_old_checkpoints_hold_after_a_rotation_and_a_restore(
    tmp_path: Path, log: apsw.Connection, ring: Keyring
) -> None:
    ring = keyring.finish_rotation(tmp_path, keyring.begin_rotation(tmp_path, ring, "audit-signing"), "audit-signing")
    ring = keyring.renew_installation(tmp_path, ring)
    signed(log, ring)
    assert verdict_on(log, ring).ok
    assert len(checkpoints.kept(log, Signer(ring))) == 5


def test_a_log_cut_short_is_seen_by_its_checkpoints(log: apsw.Connection, ring: Keyring) -> None:
    log.execute("DELETE FROM audit WHERE seq > 35")
    verdict = verdict_on(log, ring)
    assert (verdict.ok, verdict.first_bad) == (False, 36)
