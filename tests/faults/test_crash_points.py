"""`esante init`, a rotation of keys and an upgrade are killed at their calls to the disk; the next start succeeds without help.

The short form tries some of the calls, ESANTE_FULL=1 all. Backups and restores are tried in `tests/backup/test_crash.py`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from esante.kernel import migrate
from tests.crash import PLAIN, crash_points, kill_at, some_of
from tests.faults.figures import control, tell
from tests.process import ROOT, run

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing: apt install strace")

KINDS = frozenset({"rename", "fsync", "pwrite64"})
KEYRING_FIRST = """
import os
from esante.kernel import moving_in
def settle(into):
    for path in sorted(into.iterdir(), key=lambda path: path.name != "keyring"):
        os.replace(path, into.parent / path.name)
    into.rmdir()
moving_in.settle = settle
"""
KEY_BEFORE_FILE = """
from esante.kernel import keyring, rotation, switching
tidy = switching.switch
def switch(draft, database, **more):
    ring = keyring.unlock(database.parent, database.parent.parent / "key")
    keyring.finish_rotation(database.parent, ring, "database")
    keyring.finish_rotation = lambda folder, ring, purpose: keyring.reopened(folder, ring)
    tidy(draft, database, **more)
switching.switch = switch
"""
"""The controls: what these tests must find."""


def options(root: Path) -> list[str]:
    return ["--data", f"{root}/data", "--config", f"{root}/esante.toml"]


def empty(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "esante.toml").write_text(f'[keys]\nfile = "{root}/key"\n[log]\nlevel = "error"\n')


def problem(code: str, *arguments: str) -> str:
    """What a command complains of; empty when it does not."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT)
    return done.stderr or "it failed without a word" if done.returncode else ""


def whole(root: Path, code: str = PLAIN) -> str:
    """The clinic opens, and its log is whole."""
    done = subprocess.run(
        [sys.executable, "-c", code, "audit", "verify", "--json", *options(root)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if done.returncode:
        return done.stderr or done.stdout
    return "" if json.loads(done.stdout)["ok"] else done.stdout


def killed_inits(root: Path, code: str, points: list[tuple[str, int]]) -> list[str]:
    wrong = []
    for point in points:
        empty(root)
        kill_at(point, code, ["init", *options(root)])
        wrong += [f"{point}: {said}" for said in (problem(PLAIN, "init", *options(root)), whole(root)) if said]
        wrong += [f"{point}: the draft is left"] if (root / "data" / ".draft").exists() else []
    return wrong


def test_a_killed_init(tmp_path: Path) -> None:
    root = tmp_path / "box"
    empty(root)
    points = crash_points(PLAIN, ["init", *options(root)], root, at_least=KINDS)
    wrong = killed_inits(root, PLAIN, tried := some_of(points))
    tell(len(tried), len(wrong))
    assert wrong == []


def test_an_init_that_puts_the_keyring_first_is_found(tmp_path: Path) -> None:
    root, code = tmp_path / "box", KEYRING_FIRST + PLAIN
    empty(root)
    renames = [
        point for point in crash_points(code, ["init", *options(root)], root, at_least=KINDS) if point[0] == "rename"
    ]
    found = killed_inits(root, code, renames[-2:])
    control("an init that puts the keyring first", bool(found))
    assert found


def clinic(root: Path) -> Path:
    """A clinic, and where it is kept for the next try."""
    empty(root)
    run("init", *options(root))
    shutil.copytree(root, root.parent / "kept")
    return root.parent / "kept"


def killed(
    root: Path, kept: Path, code: str, arguments: list[str], points: list[tuple[str, int]], after: str
) -> list[str]:
    wrong = []
    for point in points:
        shutil.rmtree(root)
        shutil.copytree(kept, root)
        kill_at(point, code, arguments)
        wrong += [
            f"{point}: {said}" for said in (whole(root, after), problem(after, *arguments), whole(root, after)) if said
        ]
        left = {path.name for path in (root / "data").glob("*.new*")}
        wrong += [f"{point}: {left} is left"] if left else []
    return wrong


@pytest.mark.parametrize("purpose", ["database", "audit"])
def test_a_killed_rotation(tmp_path: Path, purpose: str) -> None:
    root = tmp_path / "box"
    kept, arguments = clinic(root), ["key", "rotate", purpose, *options(root)]
    points = crash_points(PLAIN, arguments, root, at_least=KINDS)
    wrong = killed(root, kept, PLAIN, arguments, tried := some_of(points), PLAIN)
    tell(len(tried), len(wrong))
    assert wrong == []


def test_a_rotation_that_promotes_the_key_before_the_file_is_found(tmp_path: Path) -> None:
    root, code = tmp_path / "box", KEY_BEFORE_FILE + PLAIN
    kept, arguments = clinic(root), ["key", "rotate", "database", *options(root)]
    renames = [point for point in crash_points(code, arguments, root, at_least=KINDS) if point[0] == "rename"]
    found = killed(root, kept, code, arguments, renames, PLAIN)
    control("a rotation that promotes the key before the file", bool(found))
    assert found


def test_a_killed_upgrade(tmp_path: Path) -> None:
    root, folder = tmp_path / "box", tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, folder)
    (folder / f"{migrate.newest() + 1:04}_toys.sql").write_text("CREATE TABLE toy (id INTEGER PRIMARY KEY) STRICT;")
    code = (
        f"from pathlib import Path; from esante.kernel import migrate; migrate.FOLDER = Path({str(folder)!r})\n{PLAIN}"
    )
    kept, arguments = clinic(root), ["user", "list", *options(root)]
    points = crash_points(code, arguments, root, at_least=KINDS)
    wrong = killed(root, kept, code, arguments, tried := some_of(points), code)
    tell(len(tried), len(wrong))
    assert wrong == []
    assert "newer than this program" in problem(PLAIN, *arguments)
