"""The HTTP door to what leaves the clinic."""

from litestar import Router, get
from litestar.response import Stream

from esante.interop import export
from esante.kernel.access import SIGNED_IN
from esante.kernel.dependencies import Db, House, Me


@get("/users/export", access=SIGNED_IN)
async def export_own_data(db: Db, actor: Me, clinic: House) -> Stream:
    """A ZIP with everything that the clinic keeps about you and shows to you: JSON documents, and your files."""
    copy = await db.scan(actor, export.gather)
    headers = {"content-disposition": 'attachment; filename="my-data.zip"'}
    return Stream(export.archive(copy, clinic.vault), media_type="application/zip", headers=headers)


router = Router("/", route_handlers=[export_own_data], tags=["People"])
