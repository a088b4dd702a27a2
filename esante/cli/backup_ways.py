"""What the commands of `esante backup` share: the shelf that is meant, the way into it, how progress is shown."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import apsw
import typer
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from esante.cli import report
from esante.cli.key import typed_kit
from esante.cli.opening import operator, unlocked
from esante.kernel import clock
from esante.kernel.backup import opening, shelf
from esante.kernel.backup.bucket import Bucket
from esante.kernel.backup.opening import Opening
from esante.kernel.backup.pace import Told
from esante.kernel.backup.shelf import Folder, Shelf
from esante.kernel.config import Config
from esante.kernel.errors import Broken
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.settings import ClinicSettings
from esante.kernel.transaction import HouseContext, ReadTx
from esante.wiring import FILES

From = Annotated[
    str,
    typer.Option(
        "--from", metavar="PLACE", help="A folder with backups, one .esante file, or s3 for the bucket of esante.toml."
    ),
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="BACKUP", help="Its name, as `list` shows it, or its file; default: the newest.", show_default=False
    ),
]
Kit = Annotated[
    bool, typer.Option("--kit", help="Open it with the recovery kit: its 24 words, typed when asked, or piped.")
]
KeyFile = Annotated[str, typer.Option("--key-file", metavar="FILE", help="The clinic's key file, if it still exists.")]


def place_of(where: str, settings: Config, data: Path, name: str = "") -> tuple[Shelf, str | None]:
    """The shelf that is meant, and the backup's name, if one was given. A path to an archive is both."""
    if where == "s3":
        if not settings.backup.offsite.bucket:
            raise Broken(
                "There is no bucket in esante.toml. Name it there: [backup.offsite] bucket, endpoint, access_key …"
            )
        return Bucket(settings.backup.offsite), name or None
    path = Path(where) if where else settings.backup.folder_for(data)
    given = Path(name) if name.endswith(shelf.ARCHIVE) else path
    if given.suffix == shelf.ARCHIVE:
        path, name = given.parent, given.name
    if not path.is_dir():
        raise Broken(f"There is no folder {path}. Say where the backups are: --from FOLDER")
    return Folder(path), name or None


def way_into(place: Shelf, settings: Config, data: Path, kit: bool, key_file: str, scratch: Path) -> Opening:
    """By what was given; else by the clinic in `data`, by its key file, or by a recovery kit that is asked for."""
    if kit:
        return opening.by_kit(typed_kit(None))
    if key_file:
        return opening.by_key_file(place, Path(key_file).expanduser(), scratch)
    if (data / "keyring").exists():
        return opening.by_clinic(unlocked(data, settings))
    with suppress(Broken):
        return opening.by_key_file(place, Path(settings.keys.file).expanduser(), scratch)
    return opening.by_kit(typed_kit(None))


def named_files(conn: apsw.Connection) -> set[str]:
    """The vault files that the rows of this database name, as the rooms say."""
    context = HouseContext(ClinicSettings(), OneTimeSecrets(bytes(32)), {})
    tx = ReadTx(conn, operator(), clock.now(), context)
    return {file_id for room in FILES for file_id in room(tx)}


@contextmanager
def progress(*, shown: bool) -> Iterator[Told]:
    """A bar for each stage, on standard error, and only for people."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=report.err, transient=True, disable=not (shown and report.err.is_terminal)) as bars:
        tasks: dict[str, TaskID] = {}

        def told(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield told


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
