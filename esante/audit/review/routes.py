"""The HTTP door of the review queue."""

from typing import Annotated

from litestar import Response, Router, get, post
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from esante.audit.review import service
from esante.audit.review.structs import Assignment, Finding, Review, ReviewItem, ReviewState
from esante.kernel.access import roles
from esante.kernel.dependencies import Db, IfMatch, Me, tagged
from esante.kernel.structs import Page

Seq = Annotated[int, PathParameter(ge=1, le=2**53)]
"""A line's number: beyond what JSON's readers count exactly there is none, and beyond 64 bits SQLite cannot be asked."""
Limit = Annotated[int, QueryParameter(ge=1, le=100)]


@get("/audit/reviews", access=roles("admin"))
async def list_reviews(
    db: Db,
    actor: Me,
    review_state: Annotated[ReviewState, QueryParameter(name="state")] = "open",
    assignee_id: Annotated[str | None, QueryParameter(name="assigneeId")] = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = 20,
) -> Page[ReviewItem]:
    """What is critical, and security that failed: newest first, open or closed, of everybody or of one admin."""
    return await db.scan(actor, service.list_reviews, review_state, assignee_id, cursor, limit)


@post("/audit/reviews/{seq:int}/assign", access=roles("admin"), status_code=200)
async def assign(db: Db, actor: Me, seq: Seq, version: IfMatch, data: JSONBody[Assignment]) -> Response[Review]:
    """Give a line to an admin. `If-Match` carries the review's version, `\"0\"` while it has none."""
    return tagged(await db.write(actor, service.assign, seq, version, data))


@post("/audit/reviews/{seq:int}/close", access=roles("admin"), status_code=200)
async def close(db: Db, actor: Me, seq: Seq, version: IfMatch, data: JSONBody[Finding]) -> Response[Review]:
    """Close a review with a note on what came of it. `If-Match` carries the review's version."""
    return tagged(await db.write(actor, service.close, seq, version, data))


router = Router("/", route_handlers=[list_reviews, assign, close], tags=["Audit"])
"""Mounted by the audit log's router."""
