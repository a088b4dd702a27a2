"""Reading the log is itself in the log."""

from typing import ClassVar

from esante.kernel.structs import Event, Severity


class AuditRead(Event, tag="audit.read"):
    """Somebody read lines of the log."""

    count: int


class AccessesRead(Event, tag="audit.accesses_read"):
    """Somebody asked who had opened a patient's record."""

    count: int


class AuditVerified(Event, tag="audit.verified"):
    """The chain was verified and found whole."""

    lines: int


class AuditVerifyFailed(Event, tag="audit.verify_failed"):
    """The chain was verified and is not whole; the number of the first bad line."""

    severity: ClassVar[Severity] = "critical"

    lines: int
    first_bad: int


class LossAccepted(Event, tag="audit.loss_accepted"):
    """An operator took the log's present end for true although the witness had seen more."""

    severity: ClassVar[Severity] = "critical"

    first_missing: int
    last_missing: int


class ReviewAssigned(Event, tag="audit.review_assigned"):
    """An admin is to look at a line; the subject is its number."""

    account_id: str


class ReviewClosed(Event, tag="audit.review_closed"):
    """An admin looked at a line and said what came of it; the note is the line's reason."""


class AccessBurst(Event, tag="access.burst"):
    """Somebody was refused again and again: the subject is the account, or the address where nobody was signed in."""

    severity: ClassVar[Severity] = "critical"

    count: int


class ExportRun(Event, tag="export.run"):
    """Lines of the log were taken along, as `form`, up to this line."""

    severity: ClassVar[Severity] = "warning"

    form: str
    upto: int


class ReportMade(Event, tag="audit.report_made"):
    """A report over the log was made; the subject is the month or the account."""
