"""Series: every visit or none, at the same wall time also after the clocks have changed."""

from datetime import UTC, datetime, timedelta

import pytest

from esante.kernel.errors import Conflict, Forbidden, NotFound
from esante.scheduling import availability, service
from esante.scheduling.series import service as series
from esante.scheduling.series.structs import SeriesWish
from esante.scheduling.structs import Because, TemplateRow, TemplateWish
from tests.scheduling.practice import MONDAY, Practice, hours

TEN = MONDAY + hours(2)


def wish(practice: Practice, at: datetime = TEN, visits: int = 4, **more: object) -> SeriesWish:
    usual = {
        "practitioner_id": practice.doctors["amina"],
        "type_id": practice.types["visit"].id,
        "patient_id": practice.patients["driss"],
        "starts_at": at,
        "visits": visits,
    }
    return SeriesWish(**(usual | more))  # type: ignore[arg-type]


async def test_it_works(practice: Practice) -> None:
    made = await practice.do("chloe", series.book_series, wish(practice))
    assert [one.starts_at for one in made.appointments] == [TEN + timedelta(weeks=number) for number in range(4)]
    assert {(one.status, one.series_id) for one in made.appointments} == {("confirmed", made.id)}
    assert practice.rows("SELECT count(*) FROM occupancy")[0][0] == 8


async def test_all_conflicts_are_told_and_nothing_is_booked(practice: Practice) -> None:
    for number in (1, 3):
        await practice.book("emma", TEN + timedelta(weeks=number))
    before = practice.rows("SELECT (SELECT count(*) FROM occupancy), (SELECT count(*) FROM appointment)")
    with pytest.raises(Conflict) as refused:
        await practice.do("chloe", series.book_series, wish(practice))
    assert refused.value.code == "SERIES_CONFLICTS"
    conflicts = refused.value.extra["conflicts"]
    assert [one["localStart"] for one in conflicts] == ["2026-11-23T10:00:00", "2026-12-07T10:00:00"]
    assert {one["code"] for one in conflicts} == {"SLOT_TAKEN"}
    assert all(len(one["extra"]["nearest"]) == 3 for one in conflicts)
    assert practice.rows("SELECT (SELECT count(*) FROM occupancy), (SELECT count(*) FROM appointment)") == before


async def test_the_wall_time_stays_when_the_clocks_change(october: Practice) -> None:
    ten = datetime(2026, 10, 20, 8, 0, tzinfo=UTC)
    made = await october.do("chloe", series.book_series, wish(october, ten, 2))
    assert [one.starts_at for one in made.appointments] == [ten, datetime(2026, 10, 27, 9, 0, tzinfo=UTC)]
    assert {one.local_time for one in made.appointments} == {"10:00"}


async def test_a_wall_time_that_a_day_does_not_have_is_a_conflict(practice: Practice) -> None:
    row = TemplateRow(weekday=7, from_time="00:00", to_time="06:00")
    await practice.do("amina", availability.put_template, None, TemplateWish(rows=[row]))
    first = datetime(2027, 3, 14, 1, 30, tzinfo=UTC)
    with pytest.raises(Conflict) as refused:
        await practice.do("chloe", series.book_series, wish(practice, first, 4))
    assert [(one["localStart"], one["code"]) for one in refused.value.extra["conflicts"]] == [
        ("2027-03-28T02:30:00", "NO_SUCH_LOCAL_TIME")
    ]


async def test_every_second_week(practice: Practice) -> None:
    made = await practice.do("gwen", series.book_series, wish(practice, every_weeks=2, visits=3))
    assert made.appointments[-1].starts_at == TEN + timedelta(weeks=4)


async def test_cancelling_calls_off_what_is_still_to_come(practice: Practice) -> None:
    made = await practice.do("chloe", series.book_series, wish(practice))
    practice.at = TEN
    await practice.do("amina", service.complete_appointment, made.appointments[0].id)
    await practice.do("chloe", service.cancel_appointment, made.appointments[1].id, Because(reason="Because"))
    ended = await practice.do("chloe", series.cancel_series, made.id, Because(reason="Because"))
    assert [one.id for one in ended.appointments] == [one.id for one in made.appointments[2:]]
    assert practice.rows("SELECT count(*) FROM occupancy")[0][0] == 0


async def test_strangers(practice: Practice) -> None:
    made = await practice.do("chloe", series.book_series, wish(practice))
    with pytest.raises(Forbidden):
        await practice.do("driss", series.book_series, wish(practice))
    with pytest.raises(NotFound):
        await practice.do("bruno", series.book_series, wish(practice))
    with pytest.raises(NotFound):
        await practice.do("bruno", series.cancel_series, made.id, Because(reason="Because"))
    with pytest.raises(NotFound):
        await practice.do("chloe", series.cancel_series, "nothing", Because(reason="Because"))
