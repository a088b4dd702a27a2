"""Many days at once, and the time that is not taken away because somebody is booked in it."""

from datetime import date, timedelta

import pytest

from esante.kernel.errors import Conflict, Forbidden, Invalid
from esante.scheduling import availability, finder
from esante.scheduling.structs import BulkChange, BulkWish, DayExceptionWish, DayInterval, Slot
from tests.scheduling.practice import MONDAY, Practice, hours

TODAY = date(2026, 11, 16)
DAYS = [TODAY + timedelta(days=number) for number in range(7)]
EVENING = DayInterval(from_time="18:00", to_time="20:00")


async def bulk(practice: Practice, who: str = "amina", whose: str | None = None, **more: object) -> BulkChange:
    wish = BulkWish(**({"first": TODAY, "last": DAYS[-1]} | more))  # type: ignore[arg-type]
    change: BulkChange = await practice.do(who, availability.change_in_bulk, whose, wish)
    return change


def free(practice: Practice, day: date) -> list[Slot]:
    return practice.db.read(practice.actors["gwen"], finder.free_slots, practice.doctors["amina"], day, day, None)


async def test_it_works(practice: Practice) -> None:
    """A week away: what is new, what was replaced, what was left alone, and who is booked."""
    kept = await practice.book("chloe", MONDAY + hours(26))
    note = DayExceptionWish(note="A course")
    for day in (DAYS[2], DAYS[3]):
        await practice.do("amina", availability.put_exception, day, None, note)
    change = await bulk(practice, day_off=True)
    assert change.created == [DAYS[0], *DAYS[4:]]
    assert (change.updated, change.skipped) == ([], [DAYS[1], DAYS[2], DAYS[3]])
    assert [line.id for line in change.conflicts] == [kept.id]
    assert free(practice, DAYS[0]) == []
    assert free(practice, DAYS[1]) != []
    assert practice.taken(kept.id) == 2
    change = await bulk(practice, day_off=True, skip_existing=False, keep_booked=True)
    assert (change.created, change.skipped) == ([DAYS[1]], [])
    assert free(practice, DAYS[1]) == []
    assert practice.taken(kept.id) == 2


async def test_a_preview_changes_nothing(practice: Practice) -> None:
    before = practice.rows("SELECT count(*) FROM audit")
    change = await bulk(practice, day_off=True, preview=True)
    assert (change.preview, change.created) == (True, DAYS)
    assert practice.rows("SELECT (SELECT count(*) FROM availability_exception)") == [(0,)]
    assert practice.rows("SELECT count(*) FROM audit") == before


async def test_weekdays_are_chosen(practice: Practice) -> None:
    change = await bulk(practice, extra=[EVENING], weekdays=[2, 4])
    assert change.created == [DAYS[1], DAYS[3]]
    assert free(practice, DAYS[1])[-1].local_start == "2026-11-17T19:30:00"
    assert free(practice, DAYS[2])[-1].local_start == "2026-11-18T17:30:00"


async def test_ninety_two_days_at_most(practice: Practice) -> None:
    assert len((await bulk(practice, last=TODAY + timedelta(days=91), day_off=True)).created) == 92
    for wrong in ({"last": TODAY + timedelta(days=92)}, {"last": TODAY - timedelta(days=1)}):
        with pytest.raises(Invalid):
            await bulk(practice, day_off=True, **wrong)
    with pytest.raises(Invalid):
        await bulk(practice, extra=[EVENING, EVENING])


async def test_booked_time_is_not_taken_away(practice: Practice) -> None:
    """SC-05: 409, with who is booked; a visit that lay outside already is no reason."""
    kept = await practice.book("chloe", MONDAY + hours(2))
    outside = await practice.book("chloe", MONDAY + hours(12), patient_id=practice.patients["emma"])
    with pytest.raises(Conflict) as refused:
        await practice.do("amina", availability.put_exception, TODAY, None, DayExceptionWish(day_off=True))
    assert [line["id"] for line in refused.value.extra["conflicts"]] == [kept.id]
    assert practice.rows("SELECT count(*) FROM availability_exception") == [(0,)]
    around = [DayInterval(from_time="09:30", to_time="11:00")]
    change = await practice.do(
        "amina", availability.put_exception, TODAY, None, DayExceptionWish(day_off=True, extra=around)
    )
    assert [line.id for line in change.conflicts] == [outside.id]
    with pytest.raises(Conflict):
        await practice.do(
            "amina", availability.put_exception, TODAY, None, DayExceptionWish(day_off=True, extra=[EVENING])
        )


async def test_added_time_that_is_booked_is_not_taken_back(practice: Practice) -> None:
    await practice.do("amina", availability.put_exception, TODAY, None, DayExceptionWish(extra=[EVENING]))
    kept = await practice.book("emma", MONDAY + hours(10))
    with pytest.raises(Conflict):
        await practice.do("amina", availability.delete_exception, TODAY, None)
    change = await practice.do("amina", availability.delete_exception, TODAY, None, keep_booked=True)
    assert [line.id for line in change.conflicts] == [kept.id]


async def test_the_desk_speaks_for_the_practitioner_and_strangers_do_not(practice: Practice) -> None:
    assert (await bulk(practice, "chloe", practice.doctors["amina"], day_off=True)).created == DAYS
    for who, whose in (("bruno", practice.doctors["amina"]), ("driss", None), ("reader", practice.doctors["amina"])):
        with pytest.raises(Forbidden):
            await bulk(practice, who, whose, day_off=True)
