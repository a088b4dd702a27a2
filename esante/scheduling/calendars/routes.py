"""The HTTP door of calendars."""

from litestar import Response, Router, delete, get, post

from esante.kernel.access import OPEN, roles
from esante.kernel.dependencies import Db, Me
from esante.scheduling.calendars import service
from esante.scheduling.calendars.structs import Feed
from esante.scheduling.structs import AppointmentId

BOOKERS = roles("patient", "doctor", "assistant", "admin")
DOCTOR = roles("doctor")
CALENDAR = "text/calendar"


@get("/appointments/{appointment_id:str}/ics", access=BOOKERS, gives=(CALENDAR,))
async def visit_as_ics(appointment_id: str, db: Db, actor: Me) -> Response[bytes]:
    """One visit as an iCalendar file; its UID stays and its SEQUENCE rises, whatever becomes of it."""
    found = await db.look(actor, service.visit_as_ics, AppointmentId(appointment_id))
    headers = {"Content-Disposition": 'attachment; filename="appointment.ics"', "Cache-Control": "no-store"}
    return Response(found, media_type=CALENDAR, headers=headers)


@get("/doctors/calendar-feed", access=DOCTOR)
async def show_feed(db: Db, actor: Me) -> Feed:
    """The link to one's own agenda."""
    return db.read(actor, service.show_feed)


@post("/doctors/calendar-feed", access=DOCTOR)
async def make_feed(db: Db, actor: Me) -> Feed:
    """A new link to one's own agenda; the one before is dead."""
    return await db.write(actor, service.make_feed)


@delete("/doctors/calendar-feed", access=DOCTOR)
async def revoke_feed(db: Db, actor: Me) -> None:
    """The link is dead at once."""
    await db.write(actor, service.revoke_feed)


@get("/doctors/calendar-feed/{token:str}", access=OPEN, gives=(CALENDAR,))
async def read_feed(token: str, db: Db, actor: Me) -> Response[bytes]:
    """The agenda behind a link, for other calendars: times, kinds and initials."""
    found = await db.look(actor, service.read_feed, token)
    return Response(found, media_type=CALENDAR, headers={"Cache-Control": "private, max-age=300"})


router = Router("/", route_handlers=[visit_as_ics, show_feed, make_feed, revoke_feed, read_feed], tags=["Calendars"])
