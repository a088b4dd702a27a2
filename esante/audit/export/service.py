"""An export begins with its audit line; then pages are read until nothing is left."""

from esante.audit import policy, store
from esante.audit.events import ExportRun
from esante.audit.structs import AuditFilter, AuditLine
from esante.kernel import audit_log
from esante.kernel.transaction import LookTx, ReadTx

PAGE = 500


def begin_export(tx: LookTx, wanted: AuditFilter, form: str) -> int:
    """Admins only. The line is on disk before the first byte leaves; it says up to which line of the log the export goes."""
    policy.may_read_log(tx)
    upto = audit_log.head(tx.conn).seq
    tx.record(ExportRun(subject="audit", patient_id=wanted.patient_id, form=form, upto=upto))
    return upto


def page(tx: ReadTx, wanted: AuditFilter, before: int) -> list[AuditLine]:
    """The lines below `before`, newest first, at most 500; empty at the end."""
    policy.may_read_log(tx)
    return store.lines(tx, wanted, before, PAGE)
