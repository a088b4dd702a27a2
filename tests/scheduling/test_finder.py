"""The slot finder: next free with anybody of a specialty, mornings, half an hour."""

from datetime import date, timedelta
from typing import Any

import pytest

from esante.kernel.errors import Invalid, NotFound
from esante.scheduling import finder
from esante.scheduling.structs import Slot, SlotFilter
from tests.scheduling.practice import MONDAY, Practice, hours

TODAY = date(2026, 11, 16)


def find(practice: Practice, limit: int = 3, who: str = "chloe", **more: Any) -> list[Slot]:
    return practice.db.read(practice.actors[who], finder.find_slots, SlotFilter(**more), limit)


def walls(found: list[Slot]) -> list[str]:
    return [slot.local_start[5:16] for slot in found]


async def test_it_works(practice: Practice) -> None:
    """Next free with any dentist, afternoons, half an hour."""
    found = find(practice, specialty="dentist", part_of_day="afternoon", minutes=30)
    assert walls(found) == ["11-16T12:00", "11-16T12:30", "11-16T13:00"]
    assert {slot.practitioner_id for slot in found} == {practice.doctors["bruno"]}


async def test_soonest_first_whoever_it_is(practice: Practice) -> None:
    practice.at = MONDAY + hours(9)
    await practice.book("chloe", MONDAY + hours(9), doctor="amina")
    found = find(practice, 3)
    assert walls(found) == ["11-16T17:00", "11-16T17:30", "11-16T17:30"]
    assert found[0].practitioner_id == practice.doctors["bruno"]


@pytest.mark.parametrize(
    ("part", "first", "last"),
    [("morning", "08:00", "11:30"), ("afternoon", "12:00", "16:30"), ("evening", "17:00", "17:30")],
)
async def test_parts_of_the_day(practice: Practice, part: str, first: str, last: str) -> None:
    day = TODAY + timedelta(days=1)
    found = find(practice, 100, practitioner_id=practice.doctors["amina"], first=day, last=day, part_of_day=part)
    assert (found[0].local_start[11:16], found[-1].local_start[11:16]) == (first, last)


async def test_weekdays(practice: Practice) -> None:
    found = find(practice, 100, weekdays=frozenset({4, 6}), practitioner_id=practice.doctors["amina"])
    assert {slot.local_start[:10] for slot in found} == {"2026-11-19"}


async def test_a_length_without_a_type(practice: Practice) -> None:
    for number in range(1, 20, 2):
        await practice.book("chloe", MONDAY + timedelta(minutes=30 * number))
    assert walls(find(practice, 1, practitioner_id=practice.doctors["amina"], minutes=60)) == ["11-17T08:00"]
    for minutes in (7, 0, 1000):
        with pytest.raises(Invalid):
            find(practice, minutes=minutes)


async def test_ninety_two_days_ahead(practice: Practice) -> None:
    """The first free time lies on the last day: everything before it is off."""
    last = TODAY + timedelta(days=91)
    found = find(practice, 1, first=last, last=last)
    assert found == find(practice, 1, last=last, weekdays=frozenset({last.isoweekday()}), first=last)
    with pytest.raises(Invalid):
        find(practice, last=TODAY + timedelta(days=92))


async def test_patients_are_offered_what_they_may_book(practice: Practice) -> None:
    practice.at = MONDAY + timedelta(minutes=45)
    assert walls(find(practice, 1, "chloe", practitioner_id=practice.doctors["amina"])) == ["11-16T09:00"]
    assert walls(find(practice, 1, "driss", practitioner_id=practice.doctors["amina"])) == ["11-16T09:30"]


async def test_it_agrees_with_the_free_times_of_each(practice: Practice) -> None:
    """Whatever is booked, the finder gives what a look at each practitioner gives."""
    for number in range(0, 60, 7):
        await practice.book("chloe", MONDAY + timedelta(hours=number % 9, days=number // 9 % 5))
    last = TODAY + timedelta(days=13)
    each = [
        slot
        for name in ("amina", "bruno")
        for slot in practice.db.read(
            practice.actors["chloe"], finder.free_slots, practice.doctors[name], TODAY, last, None
        )
    ]
    expected = sorted(each, key=lambda slot: (slot.starts_at, slot.practitioner_id))
    assert find(practice, 10_000, last=last) == expected


async def test_nobody_of_that_name(practice: Practice) -> None:
    assert find(practice, specialty="astrology") == []
    with pytest.raises(NotFound):
        find(practice, practitioner_id="nobody")
