"""The whole of one night: make a backup, prove it, copy it to the other places, let go what is old; and say how it went."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

import apsw
import msgspec
import pyrage
import structlog

from esante.kernel import backup_status, files
from esante.kernel.backup import drill, mirror, opening, pace, retention, shelf, snapshot
from esante.kernel.backup.bucket import Bucket
from esante.kernel.backup.check import NamedFiles
from esante.kernel.backup.pace import Told
from esante.kernel.backup.retention import Keep, Pruned
from esante.kernel.backup.shelf import Folder, Shelf
from esante.kernel.config import Backup
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring

log = structlog.get_logger(__name__)

FAILURES = (Broken, OSError, apsw.Error, pyrage.EncryptError, pyrage.DecryptError)
HOLDER = "esante backup"


class Made(msgspec.Struct, frozen=True, rename="camel"):
    """A backup that was made and proven. `problems`: the places that it was not copied to, and why."""

    name: str
    folder: str
    size: int
    files: int
    new_files: int
    audit_seq: int
    recovery_kits: int
    copied_to: list[str]
    removed: int
    problems: list[str]


class Failed(msgspec.Struct, frozen=True, rename="camel"):
    """A backup that was not made (`create`), or is there but does not restore (`drill`)."""

    stage: Literal["create", "drill"]
    error: str


def run(
    data: Path, keys: Keyring, config: Backup, named: NamedFiles, now: Callable[[], datetime], told: Told = pace.nobody
) -> Made | Failed:
    """Do all of it, and keep the status. Never raises: whoever asked must be able to say that there is no backup."""
    stage: Literal["create", "drill"] = "create"
    status = backup_status.read(data)
    try:
        place, way = Folder(config.folder_for(data)), opening.by_clinic(keys)
        files.make_folder(place.path)
        with place.held(HOLDER):
            before = set(place.sizes(shelf.CONTENT))
            said = snapshot.create(data, keys, place, now(), told)
            status = msgspec.structs.replace(status, last_backup_at=now(), last_error=None)
            stage = "drill"
            proof = drill.prove(place, said.name, way, now(), named, told)
            status = msgspec.structs.replace(status, last_proven_at=now())
            copied, problems = _copy(place, config, said.name, way, told)
            removed = len(retention.prune(place, keep_of(config), way).archives)
    except Exception as error:
        if not isinstance(error, FAILURES):
            log.exception("backup_failed", stage=stage)
        failed = Failed(stage, words(error))
        _keep_status(data, msgspec.structs.replace(status, last_error=failed.error))
        return failed
    _keep_status(data, msgspec.structs.replace(status, last_error="; ".join(problems) or None))
    return Made(
        name=said.name,
        folder=place.where,
        size=proof.size,
        files=len(said.files),
        new_files=len({shelf.content_key(file.sha256) for file in said.files} - before),
        audit_seq=said.audit.seq,
        recovery_kits=len(said.recipients) - 1,
        copied_to=copied,
        removed=removed,
        problems=problems,
    )


def words(error: BaseException) -> str:
    """What went wrong, for people: with the place, without the program's own numbers."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def others(config: Backup) -> list[Callable[[], Shelf]]:
    """The other places, each to be opened when its turn comes: one that is not there keeps no other from its copy."""
    found: list[Callable[[], Shelf]] = [lambda path=path: _mounted(path) for path in config.copies]  # type: ignore[misc]
    if config.offsite.bucket:
        found.append(lambda: Bucket(config.offsite))
    return found


def held(place: Shelf) -> AbstractContextManager[None]:
    """A folder is held by one; a bucket has no lock, and needs none: what is put there appears whole."""
    return place.held(HOLDER) if isinstance(place, Folder) else nullcontext()


def keep_of(config: Backup) -> Keep:
    return Keep(config.daily, config.weekly, config.monthly)


def prune(place: Shelf, config: Backup, way: opening.Opening, *, only_say: bool) -> Pruned:
    with held(place):
        return retention.prune(place, keep_of(config), way, only_say=only_say)


def _copy(home: Folder, config: Backup, name: str, way: opening.Opening, told: Told) -> tuple[list[str], list[str]]:
    copied, problems = [], []
    for open_place in others(config):
        try:
            place = open_place()
            with held(place):
                mirror.copy(home, place, name, way, told)
                retention.prune(place, keep_of(config), way)
        except FAILURES as error:
            problems.append(f"not copied: {words(error)}")
        else:
            copied.append(place.where)
    return copied, problems


def _mounted(path: str) -> Folder:
    """A disk that is not plugged in must not be written beside: its folder has to be there."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise Broken(f"{folder} is not there. Plug the disk in or mount it; esante does not make this folder")
    return Folder(folder)


def _keep_status(data: Path, status: backup_status.BackupStatus) -> None:
    with suppress(OSError):  # a disk that takes nothing more; what became of the backup is told all the same
        backup_status.write(data, status)
