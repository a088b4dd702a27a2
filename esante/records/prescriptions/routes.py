"""The HTTP door of prescriptions."""

from typing import Annotated

from litestar import Response, Router, get, patch, post, put
from litestar.params import JSONBody, QueryParameter

from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, IfMatch, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.people.structs import PatientId
from esante.records.consultations.structs import ConsultationId
from esante.records.prescriptions import service
from esante.records.prescriptions.structs import (
    Cancellation,
    HistoryEntry,
    NewPrescription,
    Prescription,
    PrescriptionContent,
    PrescriptionFilter,
    PrescriptionId,
    PrescriptionPatch,
    PrescriptionStatus,
    Replacement,
)

Limit = Annotated[int, QueryParameter(ge=1, le=100)]
OfPatient = Annotated[str | None, QueryParameter(name="patientId")]
OfConsultation = Annotated[str | None, QueryParameter(name="consultationId")]


@get("/prescriptions", access=roles("patient", "doctor", "assistant"))
async def list_prescriptions(
    db: Db,
    actor: Me,
    patient_id: OfPatient = None,
    consultation_id: OfConsultation = None,
    status: PrescriptionStatus | None = None,
    running: bool = False,
    limit: Limit = 20,
    cursor: str | None = None,
) -> Page[Prescription]:
    """Prescriptions that you may read, newest first; `running` narrows to active ones that have not expired."""
    wanted = PrescriptionFilter(
        patient_id=PatientId(patient_id) if patient_id else None,
        consultation_id=ConsultationId(consultation_id) if consultation_id else None,
        status=status,
        running=running,
        limit=limit,
        cursor=cursor,
    )
    return await db.look(actor, service.list_prescriptions, wanted)


@post("/prescriptions", access=roles("doctor"))
async def prescribe(data: JSONBody[NewPrescription], db: Db, actor: Me, once: OnceKey) -> Response[Prescription]:
    """Prescribe in a consultation of yours; without one, for a patient whom you treat and with the reason."""
    return tagged(await db.write_once(once, actor, service.prescribe, data), 201)


@get("/prescriptions/{prescription_id:str}", access=SIGNED_IN)
async def open_prescription(prescription_id: str, db: Db, actor: Me) -> Response[Prescription]:
    """One prescription. The ETag is what an edit wants to see in If-Match."""
    return tagged(await db.look(actor, service.open_prescription, PrescriptionId(prescription_id)))


@put("/prescriptions/{prescription_id:str}", access=roles("doctor"))
async def replace_prescription(
    prescription_id: str, data: JSONBody[PrescriptionContent], db: Db, actor: Me, version: IfMatch
) -> Response[Prescription]:
    """Give the whole content anew, within the edit window. 423 once it is locked."""
    return tagged(await db.write(actor, service.replace_prescription, PrescriptionId(prescription_id), version, data))


@patch("/prescriptions/{prescription_id:str}", access=roles("doctor"))
async def change_prescription(
    prescription_id: str, data: JSONBody[PrescriptionPatch], db: Db, actor: Me, version: IfMatch
) -> Response[Prescription]:
    """Change the fields that are named, within the edit window. 423 once it is locked."""
    return tagged(await db.write(actor, service.change_prescription, PrescriptionId(prescription_id), version, data))


@post("/prescriptions/{prescription_id:str}/lock", access=roles("doctor"), status_code=200)
async def lock_prescription(prescription_id: str, db: Db, actor: Me) -> Response[Prescription]:
    """Lock your prescription before its time. It does not open again."""
    return tagged(await db.write(actor, service.lock_prescription, PrescriptionId(prescription_id)))


@post("/prescriptions/{prescription_id:str}/complete", access=roles("doctor"), status_code=200)
async def complete_prescription(prescription_id: str, db: Db, actor: Me) -> Response[Prescription]:
    """It has been taken to its end. Possible after the lock too."""
    return tagged(await db.write(actor, service.complete_prescription, PrescriptionId(prescription_id)))


@post("/prescriptions/{prescription_id:str}/cancel", access=roles("doctor"), status_code=200)
async def cancel_prescription(
    prescription_id: str, data: JSONBody[Cancellation], db: Db, actor: Me
) -> Response[Prescription]:
    """Stop it, with the reason. Possible after the lock too."""
    return tagged(await db.write(actor, service.cancel_prescription, PrescriptionId(prescription_id), data))


@post("/prescriptions/{prescription_id:str}/supersede", access=roles("doctor"))
async def supersede_prescription(
    prescription_id: str, data: JSONBody[Replacement], db: Db, actor: Me, once: OnceKey
) -> Response[Prescription]:
    """Put a new prescription, which is the answer, in the place of this one."""
    made = await db.write_once(once, actor, service.supersede_prescription, PrescriptionId(prescription_id), data)
    return tagged(made, 201)


@get("/prescriptions/{prescription_id:str}/history", access=SIGNED_IN)
async def read_history(prescription_id: str, db: Db, actor: Me) -> Page[HistoryEntry]:
    """Everything that was done to a prescription, the oldest first, each with the whole of it as it then stood."""
    return await db.look(actor, service.read_history, PrescriptionId(prescription_id))


@get("/patients/{patient_id:str}/prescriptions", access=SIGNED_IN)
async def list_of_patient(
    patient_id: str, db: Db, actor: Me, running: bool = False, limit: Limit = 20, cursor: str | None = None
) -> Page[Prescription]:
    """One patient's prescriptions that you may read, newest first."""
    wanted = PrescriptionFilter(running=running, limit=limit, cursor=cursor)
    return await db.look(actor, service.list_of_patient, PatientId(patient_id), wanted)


router = Router(
    "/",
    route_handlers=[
        list_prescriptions,
        prescribe,
        open_prescription,
        replace_prescription,
        change_prescription,
        lock_prescription,
        complete_prescription,
        cancel_prescription,
        supersede_prescription,
        read_history,
        list_of_patient,
    ],
    tags=["Prescriptions"],
)
