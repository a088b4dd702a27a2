"""How the backups stand: a small file that whoever makes them writes, and health, metrics and `esante doctor` read.

A file and not a row: a backup runs in a process of its own, also where nothing can be written into the database.
"""

from datetime import datetime
from pathlib import Path

import msgspec

from esante.kernel import files

NAME = "backup-status.json"


class BackupStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`lastProvenAt`: the newest backup that a drill restored and checked. `lastError`: of the last try; null after a good one."""

    last_backup_at: datetime | None = None
    last_proven_at: datetime | None = None
    last_error: str | None = None


def read(folder: Path) -> BackupStatus:
    """The status in this data folder; empty while no backup was made, with an error when the file is not readable."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=BackupStatus)
    except FileNotFoundError:
        return BackupStatus()
    except (OSError, msgspec.DecodeError):
        return BackupStatus(last_error=f"{NAME} is not readable; the next backup writes it anew")


def write(folder: Path, status: BackupStatus) -> None:
    """Keep it, whole or not at all."""
    files.write_whole(folder / NAME, msgspec.json.encode(status))
