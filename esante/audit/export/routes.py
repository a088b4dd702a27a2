"""The HTTP door of the export."""

from typing import Annotated, Literal

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from esante.audit.asking import FILTER
from esante.audit.export import service, writing
from esante.audit.structs import AuditFilter
from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me


@get("/audit/export", access=roles("admin"), gives=("text/csv", "application/json"), dependencies=FILTER)
async def export_lines(
    db: Db,
    actor: Me,
    wanted: NamedDependency[AuditFilter],
    form: Annotated[Literal["csv", "json"], QueryParameter(name="format")] = "csv",
) -> Stream:
    """The log as CSV or JSON, newest first, streamed; every filter that is given must hold. The export is in the log."""
    upto = await db.look(actor, service.begin_export, wanted, form)
    found = writing.pages(db, actor, wanted, upto)
    body, media_type = (
        (writing.as_csv(found), "text/csv") if form == "csv" else (writing.as_json(found), "application/json")
    )
    headers = {"content-disposition": f'attachment; filename="audit.{form}"'}
    return Stream(body, media_type=media_type, headers=headers)


router = Router("/", route_handlers=[export_lines], tags=["Audit"])
"""Mounted by the audit log's router."""
