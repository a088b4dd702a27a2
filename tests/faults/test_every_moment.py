"""`init`, rotations, an upgrade, a backup and a restore end at every moment: by a kill, and by the power. The next try succeeds.

The command works once on a disk that records each of its changes (`powerdisk`); every state that a kill or a power cut can
leave in between is then laid out and examined. The short form tries some of one command; strace kills the real process in
`test_crash_points.py` and `tests/backup/test_crash.py`.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from esante.cli.backup_ways import named_files
from esante.kernel import backup_status, keyring, migrate
from esante.kernel.backup import drill, opening, shelf
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.errors import Broken
from tests.backup import test_crash as backups
from tests.backup.conftest import Box, box, furnished_box
from tests.faults import powerdisk
from tests.faults import test_crash_points as commands
from tests.faults.console import Console
from tests.faults.figures import JOBS, SIZE, control, tell, times
from tests.faults.powerdisk import Op, PowerDisk, Recording, Replay, Tree

__all__ = ["box", "furnished_box"]

pytestmark = pytest.mark.skipif(powerdisk.missing() is not None, reason=str(powerdisk.missing()))

STATES = times(short=4, quick=20, full=1_000_000)
"""So many of each command at most, half of them after a kill, half after a power cut."""
KEPT = (0.0, 0.0, 0.5, 1.0)
NO_SYNC = "import os\nos.fsync = lambda handle: None\n"
"""A program that trusts its disk. SQLite, which syncs by itself, still does."""
OLD_AWAY_FIRST = """
import os
from esante.kernel import files
def settle(draft, path):
    path.unlink(missing_ok=True)
    os.rename(draft, path)
files.settle = settle
"""

Check = Callable[[Path, Console], list[str]]
Pick = Callable[[int, Op], bool]


@dataclass
class Case:
    """A command, what it needs, and what is looked at afterwards."""

    prepare: Callable[[Path], None]
    arguments: Callable[[Path], list[str]]
    check: Check
    done: Callable[[Path], bool]
    """What the command has said when it was through: it is there although the power goes in that moment."""
    prelude: str = ""
    """Makes the command a worse one."""
    always: str = ""
    """Is so for the command and for what is tried afterwards."""


def options(root: Path) -> list[str]:
    return commands.options(root)


def settings(root: Path) -> None:
    (root / "esante.toml").write_text(f'[keys]\nfile = "{root}/key"\n[log]\nlevel = "error"\n')


def whole(root: Path, console: Console) -> list[str]:
    done = console("audit", "verify", "--json", *options(root))
    if done.code:
        return [done.problem]
    return [] if json.loads(done.out)["ok"] else [done.out]


# ------------------------------------------------------------------ the commands


def after_init(root: Path, console: Console) -> list[str]:
    wrong = [one for one in (console("init", *options(root)).problem,) if one] + whole(root, console)
    return wrong + (["the draft is left"] if (root / "data" / ".draft").exists() else [])


def init(prelude: str = "") -> Case:
    return Case(
        settings,
        lambda root: ["init", *options(root)],
        after_init,
        lambda root: (root / "data" / "keyring").exists() and (root / "key").exists(),
        prelude,
    )


def made_clinic(root: Path) -> None:
    settings(root)
    with Console() as console:
        assert console("init", *options(root)).code == 0


def counted(root: Path, sql: str) -> int:
    """In the clinic that nobody runs; -1 when it does not open."""
    try:
        ring = keyring.unlock(root / "data", root / "key")
        with closing(open_database(root / "data" / DATABASE, ring.key("database"), "reader")) as conn:
            return int(conn.execute(sql).get)
    except (Broken, apsw.Error):
        return -1


def afterwards(*again: str) -> Check:
    def check(root: Path, console: Console) -> list[str]:
        wrong = whole(root, console)
        wrong += [one for one in (console(*again, *options(root)).problem,) if one] + whole(root, console)
        return wrong + [f"{path.name} is left" for path in (root / "data").glob("*.new*")]

    return check


def rotation(purpose: str, prelude: str = "") -> Case:
    return Case(
        made_clinic,
        lambda root: ["key", "rotate", purpose, *options(root)],
        afterwards("key", "rotate", purpose),
        lambda root: counted(root, "SELECT count(*) FROM audit WHERE action = 'key.rotated'") == 1,
        prelude,
    )


def upgrade(folder: Path) -> Case:
    shutil.copytree(migrate.FOLDER, folder)
    (folder / f"{migrate.newest() + 1:04}_toys.sql").write_text("CREATE TABLE toy (id INTEGER PRIMARY KEY) STRICT;")
    prelude = f"from pathlib import Path; from esante.kernel import migrate; migrate.FOLDER = Path({str(folder)!r})\n"
    return Case(
        made_clinic,
        lambda root: ["user", "list", *options(root)],
        afterwards("user", "list"),
        lambda root: counted(root, "SELECT count(*) FROM sqlite_schema WHERE name = 'toy'") == 1,
        always=prelude,
    )


def copied(box: Box) -> Callable[[Path], None]:
    def prepare(root: Path) -> None:
        shutil.copytree(box.data.parent, root, dirs_exist_ok=True)
        settings(root)

    return prepare


def backup(box: Box, prelude: str = "") -> Case:
    def check(root: Path, console: Console) -> list[str]:
        here, scratch = Box(root / "data", box.keys, box.kit, box.config), root.with_name(f"{root.name}-scratch")
        wrong = []
        for number, name in enumerate(shelf.names(here.place)):
            try:
                (scratch / str(number)).mkdir(parents=True)
                drill.examine(here.place, name, opening.by_clinic(box.keys), scratch / str(number), named_files)
            except Exception as error:
                wrong.append(f"{name} looks like a backup: {error}")
        shutil.rmtree(scratch, ignore_errors=True)
        if not wrong:
            backups.whole(here, here.data)
            wrong += [] if backup_status.read(here.data).last_error is None else ["an error is noted"]
            wrong += [one for one in (console("backup", "create", *options(root)).problem,) if one]
            wrong += ["its work is left"] if (here.place.path / ".work").exists() else []
        return wrong

    before = len(shelf.names(box.place))
    return Case(
        copied(box),
        lambda root: ["backup", "create", *options(root), "--json"],
        check,
        lambda root: len(shelf.names(Box(root / "data", box.keys, box.kit, box.config).place)) == before + 1,
        prelude,
    )


def restore(box: Box, prelude: str = "") -> Case:
    def check(root: Path, console: Console) -> list[str]:
        if not (root / "new" / "keyring").exists() and (problem := console(*backups.restore(root)).problem):
            return [problem]
        backups.whole(Box(root / "data", box.keys, box.kit, box.config), root / "new")
        return []

    return Case(copied(box), backups.restore, check, lambda root: (root / "new" / "keyring").exists(), prelude)


# ------------------------------------------------------------------- the moments


def recorded(case: Case, root: Path) -> Recording:
    """What the command does to the disk, run once to its end."""
    root.mkdir()
    case.prepare(root)
    source = root.rename(root.with_name("source"))
    disk = PowerDisk(source, root)
    try:
        with Console(case.always + case.prelude) as console:
            done = console(*case.arguments(root))
        assert done.code == 0, done
        recording = disk.cut()
    finally:
        disk.close()
    shutil.rmtree(source)
    return recording


def moments(recording: Recording, pick: Pick) -> Iterator[Replay]:
    """After those of the changes that are picked."""
    for number, (op, replay) in enumerate(recording.replays()):
        if op[0] != "sync" and pick(number, op):
            yield replay


def examine(
    case: Case, recording: Recording, root: Path, pick: Pick, *, kills: bool = True, cuts: bool = True, enough: int = 0
) -> tuple[int, list[str]]:
    """How many states were laid out, and what was wrong with them; not more when `enough` were."""
    tried, wrong, dice = 0, list[str](), random.Random(17)
    if cuts:
        tried = 1
        recording.end().cut(dice, 0.0)[0].write(root)
        wrong += [] if case.done(root) else ["without power after its end, it is not done"]
    with Console(case.always) as console:
        for replay in moments(recording, pick):
            if enough and len(wrong) >= enough:
                break
            left = [("killed", replay.written)] if kills else []
            left += [("without power", replay.cut(dice, dice.choice(KEPT))[0])] if cuts else []
            for how, tree in left:
                tried += 1
                wrong += [f"{how} after {replay.last}: {one}" for one in _examined(case, tree, root, console)]
    return tried, wrong


def _examined(case: Case, tree: Tree, root: Path, console: Console) -> list[str]:
    tree.write(root)
    settings(root)
    try:
        return case.check(root, console)
    except Exception as error:
        return [repr(error)]


def prove(case: Case, folder: Path) -> None:
    recording = recorded(case, folder / "box")
    count = sum(1 for _ in recording.replays())
    step = max(1, count * 2 // STATES)
    renames = [number for number, (op, _) in enumerate(recording.replays()) if op[0] == "rename"]
    some = set(range(step // 2, count, step)) | set(renames[-1:] if SIZE == "short" else renames)

    def part(job: int) -> tuple[int, list[str]]:
        return examine(
            case, recording, folder / f"box{job}", lambda number, op: number in some and number % JOBS == job
        )

    with ThreadPoolExecutor(JOBS) as pool:
        parts = list(pool.map(part, range(JOBS)))
    wrong = [one for _, found in parts for one in found]
    tell(sum(tried for tried, _ in parts), len(wrong), changes=count)
    assert wrong == []


def is_found(what: str, case: Case, folder: Path, pick: Pick, **how: bool) -> None:
    """The control: the same check, a worse program."""
    recording = recorded(case, folder / "box")
    _, wrong = examine(case, recording, folder / "box", pick, enough=1, **how)
    control(what, bool(wrong))
    assert wrong


def renamed(number: int, op: Op) -> bool:
    return op[0] == "rename"


def removed(number: int, op: Op) -> bool:
    return op[0] == "unname"


needs_time = pytest.mark.skipif(SIZE == "short", reason="a longer proof: scripts/faults")


def test_init(tmp_path: Path) -> None:
    prove(init(), tmp_path)


def test_init_control(tmp_path: Path) -> None:
    broken = init(commands.KEYRING_FIRST)
    is_found("an init that puts the keyring first, killed", broken, tmp_path, renamed, cuts=False)


@needs_time
def test_init_control_of_the_power(tmp_path: Path) -> None:
    broken = init(NO_SYNC)
    is_found("an init that does not sync what it writes, without power", broken, tmp_path, renamed, kills=False)


@needs_time
@pytest.mark.parametrize("purpose", ["database", "audit"])
def test_rotation(tmp_path: Path, purpose: str) -> None:
    prove(rotation(purpose), tmp_path)


@needs_time
def test_rotation_control(tmp_path: Path) -> None:
    broken = rotation("database", commands.KEY_BEFORE_FILE)
    is_found("a rotation that promotes the key before the file, killed", broken, tmp_path, renamed, cuts=False)


@needs_time
def test_upgrade(tmp_path: Path) -> None:
    prove(upgrade(tmp_path / "migrations"), tmp_path)


@needs_time
def test_upgrade_control(tmp_path: Path) -> None:
    broken = upgrade(tmp_path / "migrations")
    broken.prelude = OLD_AWAY_FIRST
    is_found("an upgrade that takes the old file away first, killed", broken, tmp_path, removed, cuts=False)


@needs_time
def test_backup(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    box.back_up()
    prove(backup(box), tmp_path_factory.mktemp("moments"))


@needs_time
def test_backup_control(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    broken = backup(box, backups.STRAIGHT_INTO_PLACE)
    thinned = lambda number, op: op[0] == "write" and number % 3 == 0  # noqa: E731
    is_found(
        "a backup written straight into its place, killed",
        broken,
        tmp_path_factory.mktemp("moments"),
        thinned,
        cuts=False,
    )


@needs_time
def test_restore(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    box.back_up()
    prove(restore(box), tmp_path_factory.mktemp("moments"))


@needs_time
def test_restore_control(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    box.back_up()
    broken, where = restore(box, backups.KEYRING_FIRST), tmp_path_factory.mktemp("moments")
    is_found("a restore that puts the keyring first, killed", broken, where, renamed, cuts=False)


@needs_time
def test_restore_control_of_the_power(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    box.back_up()
    where = tmp_path_factory.mktemp("moments")
    is_found(
        "a restore that does not sync what it writes, without power", restore(box, NO_SYNC), where, renamed, kills=False
    )
