"""What one can ask of the audit log."""

from collections.abc import Callable, Sequence

from esante.audit import policy, store
from esante.audit.events import AccessesRead, AuditRead, AuditVerified, AuditVerifyFailed, LossAccepted
from esante.audit.structs import AuditFilter, AuditLine, RecordAccess
from esante.kernel import audit_log
from esante.kernel.audit_log import Verdict
from esante.kernel.structs import Page, decode_cursor, encode_cursor
from esante.kernel.transaction import LookTx, WriteTx
from esante.kernel.witness import Mark


def list_lines(tx: LookTx, wanted: AuditFilter, cursor: str | None, limit: int) -> Page[AuditLine]:
    """Lines of the log, newest first; admins only. Reading them is audited."""
    policy.may_read_log(tx)
    key = decode_cursor(cursor, 1)
    found = store.lines(tx, wanted, key[0] if key else None, limit + 1)
    tx.record(AuditRead(subject="audit", patient_id=wanted.patient_id, count=len(found[:limit])))
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].seq) if len(found) > limit else None)


def list_accesses(tx: LookTx, patient_id: str, limit: int) -> list[RecordAccess]:
    """Who opened this patient's record, by person and day: for the patient, the guardian and admins."""
    policy.may_see_accesses(tx, patient_id)
    found = store.accesses(tx, patient_id, limit)
    tx.record(AccessesRead(subject=patient_id, patient_id=patient_id, count=len(found)))
    return found


def verify(
    tx: LookTx, keys: Sequence[bytes], mark: Mark | None, progress: Callable[[int], None] = lambda line: None
) -> Verdict:
    """Read the whole chain again and hold it against the witness; admins and the house. The finding is audited."""
    policy.may_read_log(tx)
    witness = (mark.seq, mark.mac) if mark else None
    verdict = audit_log.verify(tx.conn, keys, witness=witness, progress=progress)
    if verdict.ok:
        tx.record(AuditVerified(subject="audit", lines=verdict.lines))
    else:
        tx.record(AuditVerifyFailed(subject="audit", lines=verdict.lines, first_bad=verdict.first_bad or 0))
    return verdict


def accept_loss(tx: WriteTx, first_missing: int, last_missing: int, reason: str) -> None:
    """For the house: say in the log itself that lines were lost, which, and why the clinic goes on without them."""
    policy.may_read_log(tx)
    tx.record(LossAccepted(subject="audit", first_missing=first_missing, last_missing=last_missing), reason=reason)
