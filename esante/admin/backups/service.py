"""What one can ask of backups, and what the house notes of them."""

from datetime import timedelta

from esante.admin import policy
from esante.admin.backups.events import (
    BackUp,
    BackupDone,
    BackupFailed,
    BackupPruned,
    BackupRequested,
    BackupRestored,
    BackupsListed,
    FilesSwept,
    Stage,
    SweepFiles,
)
from esante.admin.backups.structs import BackupsShown
from esante.identity import service as identity
from esante.kernel import jobs
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.notifications import service as notifications

TOO_OLD_TO_SEND = timedelta(hours=2)
"""What a restored clinic had not sent by then stays unsent: a reminder of last week helps nobody."""


def check_may_list(tx: ReadTx) -> None:
    """Before a folder is read: only who runs the clinic."""
    policy.may_run_clinic(tx)


def note_listed(tx: LookTx, shown: BackupsShown) -> BackupsShown:
    """Which backups there are; for who runs the clinic. One audit line."""
    policy.may_run_clinic(tx)
    tx.record(BackupsListed(subject="backup", count=len(shown.items)))
    return shown


def request_backup(tx: WriteTx) -> None:
    """Have a backup made now; for who runs the clinic."""
    policy.may_run_clinic(tx)
    tx.record(BackupRequested(subject="backup"))
    tx.later(BackUp())


# ------------------------------------------------------------------ for the house


def queue_nightly(tx: WriteTx, nothing: None = None) -> None:
    """For the house: the nightly backup is due."""
    tx.later(BackUp())


def queue_sweep(tx: WriteTx, nothing: None = None) -> None:
    """For the house: the nightly sweep of the vault is due."""
    tx.later(SweepFiles())


def note_done(tx: WriteTx, name: str, *, size: int, files: int, audit_seq: int, removed: int) -> None:
    """For the house: a backup was made and proven."""
    tx.record(BackupDone(subject=name, size=size, files=files, audit_seq=audit_seq, removed=removed))


def note_failed(tx: WriteTx, stage: Stage, reason: str) -> None:
    """For the house: it was not."""
    tx.record(BackupFailed(subject="backup", stage=stage), reason=reason)


def note_pruned(tx: WriteTx, archives: int, files: int) -> None:
    """For the house: an operator had old backups removed."""
    tx.record(BackupPruned(subject="backup", archives=archives, files=files))


def note_swept(tx: WriteTx, count: int) -> None:
    """For the house: so many files that no row named are gone."""
    tx.record(FilesSwept(subject="files", count=count))


def begin_again(
    tx: WriteTx, name: str, *, from_installation: str, installation: str, audit_seq: int, speaking: frozenset[str]
) -> None:
    """For the house, first of all in a restored clinic: every session ends, and what is too old to send is not sent.

    `speaking` names the jobs that reach people.
    """
    before = tx.now - TOO_OLD_TO_SEND
    ended = identity.end_every_session(tx, "restored")
    withdrawn = jobs.withdraw(tx, speaking, before, "not sent: older than the restore by two hours or more")
    notifications.suppress_old(tx, before)
    tx.record(
        BackupRestored(
            subject=name,
            from_installation=from_installation,
            installation=installation,
            audit_seq=audit_seq,
            sessions_ended=ended,
            jobs_withdrawn=withdrawn,
        )
    )
