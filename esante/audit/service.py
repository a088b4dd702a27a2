"""What one can ask of the audit log."""

from base64 import b64encode
from collections.abc import Callable, Sequence

from esante.audit import policy, store
from esante.audit.events import AccessesRead, AuditRead, AuditVerified, AuditVerifyFailed, LossAccepted
from esante.audit.structs import AuditFilter, AuditLine, Proof, RecordAccess
from esante.kernel import audit_log, checkpoints, clock
from esante.kernel.audit_log import Verdict
from esante.kernel.checkpoints import Checkpoint, Signer
from esante.kernel.errors import Broken
from esante.kernel.structs import Page, decode_cursor, encode_cursor
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.kernel.witness import Mark


def list_lines(tx: LookTx, wanted: AuditFilter, cursor: str | None, limit: int) -> Page[AuditLine]:
    """Lines of the log, newest first; admins only. Reading them is audited."""
    policy.may_read_log(tx)
    key = decode_cursor(cursor, 1)
    found = store.lines(tx, wanted, key[0] if key else None, limit + 1)
    tx.record(AuditRead(subject="audit", patient_id=wanted.patient_id, count=len(found[:limit])))
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].seq) if len(found) > limit else None)


def list_accesses(tx: LookTx, patient_id: str, limit: int) -> list[RecordAccess]:
    """Who opened this patient's record, by person and day: for the patient, the guardian, who treats the patient, and admins."""
    policy.may_see_accesses(tx, patient_id)
    found = store.accesses(tx, patient_id, limit)
    tx.record(AccessesRead(subject=patient_id, patient_id=patient_id, count=len(found)))
    return found


def verify(
    tx: LookTx,
    keys: Sequence[bytes],
    signer: Signer,
    mark: Mark | None,
    against: Sequence[Checkpoint] = (),
    progress: Callable[[int], None] = lambda line: None,
) -> Verdict:
    """Read the whole chain again and hold it against the witness, the checkpoints kept here, and those kept elsewhere.

    Admins and the house. The finding is audited.
    """
    policy.may_read_log(tx)
    verdict = check(tx, keys, signer, mark, against, progress)
    if verdict.ok:
        tx.record(AuditVerified(subject="audit", lines=verdict.lines))
    else:
        tx.record(AuditVerifyFailed(subject="audit", lines=verdict.lines, first_bad=verdict.first_bad or 0))
    return verdict


def check(
    tx: ReadTx,
    keys: Sequence[bytes],
    signer: Signer,
    mark: Mark | None,
    against: Sequence[Checkpoint] = (),
    progress: Callable[[int], None] = lambda line: None,
) -> Verdict:
    """For the house: what `verify` does, without a line in the log: for a clinic that cannot write."""
    try:
        signed = checkpoints.kept(tx.conn, signer)
    except Broken as error:
        return Verdict(lines(tx), False, 1, str(error))
    for one in against:
        if signed.setdefault(one.size, one.root) != one.root:
            return Verdict(lines(tx), False, 1, f"there are two different checkpoints of line {one.size}")
    witness = (mark.seq, mark.mac) if mark else None
    return audit_log.verify(tx.conn, keys, witness=witness, signed=signed, progress=progress)


def lines(tx: ReadTx) -> int:
    """For the house: how many lines the log has had."""
    return audit_log.head(tx.conn).seq


def keep_checkpoint(tx: WriteTx, made: Checkpoint, peaks: Sequence[bytes]) -> None:
    """For the house: keep what the notary signed."""
    policy.may_read_log(tx)
    checkpoints.keep(tx.conn, made, peaks, clock.text(tx.now))


def show_checkpoint(tx: ReadTx) -> str | None:
    """The newest checkpoint, for the clients of staff to keep: whoever has it sees when the log before it is changed."""
    policy.may_see_checkpoint(tx)
    found = checkpoints.newest(tx.conn)
    return found[2] if found else None


def prove(tx: ReadTx, first: int, second: int) -> Proof:
    """The proof that the log of `second` lines begins with that of `first`; `Invalid` for sizes that the log never had."""
    policy.may_see_checkpoint(tx)
    path = checkpoints.consistency(tx.conn, first, second)
    return Proof(first=first, second=second, path=[b64encode(node).decode() for node in path])


def accept_loss(tx: WriteTx, first_missing: int, last_missing: int, reason: str) -> None:
    """For the house: say in the log itself that lines were lost, which, and why the clinic goes on without them."""
    policy.may_read_log(tx)
    tx.record(LossAccepted(subject="audit", first_missing=first_missing, last_missing=last_missing), reason=reason)
