"""Measuring what lies outside the database: files, disks, backups. May wait for a disk, so call `measure` in a thread."""

from contextlib import suppress
from pathlib import Path

from esante import __version__
from esante.admin.health.service import age
from esante.admin.health.structs import BackupHealth, Box, CertificateHealth, ClockHealth, DatabaseHealth, VolumeHealth
from esante.kernel import backup_status, disk
from esante.kernel.clinic import Clinic


def measure(clinic: Clinic) -> Box:
    """As it is now."""
    db = clinic.db
    folder = db.path.parent
    return Box(
        version=__version__,
        database=DatabaseHealth(bytes=_size(db.path), wal_bytes=_size(Path(f"{db.path}-wal")), read_only=db.unwritable),
        volumes=_volumes(clinic, folder),
        backup=_backup(clinic, folder),
        clock=_clock(clinic),
        certificate=_certificate(clinic),
        mail_configured=bool(clinic.config.mail.host and clinic.config.mail.sender),
    )


def _size(path: Path) -> int:
    """By name only: opening the live file here would drop the database's locks."""
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _volumes(clinic: Clinic, folder: Path) -> list[VolumeHealth]:
    backups, low = clinic.config.backup.folder_for(folder), clinic.config.limits.disk_warn_percent
    measured = (disk.measure(name, place) for name, place in (("data", folder), ("backups", backups)))
    return [
        VolumeHealth(
            name=volume.name,
            free_bytes=volume.free_bytes,
            total_bytes=volume.total_bytes,
            free_percent=round(volume.free_percent, 2),
            low=volume.free_percent < low,
        )
        for volume in measured
        if volume
    ]


def _backup(clinic: Clinic, folder: Path) -> BackupHealth:
    status, now = backup_status.read(folder), clinic.db.now()
    return BackupHealth(
        last_backup_at=status.last_backup_at,
        last_backup_age=age(status.last_backup_at, now),
        last_proven_at=status.last_proven_at,
        last_proven_age=age(status.last_proven_at, now),
        last_error=status.last_error,
    )


def _clock(clinic: Clinic) -> ClockHealth:
    guard = clinic.clock
    return ClockHealth(
        now=clinic.db.now(),
        drift=round(guard.drift.total_seconds(), 3),
        ahead=int(guard.ahead.total_seconds()),
        frozen=guard.is_frozen(),
        doubt=guard.look(),
    )


def _certificate(clinic: Clinic) -> CertificateHealth | None:
    if clinic.certificates is None:
        return None
    found = clinic.certificates.status
    return CertificateHealth(
        mode=found.mode,
        valid_until=found.valid_until,
        authority_valid_until=found.authority_valid_until,
        authority_fingerprint=found.authority_fingerprint,
        problem=found.problem,
    )
