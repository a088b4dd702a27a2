"""The HTTP door of notifications."""

from typing import Annotated

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, Me
from esante.kernel.structs import Page
from esante.notifications import service
from esante.notifications.structs import Delivery, DeliveryState, Notification, NotificationId, UnreadCount

Limit = Annotated[int, QueryParameter(ge=1, le=100)]


@get(["/notifications", "/notifications/history"], access=SIGNED_IN)
async def list_notifications(
    db: Db, actor: Me, cursor: FromQuery[str | None] = None, limit: Limit = 20, unread: FromQuery[bool] = False
) -> Page[Notification]:
    """One's own notifications, newest first."""
    return db.read(actor, service.list_notifications, cursor, limit, unread=unread)


@get("/notifications/unread-count", access=SIGNED_IN)
async def unread_count(db: Db, actor: Me) -> UnreadCount:
    """How many of one's own notifications wait to be read."""
    return db.read(actor, service.unread_count)


@post("/notifications/{id:str}/read", access=SIGNED_IN, status_code=200)
async def mark_read(db: Db, actor: Me, id: FromPath[str]) -> Notification:
    """Mark one notification as read."""
    return await db.write(actor, service.mark_read, NotificationId(id))


@post("/notifications/read-all", access=SIGNED_IN, status_code=200)
async def mark_all_read(db: Db, actor: Me) -> UnreadCount:
    """Mark all of one's own notifications as read."""
    return await db.write(actor, service.mark_all_read)


@get("/notifications/deliveries", access=roles("admin"))
async def list_deliveries(
    db: Db,
    actor: Me,
    delivery_state: Annotated[DeliveryState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = 20,
) -> Page[Delivery]:
    """What was sent outside, to which account, and with what result."""
    return await db.look(actor, service.list_deliveries, delivery_state, cursor, limit)


router = Router(
    "/",
    route_handlers=[list_notifications, unread_count, mark_read, mark_all_read, list_deliveries],
    tags=["Notifications"],
)
