"""Taking a line, and closing it with a note."""

import msgspec

from esante.audit import policy
from esante.audit import store as log
from esante.audit.events import AuditRead, ReviewAssigned, ReviewClosed
from esante.audit.review import store
from esante.audit.review.structs import Assignment, Finding, Review, ReviewItem, ReviewState
from esante.identity import service as identity
from esante.kernel.errors import Conflict, Invalid, NotFound, Stale
from esante.kernel.structs import Page, decode_cursor, encode_cursor
from esante.kernel.transaction import LookTx, ReadTx, WriteTx


def list_reviews(
    tx: LookTx, state: ReviewState, assignee_id: str | None, cursor: str | None, limit: int
) -> Page[ReviewItem]:
    """Lines that need, or had, a review, newest first; admins only. Reading them is audited."""
    policy.may_read_log(tx)
    key = decode_cursor(cursor, 1)
    found = store.reviews(tx, state, assignee_id, int(key[0]) if key else None, limit + 1)
    items = [ReviewItem(review=one, line=log.line(tx, one.seq)) for one in found[:limit]]
    tx.record(AuditRead(subject="audit", count=len(items)))
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].seq) if len(found) > limit else None)


def assign(tx: WriteTx, seq: int, version: int, wish: Assignment) -> Review:
    """Give the line to an admin. A closed review is `Conflict`, a stale version `Stale`, an account that is no admin `Invalid`."""
    policy.may_read_log(tx)
    kept = _open(tx, seq, version)
    if wish.account_id not in [admin.account_id for admin in identity.accounts_in_role(tx, "admin")]:
        raise Invalid("Only an admin can look at it", field="accountId")
    store.assign(tx, kept.seq, wish.account_id)
    tx.record(ReviewAssigned(subject=str(seq), account_id=wish.account_id))
    return _review(tx, seq)


def close(tx: WriteTx, seq: int, version: int, finding: Finding) -> Review:
    """Say what came of it. It stays closed: what is found later has a line of its own."""
    policy.may_read_log(tx)
    kept = _open(tx, seq, version)
    store.close(tx, kept.seq, tx.actor.id, finding.note)
    tx.record(ReviewClosed(subject=str(seq)), reason=finding.note)
    return _review(tx, seq)


def count_open(tx: ReadTx) -> int:
    """How many lines wait for a review."""
    policy.may_read_log(tx)
    return store.count_open(tx)


def _open(tx: ReadTx, seq: int, version: int) -> Review:
    kept = _review(tx, seq)
    if kept.version != version:
        raise Stale(
            "Somebody changed this since you read it. Read it again, then change it",
            extra={"current": msgspec.to_builtins(kept)},
        )
    if kept.state == "closed":
        raise Conflict("This review is closed", code="WRONG_STATE", extra={"state": "closed", "possible": []})
    return kept


def _review(tx: ReadTx, seq: int) -> Review:
    found = store.review(tx, seq)
    if found is None:
        raise NotFound("There is no line with this number that needs a review")
    return found
