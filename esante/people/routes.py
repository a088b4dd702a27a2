"""The HTTP door of people: self-registration, patients, profiles, doctors."""

from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import JSONBody, QueryParameter

from esante.identity.structs import Accepted
from esante.kernel.access import OPEN, OPEN_BODY, roles
from esante.kernel.dependencies import Db, House, IfMatch, Me, OnceKey, tagged
from esante.kernel.errors import Invalid
from esante.kernel.structs import Page
from esante.people import routes_credentials, routes_duplicates, routes_family, routes_photos
from esante.people.completion import Completion
from esante.people.logins import service as logins
from esante.people.logins.structs import LoginMade, NewLogin
from esante.people.patients import service as patients
from esante.people.practitioners import service as practitioners
from esante.people.registration import service as registration
from esante.people.registration.structs import Registration
from esante.people.structs import (
    Decision,
    DecisionReason,
    NewcomerAtDesk,
    NewPatient,
    Patient,
    PatientFilter,
    PatientItem,
    PatientPatch,
    PendingPractitioner,
    Practitioner,
    PractitionerFilter,
    PractitionerPatch,
    PractitionerProfile,
    PublicPractitioner,
    SpecialtyCount,
)

T = TypeVar("T")
Limit = Annotated[int, QueryParameter(ge=1, le=100)]
Search = Annotated[str | None, QueryParameter(max_length=100)]

Near = Annotated[str | None, QueryParameter(pattern=r"^-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?$", max_length=40)]
Radius = Annotated[float | None, QueryParameter(name="radiusKm", gt=0, le=20_000)]

DESK = roles("doctor", "assistant", "admin")
READERS = roles("patient", "doctor", "assistant", "admin")
PEOPLE = roles("patient", "doctor")


@post("/auth/register", access=OPEN, pace="tries", status_code=202, request_max_body_size=OPEN_BODY)
async def register(db: Db, actor: Me, clinic: House, data: JSONBody[Registration]) -> Accepted:
    """Register oneself as patient or doctor. The answer is the same whether the address is known here or not."""
    db.read(actor, registration.check_registration, data)
    hashed = await clinic.passwords.hash(data.password)
    await db.write(actor, registration.register, data, hashed)
    return Accepted()


# ------------------------------------------------------------------------------------ patients


@post("/patients", access=DESK)
async def register_patient(db: Db, actor: Me, once: OnceKey, data: JSONBody[NewcomerAtDesk]) -> Response[Patient]:
    """Register a patient at the desk. A mobile number that another patient has is 409 MOBILE_TAKEN, with that patient's id.

    Somebody who is almost certainly known is 409 DUPLICATE_SUSPECTED, with `candidates`; `confirmedNew` says that it is
    somebody new.
    """
    return tagged(await db.write_once(once, actor, patients.register_patient, data), 201)


@get("/patients", access=DESK)
async def list_patients(
    db: Db, actor: Me, q: Search = None, cursor: str | None = None, limit: Limit = 20
) -> Page[PatientItem]:
    """Active patients by name; `q` finds any part of names, mobile digits or e-mail, and the birth date."""
    return await db.scan(actor, patients.list_patients, PatientFilter(q=q, cursor=cursor, limit=limit))


@get("/patients/{patient_id:str}", access=READERS)
async def read_patient(db: Db, actor: Me, patient_id: str) -> Response[Patient]:
    """One patient's record; 404 for a patient whom you may not see.

    The id of a record that was merged gives the one that it was merged into, with the old id in `askedAs`.
    """
    return tagged(await db.look(actor, patients.read_patient, patient_id))


@patch("/patients/{patient_id:str}", access=READERS)
async def change_patient(
    db: Db, actor: Me, patient_id: str, version: IfMatch, data: JSONBody[PatientPatch]
) -> Response[Patient]:
    """Change the fields that are sent."""
    return tagged(await db.write(actor, patients.change_patient, patient_id, data, version))


@put("/patients/{patient_id:str}", access=READERS)
async def replace_patient(
    db: Db, actor: Me, patient_id: str, version: IfMatch, data: JSONBody[NewPatient]
) -> Response[Patient]:
    """Change the whole record."""
    return tagged(await db.write(actor, patients.replace_patient, patient_id, data, version))


@delete("/patients/{patient_id:str}", access=roles("assistant", "admin"))
async def archive_patient(db: Db, actor: Me, patient_id: str) -> None:
    """Archive a patient: out of the lists, nothing removed."""
    await db.write(actor, patients.archive_patient, patient_id)


# ----------------------------------------------------------------------------------- profiles


@get(["/users/profile", "/auth/profile"], access=PEOPLE)
async def own_profile(db: Db, actor: Me) -> Response[Patient | Practitioner]:
    """The signed-in person's own record."""
    if actor.role == "doctor":
        return tagged(db.read(actor, practitioners.own_profile))
    return tagged(await db.look(actor, patients.own_record))


@patch(["/users/profile", "/auth/profile"], access=PEOPLE)
async def change_own_profile(
    db: Db, actor: Me, version: IfMatch, data: JSONBody[dict[str, Any]]
) -> Response[Patient | Practitioner]:
    """Change fields of one's own record: those of a patient, or those of a doctor."""
    if actor.role == "doctor":
        return tagged(await db.write(actor, practitioners.change_own_profile, _as(PractitionerPatch, data), version))
    return tagged(await db.write(actor, patients.change_own_record, _as(PatientPatch, data), version))


@put(["/users/profile", "/auth/profile"], access=PEOPLE)
async def replace_own_profile(
    db: Db, actor: Me, version: IfMatch, data: JSONBody[dict[str, Any]]
) -> Response[Patient | Practitioner]:
    """Change the whole of one's own record."""
    if actor.role == "doctor":
        return tagged(await db.write(actor, practitioners.replace_own_profile, _as(PractitionerProfile, data), version))
    return tagged(await db.write(actor, patients.replace_own_record, _as(NewPatient, data), version))


@get("/users/profile/completion", access=PEOPLE)
async def own_completion(db: Db, actor: Me) -> Completion:
    """How much of one's own profile is filled, in percent, and what is missing."""
    service = practitioners.own_completion if actor.role == "doctor" else patients.own_completion
    return db.read(actor, service)


def _as(kind: type[T], data: dict[str, Any]) -> T:
    """The body as what this role sends; a field too many or wrong is refused by name."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        field = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else text.partition("`")[2].partition("`")[0]
        raise Invalid("This field is not accepted here: {why}", field=field or None, why=text) from None


# ------------------------------------------------------------------------------------- doctors


@get("/doctors", access=OPEN)
async def find_doctors(
    db: Db,
    actor: Me,
    name: Search = None,
    specialty: Search = None,
    city: Search = None,
    language: Search = None,
    fee: Annotated[int | None, QueryParameter(ge=0)] = None,
    near: Near = None,
    radius_km: Radius = None,
    cursor: str | None = None,
    limit: Limit = 20,
) -> Page[PublicPractitioner]:
    """Approved doctors by name; `fee` is the most that a visit may cost, in minor units.

    With `near=48.11,-1.68` the nearest first, as the crow flies, within `radiusKm` if that is given.
    """
    asked = PractitionerFilter(
        name=name,
        specialty=specialty,
        city=city,
        language=language,
        max_fee_minor=fee,
        near=_place(near),
        radius_km=radius_km,
        cursor=cursor,
        limit=limit,
    )
    return db.read(actor, practitioners.find_practitioners, asked)


def _place(near: str | None) -> tuple[float, float] | None:
    if near is None:
        return None
    latitude, longitude = (float(part) for part in near.split(","))
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise Invalid("This place is not on Earth", field="near")
    return latitude, longitude


@get("/specialties", access=OPEN)
async def list_specialties(db: Db, actor: Me) -> Page[SpecialtyCount]:
    """The specialties that can be booked, with the number of doctors."""
    return Page(items=db.read(actor, practitioners.specialties))


@get("/doctors/{practitioner_id:str}", access=OPEN)
async def read_doctor(db: Db, actor: Me, practitioner_id: str) -> PublicPractitioner:
    """What anybody may know of an approved doctor."""
    return db.read(actor, practitioners.public_practitioner, practitioner_id)


@get("/doctors/profile", access=roles("doctor"))
async def read_doctor_profile(db: Db, actor: Me) -> Response[Practitioner]:
    """The signed-in doctor's own profile."""
    return tagged(db.read(actor, practitioners.own_profile))


@put("/doctors/profile", access=roles("doctor"))
async def replace_doctor_profile(
    db: Db, actor: Me, version: IfMatch, data: JSONBody[PractitionerProfile]
) -> Response[Practitioner]:
    """Change the own profile as a whole; a changed licence goes back to the admin."""
    return tagged(await db.write(actor, practitioners.replace_own_profile, data, version))


@patch("/doctors/profile", access=roles("doctor"))
async def change_doctor_profile(
    db: Db, actor: Me, version: IfMatch, data: JSONBody[PractitionerPatch]
) -> Response[Practitioner]:
    """Change fields of the own profile; a changed licence goes back to the admin."""
    return tagged(await db.write(actor, practitioners.change_own_profile, data, version))


@get("/doctors/pending", access=roles("admin"))
async def list_pending_doctors(
    db: Db, actor: Me, cursor: str | None = None, limit: Limit = 20
) -> Page[PendingPractitioner]:
    """Doctors who wait for a decision, oldest first, with what was decided before."""
    return db.read(actor, practitioners.list_pending, cursor, limit)


@get("/doctors/{practitioner_id:str}/decisions", access=roles("admin"))
async def list_decisions(db: Db, actor: Me, practitioner_id: str) -> Page[Decision]:
    """What was decided about this doctor, by whom, when and why; the oldest first."""
    return db.read(actor, practitioners.list_decisions, practitioner_id)


@post("/doctors/{practitioner_id:str}/approve", access=roles("admin"), status_code=200)
async def approve_doctor(db: Db, actor: Me, practitioner_id: str) -> Practitioner:
    """The licence is verified: the doctor can be found, booked, and prescribe."""
    return await db.write(actor, practitioners.approve_practitioner, practitioner_id)


@post("/doctors/{practitioner_id:str}/reject", access=roles("admin"), status_code=200)
async def reject_doctor(db: Db, actor: Me, practitioner_id: str, data: JSONBody[DecisionReason]) -> Practitioner:
    """The licence is not accepted, for a reason that is kept."""
    return await db.write(actor, practitioners.reject_practitioner, practitioner_id, data)


@post("/doctors/{practitioner_id:str}/suspend", access=roles("admin"), status_code=200)
async def suspend_doctor(db: Db, actor: Me, practitioner_id: str, data: JSONBody[DecisionReason]) -> Practitioner:
    """An approved doctor may practise here no longer, for a reason that is kept."""
    return await db.write(actor, practitioners.suspend_practitioner, practitioner_id, data)


@post("/admin/users", access=roles("admin"))
async def add_login(db: Db, actor: Me, data: JSONBody[NewLogin]) -> LoginMade:
    """Let somebody in: staff, or a patient or doctor who is known here. The slip is to be handed over; it is not shown again."""
    return await db.write(actor, logins.add_login, data)


router = Router(
    "/",
    route_handlers=[
        add_login,
        register,
        register_patient,
        list_patients,
        read_patient,
        change_patient,
        replace_patient,
        archive_patient,
        own_profile,
        change_own_profile,
        replace_own_profile,
        find_doctors,
        list_specialties,
        read_doctor,
        read_doctor_profile,
        replace_doctor_profile,
        change_doctor_profile,
        list_pending_doctors,
        approve_doctor,
        reject_doctor,
        suspend_doctor,
        own_completion,
        list_decisions,
        routes_credentials.router,
        routes_duplicates.router,
        routes_family.router,
        routes_photos.router,
    ],
    tags=["People"],
)
