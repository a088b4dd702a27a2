"""The HTTP door of appointment types, availability and free times; mounted by `routes`."""

from datetime import date
from typing import Annotated

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import JSONBody, QueryParameter

from esante.kernel.access import SIGNED_IN, roles
from esante.kernel.dependencies import Db, IfMatch, Me, OnceKey, tagged
from esante.kernel.structs import Page
from esante.people.structs import PractitionerId
from esante.scheduling import availability, finder, types
from esante.scheduling.structs import (
    AppointmentType,
    AppointmentTypeId,
    AppointmentTypePatch,
    BulkChange,
    BulkWish,
    DayChange,
    DayException,
    DayExceptionWish,
    NewAppointmentType,
    OwnPrice,
    OwnPriceWish,
    PartOfDay,
    Slot,
    SlotFilter,
    Template,
    TemplateChange,
    TemplateWish,
)
from esante.workplaces.structs import Weekday, WorkplaceId

KEEPERS = roles("doctor", "assistant", "admin")

From = Annotated[date | None, QueryParameter(name="from", description="The first local day; default today")]
Until = Annotated[date | None, QueryParameter(name="to", description="The last local day; default six days later")]
TypeId = Annotated[str | None, QueryParameter(name="typeId", description="Slots as long as this type asks for")]
Whose = Annotated[str | None, QueryParameter(name="practitionerId", description="For the desk and admins: whose")]
Practitioner = Annotated[str | None, QueryParameter(name="practitionerId", description="Of this one only")]
Place = Annotated[str | None, QueryParameter(name="workplaceId", description="At this site only")]
Minutes = Annotated[int | None, QueryParameter(name="minutes", ge=5, le=480, description="The length, without a type")]
Part = Annotated[PartOfDay | None, QueryParameter(name="partOfDay", description="By the wall time of the start")]
Weekdays = Annotated[list[Weekday] | None, QueryParameter(name="weekday", description="1 is Monday; may be repeated")]
KeepBooked = Annotated[
    bool, QueryParameter(name="keepBooked", description="Visits stay although they then lie outside")
]
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


@get("/appointment-types/{type_id:str}/prices", access=SIGNED_IN)
async def list_own_prices(type_id: str, db: Db, actor: Me) -> Page[OwnPrice]:
    """Which practitioners ask another price for this kind of visit."""
    return Page(items=db.read(actor, types.list_own_prices, AppointmentTypeId(type_id)))


@put("/appointment-types/{type_id:str}/prices/{practitioner_id:str}", access=roles("admin"))
async def set_own_price(
    type_id: str, practitioner_id: str, data: JSONBody[OwnPriceWish], db: Db, actor: Me
) -> OwnPrice:
    """What this kind of visit costs with this practitioner, for appointments to come."""
    whose = PractitionerId(practitioner_id)
    return await db.write(actor, types.set_own_price, AppointmentTypeId(type_id), whose, data)


@delete("/appointment-types/{type_id:str}/prices/{practitioner_id:str}", access=roles("admin"))
async def drop_own_price(type_id: str, practitioner_id: str, db: Db, actor: Me) -> None:
    """The type's own price holds again."""
    await db.write(actor, types.drop_own_price, AppointmentTypeId(type_id), PractitionerId(practitioner_id))


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
    """A day off, or time beside the template; 409 `BOOKED` when a visit would lie outside, unless `keepBooked`."""
    return await db.write(actor, availability.put_exception, day, _whose(practitioner_id), data)


@delete("/availability/exceptions/{day:date}", access=KEEPERS, status_code=200)
async def delete_exception(
    day: date, db: Db, actor: Me, practitioner_id: Whose = None, keep_booked: KeepBooked = False
) -> DayChange:
    """The day is like its weekday again; 409 `BOOKED` when a visit lies in the added time."""
    whose = _whose(practitioner_id)
    return await db.write(actor, availability.delete_exception, day, whose, keep_booked=keep_booked)


@post("/availability/bulk", access=KEEPERS, status_code=200)
async def change_in_bulk(
    data: JSONBody[BulkWish], db: Db, actor: Me, once: OnceKey, practitioner_id: Whose = None
) -> BulkChange:
    """The same for many days, 92 at most; with `preview` nothing is changed. Booked days are skipped and their visits listed."""
    return await db.write_once(once, actor, availability.change_in_bulk, _whose(practitioner_id), data)


@get("/doctors/{practitioner_id:str}/slots", access=SIGNED_IN)
async def free_slots(
    practitioner_id: str,
    db: Db,
    actor: Me,
    first: From = None,
    last: Until = None,
    type_id: TypeId = None,
    workplace_id: Place = None,
) -> Page[Slot]:
    """The free times of one practitioner, 92 days at most; each says at which site it is."""
    kind = AppointmentTypeId(type_id) if type_id else None
    place = WorkplaceId(workplace_id) if workplace_id else None
    return Page(items=db.read(actor, finder.free_slots, PractitionerId(practitioner_id), first, last, kind, place))


@get("/slots", access=SIGNED_IN)
async def find_slots(
    db: Db,
    actor: Me,
    specialty: str | None = None,
    practitioner_id: Practitioner = None,
    workplace_id: Place = None,
    first: From = None,
    last: Until = None,
    type_id: TypeId = None,
    minutes: Minutes = None,
    part_of_day: Part = None,
    weekday: Weekdays = None,
    limit: First = 20,
) -> Page[Slot]:
    """The first free times of all practitioners, or of one specialty, soonest first: "next free with any dermatologist,
    mornings, 30 minutes"."""
    asked = SlotFilter(
        first=first,
        last=last,
        specialty=specialty,
        practitioner_id=_whose(practitioner_id),
        workplace_id=WorkplaceId(workplace_id) if workplace_id else None,
        type_id=AppointmentTypeId(type_id) if type_id else None,
        minutes=minutes,
        part_of_day=part_of_day,
        weekdays=frozenset(weekday or ()),
    )
    return Page(items=await db.scan(actor, finder.find_slots, asked, limit))


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
        list_own_prices,
        set_own_price,
        drop_own_price,
        show_template,
        put_template,
        show_exception,
        put_exception,
        delete_exception,
        change_in_bulk,
        free_slots,
        find_slots,
    ],
    tags=["Availability"],
)
