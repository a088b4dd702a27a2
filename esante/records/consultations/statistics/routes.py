"""The HTTP door to counts of consultations."""

from datetime import date
from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter

from esante.kernel.access import roles
from esante.kernel.dependencies import Db, Me
from esante.people.structs import PractitionerId
from esante.records.consultations.statistics import service
from esante.records.consultations.statistics.structs import ConsultationStatistics

From = Annotated[date | None, QueryParameter(name="from", description="The first local day; default 30 days back")]
Until = Annotated[date | None, QueryParameter(name="to", description="The last local day; default today")]
Practitioner = Annotated[str | None, QueryParameter(name="practitionerId")]


@get("/consultations/statistics", access=roles("doctor"))
async def own_statistics(db: Db, actor: Me, first: From = None, last: Until = None) -> ConsultationStatistics:
    """Your completed consultations, and the ten diagnoses that you made most."""
    return await db.scan(actor, service.own_statistics, first, last)


@get("/admin/statistics/consultations", access=roles("admin"))
async def clinic_statistics(
    db: Db, actor: Me, first: From = None, last: Until = None, practitioner_id: Practitioner = None
) -> ConsultationStatistics:
    """The clinic's completed consultations, or one doctor's; what fewer than three people have is not named."""
    who = PractitionerId(practitioner_id) if practitioner_id else None
    return await db.scan(actor, service.clinic_statistics, first, last, who)


router = Router("/", route_handlers=[own_statistics, clinic_statistics], tags=["Statistics"])
