"""The HTTP door of appointments."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import JSONBody, QueryParameter

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, IfMatch, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.people.structs import PatientId, PractitionerId
from esante.scheduling import agenda, routes_availability, service, slots
from esante.scheduling.calendars import routes as calendars
from esante.scheduling.kiosk import routes as kiosk
from esante.scheduling.practice import routes as practice
from esante.scheduling.readiness import routes as readiness
from esante.scheduling.reschedules import routes as reschedules
from esante.scheduling.series import routes as series
from esante.scheduling.statistics import routes as statistics
from esante.scheduling.structs import (
    Appointment,
    AppointmentChange,
    AppointmentFilter,
    AppointmentId,
    AppointmentLine,
    AppointmentPatch,
    AppointmentRequest,
    Because,
    Board,
    RescheduleRequest,
    Status,
)
from esante.scheduling.waitlist import routes as waitlist
from esante.workplaces.structs import WorkplaceId

BOOKERS = roles("patient", "doctor", "assistant", "admin")
KEEPERS = roles("doctor", "assistant", "admin")

From = Annotated[date | None, QueryParameter(name="from", description="The first local day")]
Until = Annotated[date | None, QueryParameter(name="to", description="The last local day")]
Practitioner = Annotated[str | None, QueryParameter(name="practitionerId")]
Patient = Annotated[str | None, QueryParameter(name="patientId")]
Place = Annotated[str | None, QueryParameter(name="workplaceId", description="At this site only")]
InState = Annotated[Status | None, QueryParameter(name="status")]
WithErrors = Annotated[bool, QueryParameter(name="withErrors", description="Show those entered in error too")]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]


@post("/appointments", access=BOOKERS)
async def request_appointment(
    data: JSONBody[AppointmentRequest], db: Db, actor: Me, once: OnceKey
) -> Response[Appointment]:
    """Book a time: a patient's request is pending until confirmed, the desk's is confirmed. 409 `SLOT_TAKEN` names free ones."""
    return tagged(await db.write_once(once, actor, service.request_appointment, data), 201)


@get(["/appointments", "/doctors/appointments"], access=BOOKERS)
async def list_appointments(
    db: Db,
    actor: Me,
    first: From = None,
    last: Until = None,
    practitioner_id: Practitioner = None,
    patient_id: Patient = None,
    workplace_id: Place = None,
    status: InState = None,
    with_errors: WithErrors = False,
    cursor: str | None = None,
    limit: Limit = 20,
) -> Page[AppointmentLine]:
    """Appointments by start: names, times and states of those that you may see."""
    zone = ZoneInfo(db.settings.time_zone)
    wanted = AppointmentFilter(
        from_at=slots.day_bounds(first, zone)[0] if first else None,
        until_at=slots.day_bounds(last, zone)[1] if last else None,
        practitioner_id=PractitionerId(practitioner_id) if practitioner_id else None,
        patient_id=PatientId(patient_id) if patient_id else None,
        workplace_id=WorkplaceId(workplace_id) if workplace_id else None,
        status=status,
        with_errors=with_errors,
    )
    return await db.look(actor, agenda.list_appointments, wanted, cursor, limit)


@get("/appointments/by-date/{day:date}", access=BOOKERS)
async def list_day(
    day: date, db: Db, actor: Me, practitioner_id: Practitioner = None, workplace_id: Place = None
) -> Page[AppointmentLine]:
    """All appointments of a local day that you may see."""
    return await db.look(actor, agenda.list_day, day, _of(practitioner_id, workplace_id))


@get("/appointments/board/{day:date}", access=KEEPERS)
async def show_board(
    day: date, db: Db, actor: Me, practitioner_id: Practitioner = None, workplace_id: Place = None
) -> Board:
    """The day by what is to be done: expected, waiting (in the order of check-in, with minutes), with the practitioner, done,
    absent, to confirm."""
    return await db.look(actor, agenda.show_board, day, _of(practitioner_id, workplace_id))


@get("/appointments/{appointment_id:str}", access=BOOKERS)
async def show_appointment(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """One appointment, with its reason."""
    return tagged(await db.look(actor, agenda.show_appointment, AppointmentId(appointment_id)))


@patch("/appointments/{appointment_id:str}", access=BOOKERS)
async def change_appointment(
    appointment_id: str, data: JSONBody[AppointmentPatch], db: Db, actor: Me, version: IfMatch
) -> Response[Appointment]:
    """Edit reason, symptoms, notes, room or the remote address; 412 shows what it is now when somebody was faster."""
    return tagged(await db.write(actor, service.change_appointment, AppointmentId(appointment_id), version, data))


@put("/appointments/{appointment_id:str}", access=KEEPERS)
async def replace_appointment(
    appointment_id: str, data: JSONBody[AppointmentChange], db: Db, actor: Me, version: IfMatch
) -> Response[Appointment]:
    """Say all that can be edited anew; what is left out becomes empty."""
    return tagged(await db.write(actor, service.replace_appointment, AppointmentId(appointment_id), version, data))


@post("/appointments/{appointment_id:str}/confirm", access=KEEPERS, status_code=200)
async def confirm_appointment(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """Say yes to a request, or take back a no-show of today."""
    return tagged(await db.write(actor, service.confirm_appointment, AppointmentId(appointment_id)))


@post("/appointments/{appointment_id:str}/reject", access=KEEPERS, status_code=200)
async def reject_appointment(appointment_id: str, data: JSONBody[Because], db: Db, actor: Me) -> Response[Appointment]:
    """Say no to a request, with a reason."""
    return tagged(await db.write(actor, service.reject_appointment, AppointmentId(appointment_id), data))


@post("/appointments/{appointment_id:str}/cancel", access=BOOKERS, status_code=200)
async def cancel_appointment(appointment_id: str, data: JSONBody[Because], db: Db, actor: Me) -> Response[Appointment]:
    """Call a visit off, with a reason. Patients until some hours before (setting `patientCancelHours`)."""
    return tagged(await db.write(actor, service.cancel_appointment, AppointmentId(appointment_id), data))


@post("/appointments/{appointment_id:str}/reschedule", access=KEEPERS, status_code=200)
async def move_appointment(
    appointment_id: str, data: JSONBody[RescheduleRequest], db: Db, actor: Me
) -> Response[Appointment]:
    """Give an appointment another start; the id stays."""
    return tagged(await db.write(actor, service.move_appointment, AppointmentId(appointment_id), data))


@post("/appointments/{appointment_id:str}/check-in", access=KEEPERS, status_code=200)
async def check_in_patient(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """The patient is here; on the day of the appointment only."""
    return tagged(await db.write(actor, service.check_in_patient, AppointmentId(appointment_id)))


@post("/appointments/{appointment_id:str}/start", access=roles("doctor"), status_code=200)
async def start_visit(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """The practitioner begins the visit of a patient who is checked in."""
    return tagged(await db.write(actor, service.start_visit, AppointmentId(appointment_id)))


@post("/appointments/{appointment_id:str}/complete", access=roles("doctor"), status_code=200)
async def complete_appointment(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """The visit has been; not before its start."""
    return tagged(await db.write(actor, service.complete_appointment, AppointmentId(appointment_id)))


@post("/appointments/{appointment_id:str}/no-show", access=KEEPERS, status_code=200)
async def mark_no_show(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """The patient did not come; after the end and some minutes of grace."""
    return tagged(await db.write(actor, service.mark_no_show, AppointmentId(appointment_id)))


@delete("/appointments/{appointment_id:str}", access=KEEPERS, status_code=200)
async def withdraw_appointment(appointment_id: str, db: Db, actor: Me) -> Response[Appointment]:
    """Cancel what was entered in error; lists hide it, nothing is removed."""
    return tagged(await db.write(actor, service.withdraw_appointment, AppointmentId(appointment_id)))


def _of(practitioner_id: str | None, workplace_id: str | None) -> AppointmentFilter:
    return AppointmentFilter(
        practitioner_id=PractitionerId(practitioner_id) if practitioner_id else None,
        workplace_id=WorkplaceId(workplace_id) if workplace_id else None,
    )


router = Router(
    "/",
    route_handlers=[
        request_appointment,
        list_appointments,
        list_day,
        show_board,
        show_appointment,
        confirm_appointment,
        reject_appointment,
        cancel_appointment,
        move_appointment,
        check_in_patient,
        start_visit,
        complete_appointment,
        mark_no_show,
        withdraw_appointment,
        change_appointment,
        replace_appointment,
        routes_availability.router,
        readiness.router,
        reschedules.router,
        series.router,
        waitlist.router,
        calendars.router,
        statistics.router,
        kiosk.router,
        practice.router,
    ],
    tags=["Appointments"],
)
