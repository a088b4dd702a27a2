"""The HTTP door of the kiosk. Nobody is signed in there; what is opened by the code closes after some minutes."""

from litestar import Router, get, post
from litestar.params import JSONBody

from esante.kernel.access import OPEN, OPEN_BODY, roles
from esante.kernel.dependencies import Db, Me, OnceKey
from esante.kernel.errors import Invalid
from esante.kernel.structs import Page
from esante.people.structs import PatientId, PublicPractitioner
from esante.scheduling.kiosk import service
from esante.scheduling.kiosk.structs import (
    KioskBooking,
    KioskCancel,
    KioskCheckIn,
    KioskChoices,
    KioskCode,
    KioskCodeShown,
    KioskDoctors,
    KioskNewcomer,
    KioskPass,
    KioskSlots,
    KioskStart,
    KioskStarted,
    NewcomerWaiting,
    WithPass,
)
from esante.scheduling.structs import Appointment, AppointmentLine, Slot


@post("/kiosk/start", access=OPEN, status_code=202)
async def start_visit(data: JSONBody[KioskStart], db: Db, actor: Me) -> KioskStarted:
    """Give a mobile number and a birth date; whom they fit is sent a code. The answer is always the same."""
    return await db.write(actor, service.start_visit, data)


@post("/kiosk/register", access=OPEN, status_code=202)
async def register(data: JSONBody[KioskNewcomer], db: Db, actor: Me) -> KioskStarted:
    """Say who you are, if you are new here; the desk reads you the code. The answer is that of `start`."""
    return await db.write(actor, service.register, data)


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


@post("/kiosk/choices", access=OPEN, status_code=200)
async def list_choices(data: JSONBody[WithPass], db: Db, actor: Me) -> KioskChoices:
    """The kinds of visit that can be booked, and the specialties."""
    return db.read(actor, service.list_choices, data)


@post("/kiosk/doctors", access=OPEN, status_code=200)
async def find_doctors(data: JSONBody[KioskDoctors], db: Db, actor: Me) -> Page[PublicPractitioner]:
    """The doctors of a specialty, or all."""
    return db.read(actor, service.find_doctors, data)


@post("/kiosk/slots", access=OPEN, status_code=200)
async def find_slots(data: JSONBody[KioskSlots], db: Db, actor: Me) -> Page[Slot]:
    """The first free times that fit."""
    return Page(items=await db.scan(actor, service.find_slots, data))


@post("/kiosk/book", access=OPEN)
async def book(data: JSONBody[KioskBooking], db: Db, actor: Me, once: OnceKey) -> Appointment:
    """Book one of them."""
    return await db.write_once(once, actor, service.book, data)


@get("/kiosk/newcomers", access=roles("assistant", "admin"))
async def list_newcomers(db: Db, actor: Me) -> Page[NewcomerWaiting]:
    """For the desk: who is new and waits at the kiosk. Read the code out once you have seen the identity card."""
    return await db.look(actor, service.list_newcomers)


@post("/kiosk/codes/{patient_id:str}", access=roles("doctor", "assistant", "admin"), status_code=200)
async def show_code(patient_id: str, db: Db, actor: Me) -> KioskCodeShown:
    """For the desk: the code of a patient who stands at the kiosk and has received none."""
    return await db.write(actor, service.show_code, PatientId(patient_id))


router = Router(
    "/",
    route_handlers=[
        start_visit,
        register,
        open_visit,
        list_own,
        list_choices,
        find_doctors,
        find_slots,
        book,
        check_in,
        cancel,
        show_code,
        list_newcomers,
    ],
    request_max_body_size=OPEN_BODY,
    tags=["Kiosk"],
)
