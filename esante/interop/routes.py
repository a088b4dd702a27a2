"""The HTTP door to what leaves the clinic."""

from datetime import datetime
from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter
from litestar.response import Stream

from esante.audit.export import service as audit_export
from esante.audit.export import writing
from esante.audit.structs import AuditFilter
from esante.interop import export
from esante.interop.fhir.audit_events import audit_event
from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, House, Me


@get("/users/export", access=SIGNED_IN, gives=("application/zip",))
async def export_own_data(db: Db, actor: Me, clinic: House) -> Stream:
    """A ZIP with everything that the clinic keeps about you and shows to you: JSON documents, and your files."""
    copy = await db.scan(actor, export.gather)
    headers = {"content-disposition": 'attachment; filename="my-data.zip"'}
    return Stream(export.archive(copy, clinic.vault), media_type="application/zip", headers=headers)


@get("/audit/export/fhir", access=roles("admin"), gives=("application/fhir+ndjson",))
async def export_audit_events(
    db: Db,
    actor: Me,
    clinic: House,
    since: Annotated[datetime | None, QueryParameter(name="from")] = None,
    until: Annotated[datetime | None, QueryParameter(name="to")] = None,
) -> Stream:
    """The audit log as FHIR R4 AuditEvent resources, one a line (NDJSON), newest first. The export is in the log."""
    wanted = AuditFilter(since=since, until=until)
    upto = await db.look(actor, audit_export.begin_export, wanted, "fhir")
    source = clinic.keys.installation_id
    body = writing.as_lines(writing.pages(db, actor, wanted, upto), lambda line: audit_event(line, source))
    headers = {"content-disposition": 'attachment; filename="audit-events.ndjson"'}
    return Stream(body, media_type="application/fhir+ndjson", headers=headers)


router = Router("/", route_handlers=[export_own_data, export_audit_events], tags=["Interoperability"])
