"""The HTTP door of workplaces: sites, their rooms and practitioners."""

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, IfMatch, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.people.structs import PractitionerId
from esante.workplaces.closing import service as closing
from esante.workplaces.members import service as members
from esante.workplaces.sites import service
from esante.workplaces.structs import (
    Member,
    MemberWish,
    NewRoom,
    NewWorkplace,
    Room,
    RoomId,
    RoomPatch,
    Workplace,
    WorkplaceId,
    WorkplacePatch,
)

KEEPERS = roles("doctor", "admin")
"""Whose site it is, the policy decides."""


@get("/workplaces", access=SIGNED_IN)
async def list_workplaces(db: Db, actor: Me) -> Page[Workplace]:
    """Every active site with its opening hours, the clinic's own first."""
    return Page(items=db.read(actor, service.list_workplaces))


@post("/workplaces", access=roles("admin"))
async def open_workplace(data: JSONBody[NewWorkplace], db: Db, actor: Me, once: OnceKey) -> Response[Workplace]:
    """Open one more site of the clinic."""
    return tagged(await db.write_once(once, actor, service.open_workplace, data), 201)


@get("/workplaces/{workplace_id:str}", access=SIGNED_IN)
async def show_workplace(workplace_id: FromPath[str], db: Db, actor: Me) -> Response[Workplace]:
    """One site. The ETag is what PATCH wants to see in If-Match."""
    return tagged(db.read(actor, service.show_workplace, WorkplaceId(workplace_id)))


@patch("/workplaces/{workplace_id:str}", access=KEEPERS)
async def change_workplace(
    workplace_id: FromPath[str], data: JSONBody[WorkplacePatch], db: Db, actor: Me, version: IfMatch
) -> Response[Workplace]:
    """Change a site. Hours start before they end and do not overlap on a day."""
    return tagged(await db.write(actor, service.change_workplace, WorkplaceId(workplace_id), version, data))


@delete(["/workplaces/{workplace_id:str}", "/doctors/workplaces/{workplace_id:str}"], access=KEEPERS, status_code=200)
async def close_workplace(workplace_id: FromPath[str], db: Db, actor: Me) -> Response[Workplace]:
    """Close a site: 409 IN_USE with counts while assistants work there or appointments are to come."""
    return tagged(await db.write(actor, closing.close_workplace, WorkplaceId(workplace_id)))


@get("/workplaces/{workplace_id:str}/doctors", access=SIGNED_IN)
async def list_members(workplace_id: FromPath[str], db: Db, actor: Me) -> Page[Member]:
    """The practitioners of a site."""
    return Page(items=db.read(actor, members.list_members, WorkplaceId(workplace_id)))


@put("/workplaces/{workplace_id:str}/doctors/{practitioner_id:str}", access=KEEPERS)
async def put_member(
    workplace_id: FromPath[str], practitioner_id: FromPath[str], data: JSONBody[MemberWish], db: Db, actor: Me
) -> Member:
    """Add a practitioner to a site, change their fee there, or make it their primary site."""
    return await db.write(actor, members.put_member, WorkplaceId(workplace_id), PractitionerId(practitioner_id), data)


@delete("/workplaces/{workplace_id:str}/doctors/{practitioner_id:str}", access=KEEPERS)
async def remove_member(workplace_id: FromPath[str], practitioner_id: FromPath[str], db: Db, actor: Me) -> None:
    """The practitioner works there no longer. Never the owner."""
    await db.write(actor, members.remove_member, WorkplaceId(workplace_id), PractitionerId(practitioner_id))


@get("/workplaces/{workplace_id:str}/rooms", access=SIGNED_IN)
async def list_rooms(workplace_id: FromPath[str], db: Db, actor: Me) -> Page[Room]:
    """Rooms and chairs of a site."""
    return Page(items=db.read(actor, service.list_rooms, WorkplaceId(workplace_id)))


@post("/workplaces/{workplace_id:str}/rooms", access=KEEPERS)
async def add_room(
    workplace_id: FromPath[str], data: JSONBody[NewRoom], db: Db, actor: Me, once: OnceKey
) -> Response[Room]:
    """Open a room or a chair."""
    return tagged(await db.write_once(once, actor, service.add_room, WorkplaceId(workplace_id), data), 201)


@patch("/rooms/{room_id:str}", access=KEEPERS)
async def change_room(
    room_id: FromPath[str], data: JSONBody[RoomPatch], db: Db, actor: Me, version: IfMatch
) -> Response[Room]:
    """Rename a room, close it or open it again."""
    return tagged(await db.write(actor, service.change_room, RoomId(room_id), version, data))


@delete("/rooms/{room_id:str}", access=KEEPERS, status_code=200)
async def close_room(room_id: FromPath[str], db: Db, actor: Me) -> Response[Room]:
    """Take a room out of use. Its appointments stay."""
    return tagged(await db.write(actor, service.close_room, RoomId(room_id)))


router = Router(
    "/",
    route_handlers=[
        list_workplaces,
        open_workplace,
        show_workplace,
        change_workplace,
        close_workplace,
        list_members,
        put_member,
        remove_member,
        list_rooms,
        add_room,
        change_room,
        close_room,
    ],
    tags=["Workplaces"],
)
