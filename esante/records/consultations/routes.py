"""The HTTP door of consultations."""

from datetime import datetime
from typing import Annotated

from litestar import Response, Router, get, patch, post, put
from litestar.params import JSONBody, QueryParameter

from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, IfMatch, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.people.structs import PatientId
from esante.records.consultations import service
from esante.records.consultations.statistics import routes as statistics
from esante.records.consultations.structs import (
    Addendum,
    Completion,
    ConsultationBrief,
    ConsultationContent,
    ConsultationFilter,
    ConsultationId,
    ConsultationPatch,
    ConsultationState,
    ConsultationStatus,
    ConsultationView,
    EnteredInError,
    NewAddendum,
    NewConsultation,
)

Limit = Annotated[int, QueryParameter(ge=1, le=100)]
Since = Annotated[datetime | None, QueryParameter(name="from")]
Until = Annotated[datetime | None, QueryParameter(name="to")]
OfPatient = Annotated[str | None, QueryParameter(name="patientId")]


@get("/consultations", access=roles("patient", "doctor", "assistant"))
async def list_consultations(
    db: Db,
    actor: Me,
    patient_id: OfPatient = None,
    status: ConsultationStatus | None = None,
    from_at: Since = None,
    to_at: Until = None,
    limit: Limit = 20,
    cursor: str | None = None,
) -> Page[ConsultationBrief]:
    """Consultations that you may read, newest first. Each patient shown is written to the audit log."""
    wanted = ConsultationFilter(
        patient_id=PatientId(patient_id) if patient_id else None,
        status=status,
        from_at=from_at,
        to_at=to_at,
        limit=limit,
        cursor=cursor,
    )
    return await db.look(actor, service.list_consultations, wanted)


@post("/consultations", access=roles("doctor"))
async def write_consultation(
    data: JSONBody[NewConsultation], db: Db, actor: Me, once: OnceKey
) -> Response[ConsultationView]:
    """Write the consultation of your appointment, once the patient is here. The draft that its start opened is filled."""
    return tagged(await db.write_once(once, actor, service.write_consultation, data), 201)


@get("/consultations/{consultation_id:str}", access=SIGNED_IN)
async def open_consultation(consultation_id: str, db: Db, actor: Me) -> Response[ConsultationView]:
    """One consultation, as far as you may see it. The ETag is what an edit wants to see in If-Match."""
    return tagged(await db.look(actor, service.open_consultation, ConsultationId(consultation_id)))


@put("/consultations/{consultation_id:str}", access=roles("doctor"))
async def replace_consultation(
    consultation_id: str, data: JSONBody[ConsultationContent], db: Db, actor: Me, version: IfMatch
) -> Response[ConsultationView]:
    """Give the whole content anew; what is not named becomes empty. 423 once it is sealed."""
    return tagged(await db.write(actor, service.replace_consultation, ConsultationId(consultation_id), version, data))


@patch("/consultations/{consultation_id:str}", access=roles("doctor"))
async def change_consultation(
    consultation_id: str, data: JSONBody[ConsultationPatch], db: Db, actor: Me, version: IfMatch
) -> Response[ConsultationView]:
    """Change the fields that are named; the rest stays, vitals field by field. 423 once it is sealed."""
    return tagged(await db.write(actor, service.change_consultation, ConsultationId(consultation_id), version, data))


@post("/consultations/{consultation_id:str}/complete", access=roles("doctor"), status_code=200)
async def complete_consultation(
    consultation_id: str, db: Db, actor: Me, data: JSONBody[Completion | None] = None
) -> Response[ConsultationView]:
    """Be done with a draft: the patient may read it, and it is sealed when the edit window ends."""
    how = data or Completion()
    return tagged(await db.write(actor, service.complete_consultation, ConsultationId(consultation_id), how))


@post("/consultations/{consultation_id:str}/addenda", access=roles("doctor"))
async def add_addendum(consultation_id: str, data: JSONBody[NewAddendum], db: Db, actor: Me, once: OnceKey) -> Addendum:
    """Add to a completed consultation; also after it was sealed."""
    return await db.write_once(once, actor, service.add_addendum, ConsultationId(consultation_id), data)


@post("/consultations/{consultation_id:str}/entered-in-error", access=roles("doctor", "admin"), status_code=200)
async def enter_in_error(consultation_id: str, data: JSONBody[EnteredInError], db: Db, actor: Me) -> ConsultationState:
    """Say, with the reason, that a completed consultation should not have been written. It is kept."""
    return await db.write(actor, service.enter_in_error, ConsultationId(consultation_id), data)


@get("/patients/{patient_id:str}/consultations", access=SIGNED_IN)
async def list_of_patient(
    patient_id: str, db: Db, actor: Me, limit: Limit = 20, cursor: str | None = None
) -> Page[ConsultationBrief]:
    """One patient's consultations that you may read, newest first."""
    wanted = ConsultationFilter(limit=limit, cursor=cursor)
    return await db.look(actor, service.list_of_patient, PatientId(patient_id), wanted)


router = Router(
    "/",
    route_handlers=[
        list_consultations,
        write_consultation,
        open_consultation,
        replace_consultation,
        change_consultation,
        complete_consultation,
        add_addendum,
        enter_in_error,
        list_of_patient,
        statistics.router,
    ],
    tags=["Consultations"],
)
