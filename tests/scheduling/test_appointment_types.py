"""The kinds of visit."""

import msgspec
import pytest

from esante.kernel.errors import Conflict, Forbidden, NotFound, Stale
from esante.scheduling import types
from esante.scheduling.structs import AppointmentTypePatch, NewAppointmentType
from tests.scheduling.practice import MONDAY, Practice, hours

NEW = NewAppointmentType(name="Check-up", price_minor=4000, duration_minutes=45, color="#00ff00")


async def test_it_works(practice: Practice) -> None:
    made = await practice.do("gwen", types.add_type, NEW)
    assert (made.currency, made.auto_confirm, made.version) == ("EUR", False, 1)
    listed = practice.db.read(practice.actors["driss"], types.list_types)
    assert [kind.name for kind in listed] == ["Check-up", "control", "long", "visit"]
    assert practice.actions(made.id) == ["appointment_type.created"]


@pytest.mark.parametrize(
    "fault", [{"durationMinutes": 7}, {"color": "green"}, {"priceMinor": -1}, {"name": ""}, {"currency": "XXX"}]
)
def test_what_makes_no_sense_is_refused(fault: dict[str, object]) -> None:
    good = {"name": "Check-up", "priceMinor": 1, "durationMinutes": 30, "color": "#00ff00"}
    msgspec.convert(good, NewAppointmentType)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(good | fault, NewAppointmentType)


async def test_a_stale_version_is_refused(practice: Practice) -> None:
    kind = practice.types["visit"]
    changed = await practice.do("gwen", types.change_type, kind.id, 1, AppointmentTypePatch(price_minor=1))
    assert (changed.version, changed.price_minor) == (2, 1)
    with pytest.raises(Stale):
        await practice.do("gwen", types.change_type, kind.id, 1, AppointmentTypePatch(price_minor=2))


async def test_no_two_of_one_name(practice: Practice) -> None:
    await practice.do("gwen", types.add_type, NEW)
    with pytest.raises(Conflict) as refused:
        await practice.do("gwen", types.add_type, NEW)
    assert refused.value.code == "NAME_TAKEN"


async def test_a_withdrawn_one_takes_no_appointment_and_keeps_the_old(practice: Practice) -> None:
    kept = await practice.book("driss", MONDAY + hours(2))
    assert not (await practice.do("gwen", types.withdraw_type, kept.type_id)).is_active
    with pytest.raises(NotFound):
        await practice.book("emma", MONDAY + hours(3))
    assert practice.taken(kept.id) == 2
    shown = practice.db.read(practice.actors["gwen"], types.list_types, withdrawn=True)
    assert kept.type_id in [kind.id for kind in shown]


async def test_strangers(practice: Practice) -> None:
    for who in ("driss", "amina", "chloe", "farid"):
        with pytest.raises(Forbidden):
            await practice.do(who, types.add_type, NEW)
