"""What happens with backups."""

from typing import ClassVar, Literal

from esante.kernel.structs import Event, Severity
from esante.kernel.transaction import Task

Stage = Literal["create", "drill", "copy", "process"]


class BackupRequested(Event, tag="backup.requested"):
    """An admin had a backup made outside the nightly one."""


class BackupsListed(Event, tag="backup.listed"):
    """An admin saw which backups there are."""

    count: int


class BackupDone(Event, tag="backup.done"):
    """A backup was made, and a drill restored it; the subject is its name. `removed`: older ones that retention took."""

    size: int
    files: int
    audit_seq: int
    removed: int


class BackupFailed(Event, tag="backup.failed"):
    """A backup was not made, not proven, or not copied to another place; the line's reason says why."""

    severity: ClassVar[Severity] = "critical"

    stage: Stage


class BackupPruned(Event, tag="backup.pruned"):
    """An operator had old backups removed, and files that no backup names any more."""

    severity: ClassVar[Severity] = "warning"

    archives: int
    files: int


class BackupRestored(Event, tag="backup.restored"):
    """This clinic begins again from a backup, the subject, under another installation id."""

    severity: ClassVar[Severity] = "critical"

    from_installation: str
    installation: str
    audit_seq: int
    sessions_ended: int
    jobs_withdrawn: int


class FilesSwept(Event, tag="files.swept"):
    """Sealed files that no row named for a day were removed."""

    count: int


class BackUp(Task, tag="admin.back_up"):
    """Make a backup in a process of its own."""


class SweepFiles(Task, tag="admin.sweep_files"):
    """Remove sealed files that no row names."""
