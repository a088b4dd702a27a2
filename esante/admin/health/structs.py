"""The parts of the health view. What is not known is null; an age is in seconds."""

from datetime import datetime
from typing import Literal

from esante.kernel.clock_guard import Freeze
from esante.kernel.dead_letters import Depth
from esante.kernel.structs import Kept


class DatabaseHealth(Kept):
    """The file and its write-ahead log. `readOnly` says why nothing can be saved; null when all is well."""

    bytes: int
    wal_bytes: int
    read_only: str | None


class VolumeHealth(Kept):
    """The disk under one folder of the clinic; `low`: less is free than the warning's mark."""

    name: str
    free_bytes: int
    total_bytes: int
    free_percent: float
    low: bool


class BackupHealth(Kept):
    """The newest backup, the newest that a drill has proven, and what went wrong last."""

    last_backup_at: datetime | None
    last_backup_age: int | None
    last_proven_at: datetime | None
    last_proven_age: int | None
    last_error: str | None


class MailHealth(Kept):
    """The mail server: is one configured, when did it last take a mail, what did it say last when it did not."""

    configured: bool
    queued: int
    failed: int
    last_success_at: datetime | None
    last_error_at: datetime | None
    last_error: str | None


class ClockHealth(Kept):
    """The machine's clock. `drift`: seconds that it moved against the steady clock since the start or the last confirmation;
    `ahead`: seconds by which the log's last instant lies before it; `doubt`: why nothing is removed until somebody confirms.
    """

    now: datetime
    drift: float
    ahead: int
    frozen: bool
    doubt: Freeze | None


class CertificateHealth(Kept):
    """What connections are encrypted with; `problem`: why it could not be renewed."""

    mode: str
    valid_until: datetime
    authority_valid_until: datetime | None
    authority_fingerprint: str | None
    problem: str | None


class AuditHealth(Kept):
    """Where the log ends, what the last verification found, and how far the last signed checkpoint reaches."""

    seq: int
    at: datetime | None
    last_verified_at: datetime | None
    last_verified_whole: bool | None
    last_checkpoint_at: datetime | None
    last_checkpoint_seq: int | None


class Problem(Kept):
    """Something that needs somebody's hand. `code` is for programs, `message` for the reader, in their language."""

    code: str
    severity: Literal["warning", "critical"]
    message: str


class Box(Kept):
    """What is measured outside the database."""

    version: str
    database: DatabaseHealth
    volumes: list[VolumeHealth]
    backup: BackupHealth
    clock: ClockHealth
    certificate: CertificateHealth | None
    mail_configured: bool


class HealthReport(Kept):
    """The whole view; `status` is that of the worst problem."""

    status: Literal["ok", "warning", "critical"]
    problems: list[Problem]
    version: str
    at: datetime
    database: DatabaseHealth
    volumes: list[VolumeHealth]
    backup: BackupHealth
    jobs: Depth
    mail: MailHealth
    clock: ClockHealth
    certificate: CertificateHealth | None
    audit: AuditHealth


class MailRow(Kept):
    """Deliveries, counted."""

    queued: int
    failed: int
    last_success_at: datetime | None
    last_error_at: datetime | None
    last_error: str | None


class VerifiedRow(Kept):
    """The last verification of the log."""

    at: datetime
    action: str
