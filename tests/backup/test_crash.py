"""Killed at any moment, a backup leaves no half one and a restore no half clinic; the next try succeeds without help.

strace kills the process at the n-th call of each kind that touches the clinic or the shelf. A first run, untouched, tells
which those are. The short form tries some of them, ESANTE_FULL=1 all.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from esante.cli.backup_ways import named_files
from esante.kernel import audit_log, backup_status, keyring
from esante.kernel.backup import drill, opening, shelf
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.witness import Witness, gap_message
from tests.backup.conftest import Box
from tests.crash import PLAIN, crash_points, kill_at, some_of
from tests.faults.figures import control, tell
from tests.process import ROOT

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing: apt install strace")

STRAIGHT_INTO_PLACE = """
from contextlib import contextmanager
from io import FileIO
from esante.kernel.backup import shelf
from esante.kernel.backup.pace import PacedFile
tidy = shelf.Folder.draft
@contextmanager
def draft(self, key=None):
    if key is None or not key.endswith(".esante"):
        with tidy(self, key) as into:
            yield into
        return
    with FileIO(self.path / key, "wb") as out:
        yield PacedFile(out)
shelf.Folder.draft = draft
"""
KEYRING_FIRST = """
import os
from esante.kernel import moving_in
def settle(into):
    for path in sorted(into.iterdir(), key=lambda path: path.name != "keyring"):
        os.replace(path, into.parent / path.name)
moving_in.settle = settle
"""
"""The controls: what these tests must find."""


def fresh(box: Box, into: Path) -> Box:
    """A copy of the box at the same path, so that the calls are the same."""
    if into.exists():
        shutil.rmtree(into)
    shutil.copytree(box.data.parent, into)
    (into / "esante.toml").write_text(f'[keys]\nfile = "{into}/key"\n')
    return Box(into / "data", box.keys, box.kit, box.config)


def create(root: Path) -> list[str]:
    return ["backup", "create", "--data", f"{root}/data", "--config", f"{root}/esante.toml", "--json"]


def restore(root: Path) -> list[str]:
    return [
        "backup", "restore", "--data", f"{root}/new", "--config", f"{root}/esante.toml", "--from", f"{root}/backups",
        "--key-file", f"{root}/key", "--json",
    ]  # fmt: skip


def after_a_killed_backup(box: Box, scratch: Path) -> list[str]:
    """What is wrong then; nothing should be."""
    wrong = []
    for number, name in enumerate(shelf.names(box.place)):
        try:
            (scratch / str(number)).mkdir(parents=True)
            drill.examine(box.place, name, opening.by_clinic(box.keys), scratch / str(number), named_files)
        except Exception as error:
            wrong.append(f"{name} looks like a backup: {error}")
    shutil.rmtree(scratch, ignore_errors=True)
    if wrong:
        return wrong
    whole(box, box.data)
    assert backup_status.read(box.data).last_error is None
    box.back_up()
    assert not (box.place.path / ".work").exists()
    return []


def whole(box: Box, data: Path) -> None:
    """The clinic opens, its log is whole, the witness agrees, and every file is there."""
    keys = keyring.unlock(data, box.key_file)
    conn = open_database(data / DATABASE, keys.key("database"), "reader")
    try:
        assert audit_log.verify(conn, keys.audit_keys).ok
        assert gap_message(conn, Witness(data, keys.key("audit")), audit_log.head(conn)) is None
        found = named_files(conn)
    finally:
        conn.close()
    assert found
    for file_id in found:
        assert box.unseal(data, file_id)


def after_a_killed_restore(box: Box, root: Path) -> list[str]:
    if not (root / "new" / "keyring").exists():
        again = subprocess.run(
            [sys.executable, "-m", "esante", *restore(root)], capture_output=True, text=True, cwd=ROOT
        )
        if again.returncode:
            return [again.stderr]
    try:
        whole(box, root / "new")
    except Exception as error:
        return [repr(error)]
    return []


def sweep_points(
    points: list[tuple[str, int]],
    code: str,
    box: Box,
    root: Path,
    arguments: list[str],
    check: Callable[[Box], list[str]],
) -> list[str]:
    found = []
    for point in points:
        copy = fresh(box, root)
        kill_at(point, code, arguments)
        found += [f"{point}: {one}" for one in check(copy)]
    return found


def test_a_killed_backup(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("crash") / "box"
    box.back_up()
    fresh(box, root)
    points = crash_points(PLAIN, create(root), root)
    scratch = root.parent / "scratch"
    wrong = sweep_points(
        tried := some_of(points), PLAIN, box, root, create(root), lambda copy: after_a_killed_backup(copy, scratch)
    )
    tell(len(tried), len(wrong))
    assert wrong == []


def test_a_killed_restore(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("crash") / "box"
    box.back_up()
    fresh(box, root)
    points = crash_points(PLAIN, restore(root), root)
    wrong = sweep_points(
        tried := some_of(points), PLAIN, box, root, restore(root), lambda copy: after_a_killed_restore(copy, root)
    )
    tell(len(tried), len(wrong))
    assert wrong == []


def test_a_backup_written_straight_into_its_place_is_found(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The control: the same check, a worse program."""
    root = tmp_path_factory.mktemp("crash") / "box"
    box.back_up()
    fresh(box, root)
    code = STRAIGHT_INTO_PLACE + PLAIN
    writes = [point for point in crash_points(code, create(root), root) if point[0] == "write"]
    scratch = root.parent / "scratch"
    found: list[str] = []
    for point in writes[len(writes) // 3 :: 2]:
        found += sweep_points([point], code, box, root, create(root), lambda copy: after_a_killed_backup(copy, scratch))
        if found:
            break
    control("a backup written straight into its place", any("looks like a backup" in one for one in found))
    assert any("looks like a backup" in one for one in found)


def test_a_keyring_that_comes_first_is_found(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The control of the restore."""
    root = tmp_path_factory.mktemp("crash") / "box"
    box.back_up()
    fresh(box, root)
    code = KEYRING_FIRST + PLAIN
    renames = [point for point in crash_points(code, restore(root), root) if point[0] == "rename"]
    found = sweep_points(renames[-3:], code, box, root, restore(root), lambda copy: after_a_killed_restore(copy, root))
    control("a restore that puts the keyring first", bool(found))
    assert found
