"""The HTTP door of the waiting list."""

from typing import Annotated

from litestar import Response, Router, get, post
from litestar.params import JSONBody, QueryParameter

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.scheduling.structs import Appointment
from esante.scheduling.waitlist import service
from esante.scheduling.waitlist.structs import EntryId, EntryStatus, WaitlistEntry, WaitlistWish

BOOKERS = roles("patient", "doctor", "assistant", "admin")
ANSWERERS = roles("patient", "assistant", "admin")

InState = Annotated[EntryStatus | None, QueryParameter(name="status")]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]


@post("/waitlist", access=BOOKERS)
async def join_waitlist(data: JSONBody[WaitlistWish], db: Db, actor: Me, once: OnceKey) -> WaitlistEntry:
    """Wait for a time with a practitioner, or with anybody of a specialty."""
    return await db.write_once(once, actor, service.join_waitlist, data)


@get("/waitlist", access=BOOKERS)
async def list_waiting(
    db: Db, actor: Me, status: InState = None, cursor: str | None = None, limit: Limit = 20
) -> Page[WaitlistEntry]:
    """Who waits, and what was offered, of those that you may see."""
    return await db.look(actor, service.list_waiting, status, cursor, limit)


@post("/waitlist/{entry_id:str}/accept", access=ANSWERERS)
async def accept_offer(entry_id: str, db: Db, actor: Me, once: OnceKey) -> Response[Appointment]:
    """Book the time that is held."""
    return tagged(await db.write_once(once, actor, service.accept_offer, EntryId(entry_id)), 201)


@post("/waitlist/{entry_id:str}/decline", access=ANSWERERS, status_code=200)
async def decline_offer(entry_id: str, db: Db, actor: Me) -> WaitlistEntry:
    """Not this time: the next in line is asked."""
    return await db.write(actor, service.decline_offer, EntryId(entry_id))


@post("/waitlist/{entry_id:str}/withdraw", access=ANSWERERS, status_code=200)
async def withdraw_entry(entry_id: str, db: Db, actor: Me) -> WaitlistEntry:
    """Wait no longer."""
    return await db.write(actor, service.withdraw_entry, EntryId(entry_id))


router = Router(
    "/",
    route_handlers=[join_waitlist, list_waiting, accept_offer, decline_offer, withdraw_entry],
    tags=["Waiting list"],
)
