"""How the backups stand, as a file."""

from datetime import UTC, datetime
from pathlib import Path

from esante.kernel import backup_status
from esante.kernel.backup_status import BackupStatus


def test_it_works(tmp_path: Path) -> None:
    at = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
    backup_status.write(tmp_path, BackupStatus(last_backup_at=at, last_proven_at=at))
    assert backup_status.read(tmp_path) == BackupStatus(last_backup_at=at, last_proven_at=at)
    assert b'"lastBackupAt":"2026-11-20T02:30:00Z"' in (tmp_path / backup_status.NAME).read_bytes()


def test_while_no_backup_was_made_it_is_empty(tmp_path: Path) -> None:
    assert backup_status.read(tmp_path) == BackupStatus()


def test_an_unreadable_file_is_an_error_that_is_told(tmp_path: Path) -> None:
    (tmp_path / backup_status.NAME).write_bytes(b"{")
    assert "not readable" in (backup_status.read(tmp_path).last_error or "")
