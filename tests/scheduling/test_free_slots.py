"""Free times: what is offered, what is not, and the days when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esante.kernel.actor import ANONYMOUS
from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from esante.kernel.transaction import WriteTx
from esante.people.practitioners.service import suspend_practitioner
from esante.people.structs import DecisionReason
from esante.scheduling import availability, finder, service, slots, types
from esante.scheduling.structs import (
    Because,
    DayExceptionWish,
    DayInterval,
    NewAppointmentType,
    Slot,
    SlotFilter,
    TemplateRow,
    TemplateWish,
)
from esante.workplaces import service as workplaces
from esante.workplaces.structs import NewRoom, RoomPatch
from tests.scheduling.practice import MONDAY, Practice, hours

PARIS = ZoneInfo("Europe/Paris")
TODAY = date(2026, 11, 16)
TEN = MONDAY + hours(2)


def free(practice: Practice, first: date = TODAY, last: date = TODAY, who: str = "driss", **more: str) -> list[Slot]:
    kind = practice.types[more["kind"]].id if "kind" in more else None
    doctor = practice.doctors[more.get("doctor", "amina")]
    return practice.db.read(practice.actors[who], finder.free_slots, doctor, first, last, kind)


def walls(found: list[Slot]) -> list[str]:
    return [slot.local_start[11:16] for slot in found]


async def test_it_works(practice: Practice) -> None:
    found = free(practice)
    assert walls(found)[:3] == ["08:30", "09:00", "09:30"]
    assert walls(found)[-1] == "17:30"
    assert found[0].starts_at == MONDAY + timedelta(minutes=30)
    assert found[0].ends_at == MONDAY + timedelta(minutes=60)


async def test_the_past_and_the_lead_time_are_not_offered(practice: Practice) -> None:
    practice.at = TEN + timedelta(minutes=1)
    assert walls(free(practice))[0] == "11:00"
    assert walls(free(practice, who="chloe"))[0] == "10:30"


async def test_beyond_the_horizon_nothing_for_patients(practice: Practice) -> None:
    far = TODAY + timedelta(days=182)
    assert free(practice, far, far) == []
    assert free(practice, far, far, who="chloe") != []


async def test_what_is_taken_or_held_is_not_offered_and_comes_back(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    assert "10:00" not in walls(free(practice))
    await practice.do("amina", service.reject_appointment, kept.id, Because(reason="Away"))
    assert "10:00" in walls(free(practice))


async def test_a_hold_that_has_run_out_is_free_before_its_job_has_run(practice: Practice) -> None:
    day = TODAY + timedelta(days=3)
    await practice.book("driss", TEN + timedelta(days=3))
    assert "10:00" not in walls(free(practice, day, day))
    practice.at += hours(24)
    assert "10:00" in walls(free(practice, day, day))


async def test_a_type_gives_the_length(practice: Practice) -> None:
    await practice.book("driss", TEN)
    found = walls(free(practice, kind="long"))
    assert "09:30" not in found
    assert "09:00" in found
    assert found[-1] == "17:00"


async def test_a_type_that_needs_a_chair_needs_a_free_one(practice: Practice) -> None:
    def furnish(tx: WriteTx) -> None:
        tx.actor = practice.actors["gwen"]
        workplaces.add_room(tx, workplaces.the_workplace_id(tx), NewRoom(name="Chair 1", kind="chair"))
        wish = NewAppointmentType(name="scaling", price_minor=1, duration_minutes=30, room_kind="chair")
        practice.types["scaling"] = types.make_type(tx, wish)

    await practice.do("gwen", furnish)
    booked = await practice.book("driss", TEN, kind="scaling", doctor="bruno")
    assert booked.room_id is not None
    assert practice.taken(booked.id) == 3
    assert "10:00" not in walls(free(practice, kind="scaling"))
    assert "10:00" in walls(free(practice))
    with pytest.raises(Exception, match="taken") as refused:
        await practice.book("emma", TEN, kind="scaling")
    assert refused.value.extra["resource"] == "room"  # type: ignore[attr-defined]

    closed = await practice.do("gwen", workplaces.change_room, booked.room_id, 1, RoomPatch(is_active=False))
    assert not closed.is_active
    assert free(practice, kind="scaling") == []


async def test_a_day_off_and_time_beside_the_template(practice: Practice) -> None:
    sunday = date(2026, 11, 22)
    await practice.do("amina", availability.put_exception, TODAY, None, DayExceptionWish(day_off=True))
    extra = DayExceptionWish(extra=[DayInterval(from_time="09:00", to_time="10:00", slot_minutes=20)])
    await practice.do("amina", availability.put_exception, sunday, None, extra)
    assert free(practice) == []
    assert walls(free(practice, sunday, sunday)) == ["09:00", "09:20", "09:40"]


async def test_time_that_the_template_has_already_is_offered_once(practice: Practice) -> None:
    extra = DayExceptionWish(extra=[DayInterval(from_time="17:00", to_time="19:00")])
    await practice.do("amina", availability.put_exception, TODAY, None, extra)
    assert walls(free(practice))[-4:] == ["17:00", "17:30", "18:00", "18:30"]


async def test_the_spring_day_has_no_hour_from_two_to_three(practice: Practice) -> None:
    day = date(2027, 3, 28)
    night = DayExceptionWish(extra=[DayInterval(from_time="01:00", to_time="04:00")])
    await practice.do("amina", availability.put_exception, day, None, night)
    found = free(practice, day, day, who="chloe")
    assert walls(found) == ["01:00", "01:30", "03:00", "03:30"]
    assert found[1].ends_at == found[2].starts_at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


async def test_the_autumn_day_offers_each_wall_time_once(october: Practice) -> None:
    day = date(2026, 10, 25)
    night = DayExceptionWish(extra=[DayInterval(from_time="01:00", to_time="04:00")])
    await october.do("amina", availability.put_exception, day, None, night)
    found = free(october, day, day)
    assert walls(found) == ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]
    assert found[3].starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert found[4].starts_at == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)


async def test_working_hours_stay_at_the_same_wall_time(october: Practice) -> None:
    found = free(october, date(2026, 10, 23), date(2026, 10, 26))
    first_of = {slot.local_start[:10]: slot for slot in reversed(found)}
    assert first_of["2026-10-23"].starts_at == datetime(2026, 10, 23, 6, 0, tzinfo=UTC)
    assert first_of["2026-10-26"].starts_at == datetime(2026, 10, 26, 7, 0, tzinfo=UTC)


@given(
    day=st.sampled_from([date(2027, 3, 28), date(2026, 10, 25), date(2026, 11, 16)]),
    start=st.integers(0, 280),
    length=st.integers(1, 100),
    step=st.integers(1, 12),
    minutes=st.integers(1, 12),
)
def test_every_slot_lies_inside_its_interval(day: date, start: int, length: int, step: int, minutes: int) -> None:
    end = min(start + length, 287)
    interval = DayInterval(
        from_time=f"{start // 12:02}:{start % 12 * 5:02}",
        to_time=f"{end // 12:02}:{end % 12 * 5:02}",
        slot_minutes=step * 5,
    )
    last = None
    for at, wall in slots.starts_within(interval, day, PARIS, minutes * 5):
        assert at.astimezone(PARIS).replace(tzinfo=None) == wall
        assert slots.covers(interval, day, PARIS, at, at + timedelta(minutes=minutes * 5))
        assert last is None or at > last
        last = at


async def test_the_finder_names_the_soonest_of_all(practice: Practice) -> None:
    def find(specialty: str | None) -> list[Slot]:
        return practice.db.read(practice.actors["driss"], finder.find_slots, SlotFilter(specialty=specialty), 4)

    assert len(find(None)) == 4
    assert [slot.practitioner_id for slot in find(None)[:2]] == sorted(practice.doctors.values())
    assert {slot.practitioner_id for slot in find("MEDECINE generale")} == {practice.doctors["amina"]}
    assert find("astrology") == []


async def test_at_most_ninety_two_days(practice: Practice) -> None:
    with pytest.raises(Invalid):
        free(practice, TODAY, TODAY + timedelta(days=92))


async def test_who_is_not_approved_is_not_bookable(practice: Practice) -> None:
    await practice.do("gwen", suspend_practitioner, practice.doctors["bruno"], DecisionReason(reason="Under review"))
    with pytest.raises(NotFound):
        free(practice, doctor="bruno")
    with pytest.raises(NotFound):
        await practice.book("driss", TEN, doctor="bruno")


async def test_the_stranger(practice: Practice) -> None:
    with pytest.raises(Forbidden):
        practice.db.read(ANONYMOUS, finder.free_slots, practice.doctors["amina"], None, None, None)


# ------------------------------------------------------------------- the template


async def test_a_template_is_replaced_and_live_appointments_outside_are_listed(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    afternoon = TemplateWish(rows=[TemplateRow(weekday=1, from_time="14:00", to_time="18:00")])
    change = await practice.do("amina", availability.put_template, None, afternoon)
    assert [line.id for line in change.conflicts] == [kept.id]
    assert practice.taken(kept.id) == 2
    await practice.do("amina", availability.put_template, None, TemplateWish(rows=[]))
    back = TemplateWish(rows=[TemplateRow(weekday=1, from_time="08:00", to_time="18:00")])
    assert (await practice.do("amina", availability.put_template, None, back)).conflicts == []
    assert "10:00" not in walls(free(practice))


async def test_a_day_off_lists_who_is_booked(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    with pytest.raises(Conflict) as refused:
        await practice.do("amina", availability.put_exception, TODAY, None, DayExceptionWish(day_off=True))
    assert refused.value.code == "BOOKED"
    assert [line["id"] for line in refused.value.extra["conflicts"]] == [kept.id]
    off = DayExceptionWish(day_off=True, keep_booked=True)
    change = await practice.do("amina", availability.put_exception, TODAY, None, off)
    assert [line.id for line in change.conflicts] == [kept.id]
    again = await practice.do("amina", availability.delete_exception, TODAY, None)
    assert again.conflicts == []
    with pytest.raises(NotFound):
        await practice.do("amina", availability.delete_exception, TODAY, None)


@pytest.mark.parametrize(
    "rows",
    [
        [("10:00", "09:00")],
        [("09:00", "09:00")],
        [("09:02", "10:00")],
        [("09:00", "11:00"), ("10:30", "12:00")],
    ],
)
async def test_rows_that_make_no_sense(practice: Practice, rows: list[tuple[str, str]]) -> None:
    wish = TemplateWish(rows=[TemplateRow(weekday=2, from_time=begin, to_time=end) for begin, end in rows])
    with pytest.raises(Invalid):
        await practice.do("amina", availability.put_template, None, wish)


async def test_rows_hold_between_their_days(practice: Practice) -> None:
    week = timedelta(days=7)
    rows = [
        TemplateRow(weekday=1, from_time="08:00", to_time="09:00", valid_to=TODAY),
        TemplateRow(weekday=1, from_time="08:30", to_time="10:00", valid_from=TODAY + week),
    ]
    await practice.do("amina", availability.put_template, None, TemplateWish(rows=rows))
    assert walls(free(practice)) == ["08:30"]
    assert walls(free(practice, TODAY + week, TODAY + week)) == ["08:30", "09:00", "09:30"]


async def test_whose_template(practice: Practice) -> None:
    other = practice.doctors["bruno"]
    assert practice.db.read(practice.actors["chloe"], availability.show_template, other).practitioner_id == other
    assert practice.db.read(practice.actors["gwen"], availability.show_template, other).practitioner_id == other
    for who in ("amina", "reader", "driss", "farid"):
        with pytest.raises(Forbidden):
            practice.db.read(practice.actors[who], availability.show_template, other)
