"""The use cases of appointment types."""

import msgspec
from msgspec import UNSET

from esante.kernel.errors import Conflict, NotFound, check_version
from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PractitionerId
from esante.scheduling import availability_store as store
from esante.scheduling import policy
from esante.scheduling.events import AppointmentTypeCreated, AppointmentTypeUpdated, OwnPriceSet
from esante.scheduling.structs import (
    AppointmentType,
    AppointmentTypeId,
    AppointmentTypePatch,
    NewAppointmentType,
    OwnPrice,
    OwnPriceWish,
)


def list_types(tx: ReadTx, *, withdrawn: bool = False) -> list[AppointmentType]:
    """The kinds of visit that can be booked; with `withdrawn`, for staff, those too that no longer can."""
    policy.may_see_slots(tx)
    return store.types(tx, only_active=not withdrawn or tx.actor.role == "patient")


def show_type(tx: ReadTx, type_id: AppointmentTypeId) -> AppointmentType:
    """One kind of visit."""
    policy.may_see_slots(tx)
    return appointment_type(tx, type_id)


def add_type(tx: WriteTx, new: NewAppointmentType) -> AppointmentType:
    """Add a kind of visit, priced in the clinic's currency. Its name is not another active one's."""
    policy.may_keep_types(tx)
    return make_type(tx, new)


def make_type(tx: WriteTx, new: NewAppointmentType) -> AppointmentType:
    """Add a kind of visit. For the house: a new clinic and the demo."""
    _name_is_free(tx, new.name)
    made = AppointmentType(
        id=AppointmentTypeId(new_id()),
        **msgspec.structs.asdict(new),
        currency=tx.settings.currency,
        is_active=True,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    store.insert_type(tx, made)
    tx.record(AppointmentTypeCreated(subject=made.id))
    return made


def change_type(tx: WriteTx, type_id: AppointmentTypeId, version: int, patch: AppointmentTypePatch) -> AppointmentType:
    """Change what is given, for appointments to come: those already booked keep name, price and length."""
    policy.may_keep_types(tx)
    kept = appointment_type(tx, type_id)
    check_version(kept.version, version, current=msgspec.to_builtins(kept))
    given = {
        name: value
        for name, value in msgspec.structs.asdict(patch).items()
        if value is not UNSET and value != getattr(kept, name)
    }
    if not given:
        return kept
    changed = msgspec.structs.replace(kept, **given, version=kept.version + 1, updated_at=tx.now)
    if changed.is_active and ("name" in given or "is_active" in given):
        _name_is_free(tx, changed.name)
    store.update_type(tx, changed)
    tx.record(AppointmentTypeUpdated(subject=kept.id, version=changed.version, fields=sorted(given)))
    return changed


def replace_type(tx: WriteTx, type_id: AppointmentTypeId, version: int, new: NewAppointmentType) -> AppointmentType:
    """Like `change_type`, with every field given; what is left out is as for a new one."""
    policy.may_keep_types(tx)
    return change_type(tx, type_id, version, AppointmentTypePatch(**msgspec.structs.asdict(new)))


def withdraw_type(tx: WriteTx, type_id: AppointmentTypeId) -> AppointmentType:
    """No new appointment of this kind; those that are booked stay. Withdrawing it again changes nothing."""
    policy.may_keep_types(tx)
    kept = appointment_type(tx, type_id)
    return change_type(tx, type_id, kept.version, AppointmentTypePatch(is_active=False))


def appointment_type(tx: ReadTx, type_id: AppointmentTypeId) -> AppointmentType:
    """A kind of visit by its id. For other rooms."""
    found = store.appointment_type(tx, type_id)
    if found is None:
        raise NotFound("There is no such appointment type")
    return found


def bookable_type(
    tx: ReadTx, type_id: AppointmentTypeId, practitioner_id: PractitionerId | None = None
) -> AppointmentType:
    """A kind of visit that takes new appointments, at the price that it has with the practitioner. For other rooms."""
    found = (
        store.appointment_type_with(tx, type_id, practitioner_id)
        if practitioner_id
        else store.appointment_type(tx, type_id)
    )
    if found is None or not found.is_active:
        raise NotFound("There is no such appointment type")
    return found


def buffer_of(tx: ReadTx, kind: AppointmentType) -> int:
    """How many minutes stay free after such a visit: its own, or else the clinic's. For other rooms."""
    return tx.settings.buffer_minutes if kind.buffer_minutes is None else kind.buffer_minutes


def list_own_prices(tx: ReadTx, type_id: AppointmentTypeId) -> list[OwnPrice]:
    """Which practitioners ask another price for this kind of visit."""
    policy.may_see_slots(tx)
    return store.own_prices(tx, appointment_type(tx, type_id).id)


def set_own_price(
    tx: WriteTx, type_id: AppointmentTypeId, practitioner_id: PractitionerId, wish: OwnPriceWish
) -> OwnPrice:
    """What the type costs with this practitioner, for appointments to come. Admins only."""
    policy.may_keep_types(tx)
    kind = appointment_type(tx, type_id)
    price = OwnPrice(
        type_id=kind.id,
        practitioner_id=people.practitioner_brief(tx, practitioner_id).id,
        price_minor=wish.price_minor,
        updated_at=tx.now,
    )
    store.put_own_price(tx, price)
    tx.record(OwnPriceSet(subject=kind.id, practitioner_id=practitioner_id))
    return price


def drop_own_price(tx: WriteTx, type_id: AppointmentTypeId, practitioner_id: PractitionerId) -> None:
    """The type's own price holds again. Admins only; `NotFound` when there was none."""
    policy.may_keep_types(tx)
    if not store.delete_own_price(tx, type_id, practitioner_id):
        raise NotFound("This practitioner has no price of their own")
    tx.record(OwnPriceSet(subject=type_id, practitioner_id=practitioner_id, withdrawn=True))


def _name_is_free(tx: ReadTx, name: str) -> None:
    if store.type_named(tx, name) is not None:
        raise Conflict("There is already an appointment type of that name", code="NAME_TAKEN")
