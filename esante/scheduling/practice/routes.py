"""The HTTP door to a doctor's patients and working hours."""

from datetime import date
from typing import Annotated

from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from esante.kernel.access import OPEN, roles
from esante.kernel.dependencies import Db, Me
from esante.kernel.structs import Page
from esante.people.structs import PublicPractitioner
from esante.scheduling.practice import service
from esante.scheduling.practice.structs import SeenPatient, WorkingHours

From = Annotated[
    date | None, QueryParameter(name="from", description="The first local day; default 30 days before the last")
]
Until = Annotated[date | None, QueryParameter(name="to", description="The last local day; default today")]
OnlyNew = Annotated[
    bool, QueryParameter(name="new", description="Only those whose first visit lies between the two days")
]
Limit = Annotated[int, QueryParameter(ge=1, le=100)]


@get("/doctors/patients", access=roles("doctor"))
async def list_seen_patients(
    db: Db,
    actor: Me,
    first: From = None,
    last: Until = None,
    only_new: OnlyNew = False,
    cursor: FromQuery[str | None] = None,
    limit: Limit = 20,
) -> Page[SeenPatient]:
    """Whom you have seen, the last one first: how often, since when, and who is new."""
    asked = service.SeenFilter(first=first, last=last, only_new=only_new, cursor=cursor, limit=limit)
    return await db.scan(actor, service.list_seen_patients, asked)


@get("/doctors/popular", access=OPEN)
async def list_popular(db: Db, actor: Me) -> Page[PublicPractitioner]:
    """The doctors whom most people have seen lately."""
    return await db.scan(actor, service.list_popular)


@get("/doctors/{practitioner_id:str}/hours", access=OPEN)
async def show_working_hours(db: Db, actor: Me, practitioner_id: FromPath[str]) -> WorkingHours:
    """When an approved doctor is there in an ordinary week, in the clinic's zone."""
    return db.read(actor, service.working_hours, practitioner_id)


router = Router("/", route_handlers=[list_seen_patients, list_popular, show_working_hours])
