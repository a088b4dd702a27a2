"""The HTTP door of statistics."""

from datetime import date
from typing import Annotated

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me
from esante.people.structs import PractitionerId
from esante.scheduling.statistics import service
from esante.scheduling.statistics.structs import AppointmentStatistics, DoctorStatistics

From = Annotated[date | None, QueryParameter(name="from", description="The first local day; default 30 days back")]
Until = Annotated[date | None, QueryParameter(name="to", description="The last local day; default today")]
Practitioner = Annotated[str | None, QueryParameter(name="practitionerId")]


@get("/doctors/statistics", access=roles("doctor"))
async def doctor_statistics(db: Db, actor: Me, first: From = None, last: Until = None) -> DoctorStatistics:
    """Counts of one's own appointments: by state, day, weekday and hour; revenue; new patients."""
    return await db.scan(actor, service.doctor_statistics, first, last)


@get("/admin/statistics/appointments", access=roles("admin"))
async def appointment_statistics(
    db: Db, actor: Me, first: From = None, last: Until = None, practitioner_id: Practitioner = None
) -> AppointmentStatistics:
    """Counts of the clinic's appointments: by state, day, weekday, hour and practitioner, with their rates."""
    who = PractitionerId(practitioner_id) if practitioner_id else None
    return await db.scan(actor, service.appointment_statistics, first, last, who)


@get("/admin/statistics/doctors/{practitioner_id:str}", access=roles("admin"))
async def statistics_of_doctor(
    db: Db, actor: Me, practitioner_id: FromPath[str], first: From = None, last: Until = None
) -> DoctorStatistics:
    """One doctor's appointments, as the doctor sees them."""
    return await db.scan(actor, service.statistics_of_doctor, PractitionerId(practitioner_id), first, last)


router = Router(
    "/", route_handlers=[doctor_statistics, appointment_statistics, statistics_of_doctor], tags=["Statistics"]
)
