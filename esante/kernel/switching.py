"""Working on a copy of the database and putting it in the original's place in one step: offline, for upgrades and a new key.

A crash at any instant leaves the old file or the new one under the database's name; what else is left is swept at the next start.
"""

import os
import shutil
from pathlib import Path

import apsw

from esante.kernel import files
from esante.kernel.connection import open_copy, open_database
from esante.kernel.errors import Broken

PAGES_A_STEP = 4_096
SPARE_BYTES = 64 * 1024 * 1024


def draft_of(database: Path) -> Path:
    """Where the copy is worked on."""
    return database.with_name(f"{database.name}.new")


def copied(database: Path, key: bytes) -> Path:
    """A synced copy beside the database, under the same key, page by page: row numbers stay, which a VACUUM would not promise.

    `Broken` when the disk has no room for it.
    """
    sweep(draft_of(database))
    refuse_full(database)
    draft = draft_of(database)
    source = open_database(database, key, "maintenance")
    try:
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        copy(source, draft, key)
    finally:
        source.close()
    return draft


def refuse_full(database: Path) -> None:
    """`Broken` unless the disk has room for a copy of the database."""
    size, free = database.stat().st_size, shutil.disk_usage(database.parent).free
    if free < size + SPARE_BYTES:
        wanted = (size + SPARE_BYTES - free) // 1_000_000 + 1
        raise Broken(f"A copy of {database} is needed and the disk has no room for it: free {wanted} MB more")


def copy(source: apsw.Connection, draft: Path, key: bytes) -> None:
    """Every page of `source`, synced."""
    target = open_copy(draft, key, source)
    try:
        with target.backup("main", source, "main") as steps:
            while not steps.done:
                steps.step(PAGES_A_STEP)
    finally:
        target.close()
    _sync(draft)


def switch(draft: Path, database: Path, *, keep: Path | None = None) -> None:
    """The draft takes the database's name; the old file stays under the name `keep`, when one is given.

    No write-ahead log of either may be left: it would be read into the other.
    """
    for path in (draft, database):
        if path.with_name(f"{path.name}-wal").exists():
            raise Broken(f"{path}-wal is still there: another program has the clinic open. Stop it, and try again")
    _sync(draft)
    if keep is not None:
        keep.unlink(missing_ok=True)
        os.link(database, keep)
    files.settle(draft, database)


def sweep(draft: Path) -> None:
    """Remove a copy, or what an interrupted one has left."""
    for left in draft.parent.glob(f"{draft.name}*"):
        left.unlink()


def _sync(path: Path) -> None:
    with path.open("rb") as written:
        os.fsync(written.fileno())
