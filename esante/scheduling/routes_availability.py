"""The HTTP door of appointment types, availability and free times; mounted by `routes`."""

from datetime import date
from typing import Annotated

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import JSONBody, QueryParameter

from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, IfMatch, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.people.structs import PractitionerId
from esante.scheduling import availability, types
from esante.scheduling.structs import (
    AppointmentType,
    AppointmentTypeId,
    AppointmentTypePatch,
    DayChange,
    DayException,
    DayExceptionWish,
    NewAppointmentType,
    Slot,
    Template,
    TemplateChange,
    TemplateWish,
)

KEEPERS = roles("doctor", "assistant", "admin")

From = Annotated[date | None, QueryParameter(name="from", description="The first local day; default today")]
Until = Annotated[date | None, QueryParameter(name="to", description="The last local day; default six days later")]
TypeId = Annotated[str | None, QueryParameter(name="typeId", description="Slots as long as this type asks for")]
Whose = Annotated[str | None, QueryParameter(name="practitionerId", description="For the desk and admins: whose")]
Withdrawn = Annotated[bool, QueryParameter(name="withdrawn", description="For staff: those withdrawn too")]
First = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]


@get("/appointment-types", access=SIGNED_IN)
async def list_types(db: Db, actor: Me, withdrawn: Withdrawn = False) -> Page[AppointmentType]:
    """The kinds of visit with price, length and colour."""
    return Page(items=db.read(actor, types.list_types, withdrawn=withdrawn))


@post("/appointment-types", access=roles("admin"))
async def add_type(data: JSONBody[NewAppointmentType], db: Db, actor: Me, once: OnceKey) -> Response[AppointmentType]:
    """Add a kind of visit, priced in the clinic's currency."""
    return tagged(await db.write_once(once, actor, types.add_type, data), 201)


@get("/appointment-types/{type_id:str}", access=SIGNED_IN)
async def show_type(type_id: str, db: Db, actor: Me) -> Response[AppointmentType]:
    """One kind of visit. The ETag is what PATCH wants to see in If-Match."""
    return tagged(db.read(actor, types.show_type, AppointmentTypeId(type_id)))


@patch("/appointment-types/{type_id:str}", access=roles("admin"))
async def change_type(
    type_id: str, data: JSONBody[AppointmentTypePatch], db: Db, actor: Me, version: IfMatch
) -> Response[AppointmentType]:
    """Change a kind of visit, for appointments to come."""
    return tagged(await db.write(actor, types.change_type, AppointmentTypeId(type_id), version, data))


@put("/appointment-types/{type_id:str}", access=roles("admin"))
async def replace_type(
    type_id: str, data: JSONBody[NewAppointmentType], db: Db, actor: Me, version: IfMatch
) -> Response[AppointmentType]:
    """Say all of a kind of visit anew, for appointments to come."""
    return tagged(await db.write(actor, types.replace_type, AppointmentTypeId(type_id), version, data))


@delete("/appointment-types/{type_id:str}", access=roles("admin"), status_code=200)
async def withdraw_type(type_id: str, db: Db, actor: Me) -> Response[AppointmentType]:
    """No new appointment of this kind; those that are booked stay."""
    return tagged(await db.write(actor, types.withdraw_type, AppointmentTypeId(type_id)))


@get("/availability/template", access=KEEPERS)
async def show_template(db: Db, actor: Me, practitioner_id: Whose = None) -> Template:
    """The weekly availability: your own, or that of the practitioner whom the desk names."""
    return db.read(actor, availability.show_template, _whose(practitioner_id))


@put("/availability/template", access=KEEPERS)
async def put_template(
    data: JSONBody[TemplateWish], db: Db, actor: Me, practitioner_id: Whose = None
) -> TemplateChange:
    """Replace the weekly availability; live appointments that now lie outside stay and are listed."""
    return await db.write(actor, availability.put_template, _whose(practitioner_id), data)


@get("/availability/exceptions/{day:date}", access=KEEPERS)
async def show_exception(day: date, db: Db, actor: Me, practitioner_id: Whose = None) -> DayException:
    """What is different on this day; 404 when it is like its weekday."""
    return db.read(actor, availability.show_exception, day, _whose(practitioner_id))


@put("/availability/exceptions/{day:date}", access=KEEPERS)
async def put_exception(
    day: date, data: JSONBody[DayExceptionWish], db: Db, actor: Me, practitioner_id: Whose = None
) -> DayChange:
    """A day off, or time beside the template; live appointments that now lie outside stay and are listed."""
    return await db.write(actor, availability.put_exception, day, _whose(practitioner_id), data)


@delete("/availability/exceptions/{day:date}", access=KEEPERS, status_code=200)
async def delete_exception(day: date, db: Db, actor: Me, practitioner_id: Whose = None) -> DayChange:
    """The day is like its weekday again."""
    return await db.write(actor, availability.delete_exception, day, _whose(practitioner_id))


@get("/doctors/{practitioner_id:str}/slots", access=SIGNED_IN)
async def free_slots(
    practitioner_id: str, db: Db, actor: Me, first: From = None, last: Until = None, type_id: TypeId = None
) -> Page[Slot]:
    """The free times of one practitioner, 92 days at most."""
    kind = AppointmentTypeId(type_id) if type_id else None
    return Page(items=db.read(actor, availability.free_slots, PractitionerId(practitioner_id), first, last, kind))


@get("/slots", access=SIGNED_IN)
async def find_slots(
    db: Db,
    actor: Me,
    specialty: str | None = None,
    first: From = None,
    last: Until = None,
    type_id: TypeId = None,
    limit: First = 20,
) -> Page[Slot]:
    """The first free times of all practitioners, or of one specialty, soonest first."""
    kind = AppointmentTypeId(type_id) if type_id else None
    return Page(items=await db.scan(actor, availability.find_slots, specialty, first, last, kind, limit))


def _whose(practitioner_id: str | None) -> PractitionerId | None:
    return PractitionerId(practitioner_id) if practitioner_id else None


router = Router(
    "/",
    route_handlers=[
        list_types,
        add_type,
        show_type,
        change_type,
        replace_type,
        withdraw_type,
        show_template,
        put_template,
        show_exception,
        put_exception,
        delete_exception,
        free_slots,
        find_slots,
    ],
    tags=["Availability"],
)
