"""A clinic comes into its folder whole or not at all: it is made in a draft folder there, then moved up, the keyring last.

Where there is a keyring there is a clinic. Until then whatever lies there is a draft that another try throws away.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from esante.kernel import files
from esante.kernel.errors import Broken

DRAFT = ".draft"
LAST = "keyring"
NOBODYS = ("lock", "lost+found")


def refuse_occupied(target: Path) -> None:
    """Only an empty folder, or what an interrupted try has left, may become a clinic."""
    if not target.exists():
        return
    if not target.is_dir():
        raise Broken(f"{target} is not a folder")
    there = {path.name for path in target.iterdir()} - set(NOBODYS)
    if LAST in there or (there and DRAFT not in there):
        raise Broken(
            f"{target} is not empty: it holds {min(there)}. Choose another folder, or move this one away first:"
            f" mv {target} {target}.before"
        )


def begin(target: Path) -> Path:
    """An empty draft folder inside `target`; the caller holds `target` and has refused an occupied one."""
    for left in target.iterdir():
        if left.name not in NOBODYS:
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    files.make_folder(target / DRAFT)
    return target / DRAFT


def sweep(target: Path) -> None:
    """Of a clinic, when nobody else has it open: take away the empty draft that a `settle` left which was killed at its end."""
    with suppress(FileNotFoundError):
        shutil.rmtree(target / DRAFT)


def settle(into: Path) -> None:
    """Move the finished draft into its folder, the keyring last: from then on it is the clinic."""
    target = into.parent
    for path in sorted(into.iterdir(), key=lambda path: path.name == LAST):
        if path.name == LAST:
            files.sync_folder(target)
        if path.name not in NOBODYS:
            os.replace(path, target / path.name)
    files.sync_folder(target)
    shutil.rmtree(into)
    files.sync_folder(target)
