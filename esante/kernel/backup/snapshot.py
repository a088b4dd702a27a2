"""A backup of the living clinic: the database at one commit point, every sealed file, the wrapped keyring.

It runs beside the server. A pinned read transaction keeps the copy at one commit point (unpinned, the stepped copy begins
anew at every write and never ends); meanwhile nothing is removed from the vault, so every file that a row of that point
names is there. The copy keeps the database's own encryption: nothing of it is ever plain on the shelf.
"""

import io
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from esante import __version__
from esante.kernel import audit_log, checkpoints, clock, files, migrate, vault
from esante.kernel.backup import archive, manifest, opening, pace, shelf
from esante.kernel.backup.manifest import AuditHead, KeptFile, Manifest, Piece
from esante.kernel.backup.pace import Told
from esante.kernel.backup.shelf import CONTENT, Folder
from esante.kernel.checkpoints import Signer
from esante.kernel.connection import DATABASE, open_copy, open_database
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring

PAGES = 128
"""512 KB in one step of the copy."""
ROOM = 64 * 1024 * 1024
"""What is left free on the shelf, at the least."""


class Snapshot(msgspec.Struct, frozen=True):
    """The commit point that was copied."""

    head: AuditHead
    db_schema: int
    counts: dict[str, int]


def create(data: Path, keys: Keyring, place: Folder, now: datetime, told: Told = pace.nobody) -> Manifest:
    """Make one backup; the caller holds the shelf. What goes wrong leaves nothing that looks like one."""
    name, ring, box = shelf.stamp(now), (data / "keyring").read_bytes(), archive.box_of(data)
    with place.scratch() as scratch:
        with files.locked(vault.lock_of(data / "files"), "esante backup", wait=True):
            known = _known(place, keys.drill_identities())
            _refuse_full(data, place, known)
            taken = _copy_database(data / DATABASE, keys, scratch / DATABASE, told)
            kept = _keep_files(data / "files", place, known, told)
        if (data / "keyring").read_bytes() != ring:
            raise Broken(
                "The clinic's keys were changed while the backup was made. Make it again: esante backup create"
            )
        said = Manifest(
            name=name,
            made_at=clock.text(now),
            program=__version__,
            installation_id=keys.installation_id,
            clinic=str(data.resolve()),
            db_schema=taken.db_schema,
            database=Piece(*pace.digest_of(scratch / DATABASE)),
            keyring=Piece(*pace.digest(io.BytesIO(ring))),
            box=Piece(*pace.digest(io.BytesIO(box))),
            audit=taken.head,
            counts=taken.counts,
            recipients=[keys.drill_recipient, *keys.kit_recipients],
            files=kept,
        )
        signed, total = manifest.sign(said, keys), said.database.size
        with place.draft(name + shelf.ARCHIVE) as into:
            told("Sealing", 0, total)
            archive.seal(into, signed, ring, box, scratch / DATABASE, int(now.timestamp()), said.recipients)
            told("Sealing", total, total)
    place.put(shelf.KEYRING, io.BytesIO(opening.without_passphrases(data, keys)))
    return said


def _copy_database(path: Path, keys: Keyring, target: Path, told: Told) -> Snapshot:
    """Copy in steps, each synced, from one pinned snapshot, and look at that same snapshot."""
    key = keys.key("database")
    source = open_database(path, key, "slow-reader")
    try:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # a transaction begins at its first read
        copied = open_copy(target, key, source)
        handle = os.open(target, os.O_RDONLY)
        try:
            with copied.backup("main", source, "main") as steps:
                while not steps.done:
                    steps.step(PAGES)
                    pace.step(lambda: os.fdatasync(handle))
                    told("Copying the database", steps.page_count - steps.remaining, steps.page_count)
        finally:
            copied.close()
            os.close(handle)
        last, tree = audit_log.head(source), checkpoints.grown(source)
        checkpoint = Signer(keys).sign(tree.size, tree.root()).note
        return Snapshot(AuditHead(last.seq, last.mac, checkpoint), migrate.version(source), migrate.counts_of(source))
    finally:
        source.close()


def _known(place: Folder, identities: Sequence[str]) -> dict[str, KeptFile]:
    """The files that the newest readable backup names and the shelf holds: a sealed file never changes, so they are done."""
    there = place.sizes(CONTENT)
    for name in reversed(shelf.names(place)):
        try:
            with place.open(name + shelf.ARCHIVE) as sealed:
                said, _ = archive.manifest_of(sealed, identities, name)
        except Broken:
            continue
        return {file.id: file for file in said.files if there.get(shelf.content_key(file.sha256)) == file.size}
    return {}


def _keep_files(vault_folder: Path, place: Folder, known: dict[str, KeptFile], told: Told) -> list[KeptFile]:
    """Put every sealed file that is not there yet on the shelf, under its SHA-256."""
    kept = []
    found = sorted(vault.sealed_files(vault_folder))
    for number, path in enumerate(found, 1):
        before = known.get(path.name)
        if before is None or before.size != path.stat().st_size:
            with path.open("rb") as source, place.draft() as into:
                pace.copy(source, into)
            before = KeptFile(path.name, into.size, into.sha256)
        kept.append(before)
        told("Keeping files", number, len(found))
    return kept


def _refuse_full(data: Path, place: Folder, known: dict[str, KeptFile]) -> None:
    """Before a byte is written: copy and archive of the database, and the new files, must find room."""
    new = sum(path.stat().st_size for path in vault.sealed_files(data / "files") if path.name not in known)
    needed, free = 2 * (data / DATABASE).stat().st_size + new + ROOM, shutil.disk_usage(place.path).free
    if needed > free:
        raise Broken(
            f"There is not enough room for a backup in {place.path}: it needs {needed // 1_000_000} MB,"
            f" {free // 1_000_000} MB are free. Free some, or name another folder in esante.toml: [backup] folder"
        )
