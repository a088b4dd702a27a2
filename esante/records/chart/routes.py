"""The HTTP door of the chart: lists of a patient to read."""

from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter

from esante.kernel.access import SIGNED_IN
from esante.kernel.dependencies import Db, Me
from esante.kernel.structs import Page
from esante.people.structs import PatientId
from esante.records.chart import service
from esante.records.chart.structs import Allergy, Condition, Immunization, TimelineEntry

Limit = Annotated[int, QueryParameter(ge=1, le=100)]


@get("/patients/{patient_id:str}/allergies", access=SIGNED_IN)
async def list_allergies(patient_id: str, db: Db, actor: Me) -> Page[Allergy]:
    """What this patient does not bear."""
    return await db.look(actor, service.list_allergies, PatientId(patient_id))


@get("/patients/{patient_id:str}/conditions", access=SIGNED_IN)
async def list_conditions(patient_id: str, db: Db, actor: Me) -> Page[Condition]:
    """This patient's diseases and problems, the latest first."""
    return await db.look(actor, service.list_conditions, PatientId(patient_id))


@get("/patients/{patient_id:str}/immunizations", access=SIGNED_IN)
async def list_immunizations(patient_id: str, db: Db, actor: Me) -> Page[Immunization]:
    """This patient's vaccines, the latest first."""
    return await db.look(actor, service.list_immunizations, PatientId(patient_id))


@get("/patients/{patient_id:str}/timeline", access=SIGNED_IN)
async def show_timeline(
    patient_id: str, db: Db, actor: Me, limit: Limit = 20, cursor: str | None = None
) -> Page[TimelineEntry]:
    """This patient's consultations and prescriptions in one order, newest first."""
    return await db.look(actor, service.show_timeline, PatientId(patient_id), limit, cursor)


router = Router(
    "/", route_handlers=[list_allergies, list_conditions, list_immunizations, show_timeline], tags=["Chart"]
)
