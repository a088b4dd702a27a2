"""What the health view reads of the clinic's own tables; nothing is written."""

from esante.admin.health.structs import MailRow, VerifiedRow
from esante.kernel.transaction import ReadTx


def mail(tx: ReadTx) -> MailRow:
    """Each part from an index, however many mails were sent."""
    return tx.one(
        MailRow,
        "SELECT (SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')) AS queued,"
        " (SELECT count(*) FROM delivery WHERE state = 'failed') AS failed,"
        " (SELECT max(sent_at) FROM (SELECT sent_at FROM delivery WHERE state = 'sent' ORDER BY id DESC LIMIT 20))"
        " AS last_success_at, newest.updated_at AS last_error_at, newest.error AS last_error"
        " FROM (SELECT 1) LEFT JOIN (SELECT updated_at, error FROM delivery WHERE state IN ('queued', 'failed')"
        " AND error IS NOT NULL ORDER BY updated_at DESC LIMIT 1) AS newest",
    )


def last_verified(tx: ReadTx) -> VerifiedRow | None:
    return tx.maybe(
        VerifiedRow,
        "SELECT at, action FROM audit WHERE action IN ('audit.verified', 'audit.verify_failed') ORDER BY seq DESC LIMIT 1",
    )
