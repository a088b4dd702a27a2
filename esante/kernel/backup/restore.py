"""Making a clinic of a backup: checked while it is still a draft, in place at once or not at all."""

import os
import shutil
from pathlib import Path

from esante.kernel import files, vault
from esante.kernel.backup import check, drill, pace, shelf
from esante.kernel.backup.check import NamedFiles
from esante.kernel.backup.manifest import Manifest
from esante.kernel.backup.opening import Opening
from esante.kernel.backup.pace import PacedFile, Told
from esante.kernel.backup.shelf import Shelf
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring

DRAFT = ".restoring"
LAST = "keyring"
"""Where there is a keyring there is a clinic: it comes last."""


def refuse_occupied(target: Path) -> None:
    """Only an empty folder, or what an interrupted restore has left, may be restored into."""
    if not target.exists():
        return
    if not target.is_dir():
        raise Broken(f"{target} is not a folder")
    there = {path.name for path in target.iterdir()} - {"lock", "lost+found"}
    if LAST in there or (there and DRAFT not in there):
        raise Broken(
            f"{target} is not empty: it holds {min(there)}. Restore into another folder, or move this one away first:"
            f" mv {target} {target}.before"
        )


def draft(
    place: Shelf, name: str, opening: Opening, target: Path, named: NamedFiles, told: Told = pace.nobody
) -> tuple[Path, Keyring, Manifest]:
    """Restore everything into a draft inside `target`, and check it; the caller holds `target` and has refused an occupied one.

    Until `settle` there is no clinic in `target`, and another try begins anew.
    """
    into = target / DRAFT
    for left in target.iterdir():
        if left.name not in ("lock", "lost+found"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    files.make_folder(into)
    keys, said = drill.unlocked(place, name, opening, into, told)
    check.database(into, keys, said, named, told)
    _bring_files(place, said, into / "files", told)
    return into, keys, said


def settle(into: Path) -> None:
    """Move the checked draft into its folder, the keyring last: from then on it is the clinic."""
    target = into.parent
    for path in sorted(into.iterdir(), key=lambda path: path.name == LAST):
        if path.name == LAST:
            files.sync_folder(target)
        if path.name != "lock":
            os.replace(path, target / path.name)
    files.sync_folder(target)
    shutil.rmtree(into)
    files.sync_folder(target)


def _bring_files(place: Shelf, said: Manifest, folder: Path, told: Told) -> None:
    done, total = 0, said.files_size
    files.make_folder(folder)
    for file in said.files:
        path = vault.place_of(folder, file.id)
        files.make_folder(path.parent)
        with place.open(shelf.content_key(file.sha256)) as source, files.create_for_stream(path) as out:
            into = PacedFile(out)
            pace.copy(source, into)
            into.sync()
        if (into.size, into.sha256) != (file.size, file.sha256):
            raise check.damaged(place, said.name, file.sha256)
        files.sync_folder(path.parent)
        done += file.size
        told("Restoring files", done, total)
