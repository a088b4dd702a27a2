"""The HTTP door of series."""

from litestar import Router, post
from litestar.params import JSONBody

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me, OnceKey
from esante.scheduling.series import service
from esante.scheduling.series.structs import Series, SeriesWish
from esante.scheduling.structs import Because

KEEPERS = roles("doctor", "assistant", "admin")


@post("/appointments/series", access=KEEPERS)
async def book_series(data: JSONBody[SeriesWish], db: Db, actor: Me, once: OnceKey) -> Series:
    """Book every visit of a series, or none: 409 `SERIES_CONFLICTS` lists all that cannot be."""
    return await db.write_once(once, actor, service.book_series, data)


@post("/appointments/series/{series_id:str}/cancel", access=KEEPERS, status_code=200)
async def cancel_series(series_id: str, data: JSONBody[Because], db: Db, actor: Me) -> Series:
    """Call off every visit of a series that is still to come."""
    return await db.write(actor, service.cancel_series, series_id, data)


router = Router("/", route_handlers=[book_series, cancel_series], tags=["Appointments"])
