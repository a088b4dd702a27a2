"""Making a clinic of a backup: checked while it is still a draft, in place at once or not at all."""

from pathlib import Path

from esante.kernel import files, moving_in, vault
from esante.kernel.backup import check, drill, pace, shelf
from esante.kernel.backup.check import NamedFiles
from esante.kernel.backup.manifest import Manifest
from esante.kernel.backup.opening import Opening
from esante.kernel.backup.pace import PacedFile, Told
from esante.kernel.backup.shelf import Shelf
from esante.kernel.keyring import Keyring


def draft(
    place: Shelf, name: str, opening: Opening, target: Path, named: NamedFiles, told: Told = pace.nobody
) -> tuple[Path, Keyring, Manifest]:
    """Restore everything into a draft inside `target`, and check it; the caller holds `target` and has refused an occupied one.

    Until `moving_in.settle` there is no clinic in `target`, and another try begins anew.
    """
    into = moving_in.begin(target)
    keys, said = drill.unlocked(place, name, opening, into, told)
    check.database(into, keys, said, named, told)
    _bring_files(place, said, into / "files", told)
    return into, keys, said


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
