"""The health view, and the two ways out for a job that was given up."""

from datetime import datetime, timedelta

from esante.admin import policy
from esante.admin.events import JobDiscarded, JobRetried
from esante.admin.health import problems, store
from esante.admin.health.structs import AuditHealth, Box, HealthReport, MailHealth
from esante.identity import service as identity
from esante.kernel import audit_log, checkpoints, clock, clock_guard, dead_letters
from esante.kernel.dead_letters import Job, JobState
from esante.kernel.structs import Page, decode_cursor, encode_cursor
from esante.kernel.transaction import ReadTx, WriteTx


def show_health(tx: ReadTx, box: Box) -> HealthReport:
    """Every part of the box and what is wrong with it; for who runs the clinic."""
    policy.may_run_clinic(tx)
    return measure(tx, box)


def measure(tx: ReadTx, box: Box) -> HealthReport:
    """For the house: the same for whoever was let in another way (the metrics)."""
    mail, head, verified = store.mail(tx), audit_log.head(tx.conn), store.last_verified(tx)
    checkpoint = checkpoints.newest(tx.conn)
    report = HealthReport(
        status="ok",
        problems=[],
        version=box.version,
        at=tx.now,
        database=box.database,
        volumes=box.volumes,
        backup=box.backup,
        jobs=dead_letters.depth(tx),
        clock=box.clock,
        certificate=box.certificate,
        mail=MailHealth(
            configured=box.mail_configured,
            queued=mail.queued,
            failed=mail.failed,
            last_success_at=mail.last_success_at,
            last_error_at=mail.last_error_at,
            last_error=mail.last_error,
        ),
        audit=AuditHealth(
            seq=head.seq,
            at=clock.parse(head.at) if head.at else None,
            last_verified_at=verified.at if verified else None,
            last_verified_whole=verified.action == "audit.verified" if verified else None,
            last_checkpoint_at=checkpoint[1] if checkpoint else None,
            last_checkpoint_seq=checkpoint[0] if checkpoint else None,
        ),
    )
    return problems.judged(report, tx.actor.language)


def list_jobs(tx: ReadTx, state: JobState, cursor: str | None, limit: int) -> Page[Job]:
    """What waits, or was given up, newest first; for who runs the clinic."""
    policy.may_run_clinic(tx)
    key = decode_cursor(cursor, 1)
    found = dead_letters.jobs(tx, state, key[0] if key else None, limit + 1)
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


def retry_job(tx: WriteTx, id: str) -> None:
    """Try a job that was given up again, now; `NotFound` when there is none."""
    policy.may_run_clinic(tx)
    job = dead_letters.failed_job(tx, id)
    dead_letters.retry(tx, id)
    tx.record(JobRetried(subject=id, job=job.name))


def discard_job(tx: WriteTx, id: str) -> None:
    """Give a failed job up for good: what it would have done is never done. `NotFound` when there is none."""
    policy.may_run_clinic(tx)
    job = dead_letters.failed_job(tx, id)
    dead_letters.discard(tx, id)
    tx.record(JobDiscarded(subject=id, job=job.name))


def confirm_clock(tx: WriteTx) -> None:
    """The time is right: what destroys is done again. For who runs the clinic, freshly proven; 409 when nobody doubts it."""
    policy.may_run_clinic(tx)
    identity.require_fresh(tx)
    clock_guard.confirm(tx)


def age(of: datetime | None, now: datetime) -> int | None:
    """No policy: whole seconds, never below zero."""
    return max(0, (now - of) // timedelta(seconds=1)) if of else None
