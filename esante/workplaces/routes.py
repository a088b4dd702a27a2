"""The HTTP door of workplaces."""

from litestar import Response, Router, delete, get, patch, post
from litestar.params import JSONBody

from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, IfMatch, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.workplaces import service
from esante.workplaces.structs import NewRoom, Room, RoomId, RoomPatch, Workplace, WorkplaceId, WorkplacePatch


@get("/workplaces", access=SIGNED_IN)
async def list_workplaces(db: Db, actor: Me) -> Page[Workplace]:
    """Every active site with its opening hours, the clinic's own first."""
    return Page(items=db.read(actor, service.list_workplaces))


@get("/workplaces/{workplace_id:str}", access=SIGNED_IN)
async def show_workplace(workplace_id: str, db: Db, actor: Me) -> Response[Workplace]:
    """One site. The ETag is what PATCH wants to see in If-Match."""
    return tagged(db.read(actor, service.show_workplace, WorkplaceId(workplace_id)))


@patch("/workplaces/{workplace_id:str}", access=roles("admin"))
async def change_workplace(
    workplace_id: str, data: JSONBody[WorkplacePatch], db: Db, actor: Me, version: IfMatch
) -> Response[Workplace]:
    """Change a site. Hours start before they end and do not overlap on a day."""
    return tagged(await db.write(actor, service.change_workplace, WorkplaceId(workplace_id), version, data))


@get("/workplaces/{workplace_id:str}/rooms", access=SIGNED_IN)
async def list_rooms(workplace_id: str, db: Db, actor: Me) -> Page[Room]:
    """Rooms and chairs of a site."""
    return Page(items=db.read(actor, service.list_rooms, WorkplaceId(workplace_id)))


@post("/workplaces/{workplace_id:str}/rooms", access=roles("admin"))
async def add_room(workplace_id: str, data: JSONBody[NewRoom], db: Db, actor: Me, once: OnceKey) -> Room:
    """Open a room or a chair."""
    return await db.write_once(once, actor, service.add_room, WorkplaceId(workplace_id), data)


@patch("/rooms/{room_id:str}", access=roles("admin"))
async def change_room(room_id: str, data: JSONBody[RoomPatch], db: Db, actor: Me, version: IfMatch) -> Response[Room]:
    """Rename a room, close it or open it again."""
    return tagged(await db.write(actor, service.change_room, RoomId(room_id), version, data))


@delete("/rooms/{room_id:str}", access=roles("admin"), status_code=200)
async def close_room(room_id: str, db: Db, actor: Me) -> Response[Room]:
    """Take a room out of use. Its appointments stay."""
    return tagged(await db.write(actor, service.close_room, RoomId(room_id)))


router = Router(
    "/",
    route_handlers=[
        list_workplaces,
        show_workplace,
        change_workplace,
        list_rooms,
        add_room,
        change_room,
        close_room,
    ],
    tags=["Workplaces"],
)
