"""The HTTP door of wishes to move a visit. A visit has one open wish at most, so the verbs need no id of it."""

from litestar import Response, Router, get, post
from litestar.params import JSONBody

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.scheduling.reschedules import service
from esante.scheduling.reschedules.structs import MoveRequest, MoveWish
from esante.scheduling.structs import Appointment, AppointmentId, Because

PATIENT = roles("patient")
KEEPERS = roles("doctor", "assistant", "admin")
PATH = "/appointments/{appointment_id:str}/reschedule-requests"


@post(PATH, access=PATIENT)
async def ask_to_move(appointment_id: str, data: JSONBody[MoveWish], db: Db, actor: Me, once: OnceKey) -> MoveRequest:
    """Wish another time for one's own visit; it is held until somebody answers."""
    return await db.write_once(once, actor, service.ask_to_move, AppointmentId(appointment_id), data)


@get(PATH, access=PATIENT | KEEPERS)
async def list_wishes(appointment_id: str, db: Db, actor: Me) -> Page[MoveRequest]:
    """Every wish to move this visit, oldest first."""
    return await db.look(actor, service.list_wishes, AppointmentId(appointment_id))


@post(PATH + "/approve", access=KEEPERS, status_code=200)
async def approve_wish(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """Move the visit to the time that was wished for."""
    return tagged(await db.write(actor, service.approve_wish, AppointmentId(appointment_id)))


@post(PATH + "/reject", access=KEEPERS, status_code=200)
async def reject_wish(appointment_id: str, data: JSONBody[Because], db: Db, actor: Me) -> MoveRequest:
    """The visit stays where it is, with a reason."""
    return await db.write(actor, service.reject_wish, AppointmentId(appointment_id), data)


@post(PATH + "/withdraw", access=PATIENT, status_code=200)
async def withdraw_wish(appointment_id: str, db: Db, actor: Me) -> MoveRequest:
    """The patient no longer wishes it."""
    return await db.write(actor, service.withdraw_wish, AppointmentId(appointment_id))


router = Router(
    "/",
    route_handlers=[ask_to_move, list_wishes, approve_wish, reject_wish, withdraw_wish],
    tags=["Appointments"],
)
