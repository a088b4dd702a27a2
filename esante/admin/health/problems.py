"""What in a health report needs somebody's hand, in words."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec

from esante.admin.health.structs import HealthReport, Problem
from esante.kernel.i18n import translate

CERTIFICATE_SOON = timedelta(days=21)
BACKUP_OLD = timedelta(hours=50)
"""Two nights, and some time for the backup itself."""


def judged(report: HealthReport, language: str) -> HealthReport:
    """The report with its problems, and the status of the worst."""
    found = list(_problems(report, language))
    worst = {problem.severity for problem in found}
    status = "critical" if "critical" in worst else "warning" if worst else "ok"
    return msgspec.structs.replace(report, status=status, problems=found)


def _problems(report: HealthReport, language: str) -> Iterator[Problem]:
    if why := report.database.read_only:
        yield _critical("READ_ONLY", translate(language, "Nothing can be saved now: {why}", why=why))
    for volume in report.volumes:
        if volume.low:
            words = translate(
                language, "Only {percent} % of the disk under {folder} is free",
                percent=f"{volume.free_percent:.1f}", folder=volume.name,
            )  # fmt: skip
            yield _warning("DISK_LOW", words)
    yield from _of_backup(report, language)
    yield from _of_clock(report, language)
    yield from _of_certificate(report, language)
    if report.jobs.failed:
        words = translate(language, "{count} jobs were given up: retry or discard them", count=report.jobs.failed)
        yield _warning("JOBS_FAILED", words)
    yield from _of_mail(report, language)
    if report.audit.last_verified_whole is False:
        yield _critical("AUDIT_BROKEN", translate(language, "The last verification of the audit log failed"))


def _of_backup(report: HealthReport, language: str) -> Iterator[Problem]:
    backup = report.backup
    if backup.last_error:
        yield _warning("BACKUP_FAILED", translate(language, "The last backup failed: {why}", why=backup.last_error))
    if backup.last_proven_at is None:
        yield _warning("BACKUP_MISSING", translate(language, "No backup has been proven by a restore yet"))
    elif report.at - backup.last_proven_at > BACKUP_OLD:
        days = (report.at - backup.last_proven_at).days
        yield _warning("BACKUP_OLD", translate(language, "The last proven backup is {days} days old", days=days))


def _of_clock(report: HealthReport, language: str) -> Iterator[Problem]:
    if doubt := report.clock.doubt:
        words = translate(
            language, "The clock is {seconds} seconds from where it was expected: nothing is removed until you confirm the time",
            seconds=doubt.seconds,
        )  # fmt: skip
        yield _critical("CLOCK_DOUBTED", words)
    elif report.clock.frozen:
        words = translate(
            language, "The log is {seconds} seconds ahead of the clock: nothing is removed until the clock has passed it",
            seconds=report.clock.ahead,
        )  # fmt: skip
        yield _warning("CLOCK_BEHIND_LOG", words)


def _of_certificate(report: HealthReport, language: str) -> Iterator[Problem]:
    found = report.certificate
    if found is None:
        return
    if found.problem:
        words = translate(language, "The certificate could not be renewed: {why}", why=found.problem)
        yield _warning("CERTIFICATE_NOT_RENEWED", words)
    until = min(found.valid_until, found.authority_valid_until or found.valid_until)
    if until <= report.at:
        yield _critical(
            "CERTIFICATE_EXPIRED", translate(language, "The certificate has run out: no device connects any more")
        )
    elif until - report.at < CERTIFICATE_SOON:
        days = (until - report.at).days
        yield _warning("CERTIFICATE_EXPIRES", translate(language, "The certificate runs out in {days} days", days=days))


def _of_mail(report: HealthReport, language: str) -> Iterator[Problem]:
    mail = report.mail
    if not mail.configured:
        yield _warning("MAIL_OFF", translate(language, "No mail server is configured: nobody is reached by mail"))
    elif mail.last_error_at and (mail.last_success_at is None or mail.last_success_at < mail.last_error_at):
        words = translate(language, "Mails do not leave: {why}", why=mail.last_error or "?")
        yield _warning("MAIL_FAILING", words)


def _warning(code: str, message: str) -> Problem:
    return Problem(code=code, severity="warning", message=message)


def _critical(code: str, message: str) -> Problem:
    return Problem(code=code, severity="critical", message=message)
