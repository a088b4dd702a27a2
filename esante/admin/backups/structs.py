"""Backups as they are shown."""

from datetime import datetime

from esante.kernel.structs import Kept


class BackupShown(Kept):
    """One backup in the clinic's own folder; `provenAt`: when a drill restored it and found it whole."""

    name: str
    size: int
    made_at: datetime
    proven_at: datetime | None


class BackupsShown(Kept):
    """How the backups stand, and which there are, newest first."""

    folder: str
    nightly_at: str | None
    last_backup_at: datetime | None
    last_proven_at: datetime | None
    last_error: str | None
    items: list[BackupShown]
