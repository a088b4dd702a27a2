"""The clinic's site, its hours, rooms and the scopes of assistants."""

import msgspec
import pytest

from esante.kernel.actor import ANONYMOUS
from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from esante.workplaces import service
from esante.workplaces.structs import (
    ImportedWorkplace,
    NewRoom,
    OpeningHours,
    RoomPatch,
    WorkplacePatch,
)
from tests.scheduling.practice import Practice


def hours(weekday: int, begin: str, end: str) -> OpeningHours:
    return OpeningHours(weekday=weekday, from_time=begin, to_time=end)


async def test_it_works(practice: Practice) -> None:
    wish = WorkplacePatch(name="House of Health", hours=[hours(6, "09:00", "12:00"), hours(6, "14:00", "17:00")])
    changed = await practice.do("gwen", service.change_workplace, practice.place, 1, wish)
    assert (changed.name, changed.version, len(changed.hours)) == ("House of Health", 2, 2)
    assert practice.actions(practice.place) == ["workplace.created", "workplace.updated"]
    seen = practice.db.read(practice.actors["driss"], service.show_workplace, practice.place)
    assert seen == changed


@pytest.mark.parametrize(
    "faulty",
    [
        [hours(1, "12:00", "09:00")],
        [hours(1, "12:00", "12:00")],
        [hours(1, "09:00", "12:00"), hours(1, "11:00", "13:00")],
    ],
)
async def test_hours_that_make_no_sense(practice: Practice, faulty: list[OpeningHours]) -> None:
    with pytest.raises(Invalid) as refused:
        await practice.do("gwen", service.change_workplace, practice.place, 1, WorkplacePatch(hours=faulty))
    assert refused.value.field == "hours"


async def test_hours_of_two_days_may_be_the_same(practice: Practice) -> None:
    week = WorkplacePatch(hours=[hours(1, "09:00", "12:00"), hours(2, "09:00", "12:00"), hours(1, "12:00", "13:00")])
    assert (await practice.do("gwen", service.change_workplace, practice.place, 1, week)).version == 2


def test_a_weekday_has_seven_days() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"hours": [{"weekday": 8, "from": "09:00", "to": "10:00"}]}, WorkplacePatch)


async def test_a_stale_version_is_refused(practice: Practice) -> None:
    with pytest.raises(Stale):
        await practice.do("gwen", service.change_workplace, practice.place, 7, WorkplacePatch(name="Other"))


async def test_there_is_one_own_site(practice: Practice) -> None:
    again = await practice.do("house", service.ensure_workplace, "Another")
    assert again.id == practice.place
    imported = await practice.do("house", service.import_workplace, ImportedWorkplace(name="Elsewhere"))
    assert practice.db.read(practice.actors["gwen"], service.the_workplace).id == practice.place
    listed = practice.db.read(practice.actors["gwen"], service.list_workplaces)
    assert [(place.id, place.source) for place in listed] == [(practice.place, "clinic"), (imported, "import")]


async def test_rooms_are_opened_renamed_and_closed(practice: Practice) -> None:
    room = await practice.do("gwen", service.add_room, practice.place, NewRoom(name="1", kind="chair"))
    with pytest.raises(Conflict):
        await practice.do("gwen", service.add_room, practice.place, NewRoom(name="1"))
    renamed = await practice.do("gwen", service.change_room, room.id, 1, RoomPatch(name="2"))
    assert (renamed.name, renamed.version) == ("2", 2)
    closed = await practice.do("gwen", service.close_room, room.id)
    assert not closed.is_active
    assert await practice.do("gwen", service.close_room, room.id) == closed
    listed = practice.db.read(practice.actors["chloe"], service.list_rooms, practice.place)
    assert listed == [closed]


async def test_scopes_are_what_was_granted_last(practice: Practice) -> None:
    chloe = practice.actors["chloe"].id
    assert len(practice.db.read(practice.actors["gwen"], service.scopes_of, chloe)) == 3
    await practice.do("house", service.grant_scopes, chloe, practice.place, ["billing"])
    assert practice.db.read(practice.actors["gwen"], service.scopes_of, chloe) == {(practice.place, "*", "billing")}


async def test_strangers(practice: Practice) -> None:
    for who in ("driss", "amina", "chloe"):
        with pytest.raises(Forbidden):
            await practice.do(who, service.change_workplace, practice.place, 1, WorkplacePatch(name="Mine"))
        with pytest.raises(Forbidden):
            await practice.do(who, service.add_room, practice.place, NewRoom(name="Mine"))
    with pytest.raises(Forbidden):
        practice.db.read(ANONYMOUS, service.list_workplaces)
    with pytest.raises(NotFound):
        practice.db.read(practice.actors["gwen"], service.show_workplace, "nothing")
