"""The HTTP door of the kiosk. Nobody is signed in there; what is opened by the code closes after some minutes."""

from litestar import Router, post
from litestar.params import JSONBody

from esante.kernel.access import OPEN, roles
from esante.kernel.dependencies import Db, Me
from esante.kernel.errors import Invalid
from esante.kernel.structs import Page
from esante.people.structs import PatientId
from esante.scheduling.kiosk import service
from esante.scheduling.kiosk.structs import (
    KioskCancel,
    KioskCheckIn,
    KioskCode,
    KioskCodeShown,
    KioskPass,
    KioskStart,
    KioskStarted,
    WithPass,
)
from esante.scheduling.structs import Appointment, AppointmentLine


@post("/kiosk/start", access=OPEN, status_code=202)
async def start_visit(data: JSONBody[KioskStart], db: Db, actor: Me) -> KioskStarted:
    """Give a mobile number and a birth date; whom they fit is sent a code. The answer is always the same."""
    return await db.write(actor, service.start_visit, data)


@post("/kiosk/open", access=OPEN, status_code=200)
async def open_visit(data: JSONBody[KioskCode], db: Db, actor: Me) -> KioskPass:
    """The code that was sent opens one's own visits for five minutes."""
    opened = await db.write(actor, service.open_visit, data)
    if opened is None:
        raise Invalid("This code is wrong, or no longer valid", field="code", code="WRONG_CODE")
    return opened


@post("/kiosk/appointments", access=OPEN, status_code=200)
async def list_own(data: JSONBody[WithPass], db: Db, actor: Me) -> Page[AppointmentLine]:
    """One's own visits of today and to come."""
    return await db.look(actor, service.list_own, data)


@post("/kiosk/check-in", access=OPEN, status_code=200)
async def check_in(data: JSONBody[KioskCheckIn], db: Db, actor: Me) -> Appointment:
    """I am here."""
    return await db.write(actor, service.check_in, data)


@post("/kiosk/cancel", access=OPEN, status_code=200)
async def cancel(data: JSONBody[KioskCancel], db: Db, actor: Me) -> Appointment:
    """Call one's own visit off."""
    return await db.write(actor, service.cancel, data)


@post("/kiosk/codes/{patient_id:str}", access=roles("doctor", "assistant", "admin"), status_code=200)
async def show_code(patient_id: str, db: Db, actor: Me) -> KioskCodeShown:
    """For the desk: the code of a patient who stands at the kiosk and has received none."""
    return await db.write(actor, service.show_code, PatientId(patient_id))


router = Router("/", route_handlers=[start_visit, open_visit, list_own, check_in, cancel, show_code], tags=["Kiosk"])
