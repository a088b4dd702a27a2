"""The HTTP door of the export."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Router, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from esante.audit.export import service, writing
from esante.audit.structs import AuditFilter
from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me
from esante.kernel.structs import Outcome, Severity


@get("/audit/export", access=roles("admin"), gives=("text/csv", "application/json"))
async def export_lines(
    db: Db,
    actor: Me,
    form: Annotated[Literal["csv", "json"], QueryParameter(name="format")] = "csv",
    user_id: Annotated[str | None, QueryParameter(name="userId")] = None,
    patient_id: Annotated[str | None, QueryParameter(name="patientId")] = None,
    action: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    severity: FromQuery[Severity | None] = None,
    outcome: FromQuery[Outcome | None] = None,
    since: Annotated[datetime | None, QueryParameter(name="from")] = None,
    until: Annotated[datetime | None, QueryParameter(name="to")] = None,
) -> Stream:
    """The log as CSV or JSON, newest first, streamed; every filter that is given must hold. The export is in the log."""
    wanted = AuditFilter(
        actor=user_id,
        patient_id=patient_id,
        action=action,
        category=category,
        severity=severity,
        outcome=outcome,
        since=since,
        until=until,
    )
    upto = await db.look(actor, service.begin_export, wanted, form)
    found = writing.pages(db, actor, wanted, upto)
    body, media_type = (
        (writing.as_csv(found), "text/csv") if form == "csv" else (writing.as_json(found), "application/json")
    )
    headers = {"content-disposition": f'attachment; filename="audit.{form}"'}
    return Stream(body, media_type=media_type, headers=headers)


router = Router("/", route_handlers=[export_lines], tags=["Audit"])
"""Mounted by the audit log's router."""
