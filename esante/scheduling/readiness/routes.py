"""The HTTP door to what is settled before the day of a visit."""

from litestar import Response, Router, delete, post

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me, tagged
from esante.scheduling.readiness import service
from esante.scheduling.structs import Appointment, AppointmentId

KEEPERS = roles("doctor", "assistant", "admin")


@post("/appointments/{appointment_id:str}/pre-check", access=KEEPERS, status_code=200)
async def pre_check(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """The papers of a coming visit are in order; on its day the patient only comes."""
    return tagged(await db.write(actor, service.pre_check, AppointmentId(appointment_id)))


@delete("/appointments/{appointment_id:str}/pre-check", access=KEEPERS, status_code=200)
async def withdraw_pre_check(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """The papers are not in order after all."""
    return tagged(await db.write(actor, service.withdraw_pre_check, AppointmentId(appointment_id)))


@post("/appointments/{appointment_id:str}/reconfirm", access=KEEPERS | {"patient"}, status_code=200)
async def reconfirm(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """The time that the staff moved the visit to suits."""
    return tagged(await db.write(actor, service.reconfirm, AppointmentId(appointment_id)))


router = Router("/", route_handlers=[pre_check, withdraw_pre_check, reconfirm])
