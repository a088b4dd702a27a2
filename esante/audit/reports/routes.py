"""The HTTP door of the reports."""

import asyncio
from datetime import date
from typing import Annotated, Literal

from litestar import MediaType, Response, Router, get
from litestar.params import FromPath, QueryParameter

from esante.audit.reports import paper, service
from esante.audit.reports.structs import DayOfUser, MonthReport
from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me


@get("/audit/reports/{month:str}", access=roles("admin"), gives=("application/json", "application/pdf"))
async def month(
    db: Db,
    actor: Me,
    month: FromPath[str],
    form: Annotated[Literal["json", "pdf"], QueryParameter(name="format")] = "json",
) -> Response[MonthReport] | Response[bytes]:
    """A month of the log (`2026-11`) in figures, or as a PDF to print and keep, with a signed checkpoint."""
    found = await db.scan(actor, service.month, month)
    if form == "json":
        return Response(found, media_type=MediaType.JSON)
    headers = {"content-disposition": f'inline; filename="audit-{found.month}.pdf"'}
    return Response(await asyncio.to_thread(paper.paper, found), media_type="application/pdf", headers=headers)


@get("/audit/users/{id:str}/activity", access=roles("admin"))
async def activity(
    db: Db,
    actor: Me,
    id: FromPath[str],
    since: Annotated[date, QueryParameter(name="from")],
    until: Annotated[date, QueryParameter(name="to")],
) -> list[DayOfUser]:
    """What one account did, by day and action."""
    return await db.scan(actor, service.activity, id, since, until)


router = Router("/", route_handlers=[month, activity], tags=["Audit"])
"""Mounted by the audit log's router."""
