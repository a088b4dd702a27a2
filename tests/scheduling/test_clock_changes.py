"""Row 52: the two Sundays of Europe/Paris, and the Ramadan shifts of Africa/Casablanca: slots, reminders, board and ICS."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from esante.kernel.errors import Invalid
from esante.scheduling import agenda, availability, finder, service
from esante.scheduling.calendars import service as calendars
from esante.scheduling.reminders import service as reminders
from esante.scheduling.structs import (
    Appointment,
    AppointmentFilter,
    RescheduleRequest,
    Slot,
    TemplateRow,
    TemplateWish,
)
from tests.scheduling.practice import HOUSE, Practice

# zone · day · hours of the day · what 03:00 that night is in UTC · whether 02:30 exists, and how often
CHANGES = [
    pytest.param("Europe/Paris", date(2026, 3, 29), 23, id="paris-spring"),
    pytest.param("Europe/Paris", date(2026, 10, 25), 25, id="paris-autumn"),
    # Morocco is at UTC+1, and at UTC+0 in Ramadan: back on the Sunday before it, forth on the Sunday after it.
    pytest.param("Africa/Casablanca", date(2026, 2, 15), 25, id="casablanca-ramadan-begins"),
    pytest.param("Africa/Casablanca", date(2026, 3, 22), 23, id="casablanca-ramadan-ends"),
]
NIGHT_AND_DAY = [("00:00", "06:00"), ("08:00", "12:00"), ("22:00", "23:55")]


async def open_round_the_clock(practice: Practice, zone: str, day: date) -> ZoneInfo:
    """Before the day, with availability through the night and the morning of every day."""
    practice.at = datetime.combine(day - timedelta(days=10), datetime.min.time(), UTC) + timedelta(hours=7)
    await practice.set(time_zone=zone)
    week = [TemplateRow(weekday=one, from_time=a, to_time=b) for one in range(1, 8) for a, b in NIGHT_AND_DAY]
    await practice.do("amina", availability.put_template, None, TemplateWish(rows=week))
    return ZoneInfo(zone)


@pytest.fixture
def practice(early: Practice) -> Practice:
    return early


def free(practice: Practice, day: date) -> list[Slot]:
    return practice.db.read(
        practice.actors["driss"], finder.free_slots, practice.doctors["amina"], day, day, practice.types["visit"].id
    )


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time())  # noqa: DTZ007


async def sure(practice: Practice, wall: datetime, **more: Any) -> Appointment:
    return await practice.book("chloe", wall, **more)


@pytest.mark.parametrize(("zone_name", "day", "length"), CHANGES)
async def test_row_52_slots(practice: Practice, zone_name: str, day: date, length: int) -> None:
    """Every slot is half an hour, none overlaps, none lies in the hour that is skipped, none comes twice."""
    zone = await open_round_the_clock(practice, zone_name, day)
    found = free(practice, day)
    begin = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone).astimezone(UTC)
    assert (end - begin) == timedelta(hours=length)
    assert all(begin <= slot.starts_at and slot.ends_at <= end for slot in found)
    assert all(slot.ends_at - slot.starts_at == timedelta(minutes=30) for slot in found)
    assert all(one.ends_at <= two.starts_at for one, two in itertools.pairwise(found))
    walls = [slot.local_start[11:16] for slot in found]
    assert len(set(walls)) == len(walls)
    for slot in found:
        assert slot.starts_at.astimezone(zone).strftime("%H:%M") == slot.local_start[11:16]
    skipped = {"02:00", "02:30"} if length == 23 else set()
    assert set(walls) & {"01:30", "02:00", "02:30", "03:00"} == {"01:30", "02:00", "02:30", "03:00"} - skipped
    assert [wall for wall in walls if "08:00" <= wall < "12:00"] == [
        f"{h:02}:{m}" for h in range(8, 12) for m in ("00", "30")
    ]


@pytest.mark.parametrize(("zone_name", "day", "length"), CHANGES)
async def test_row_52_booking_by_wall_time(practice: Practice, zone_name: str, day: date, length: int) -> None:
    """A wall time that is skipped is refused; of one that comes twice the first is meant, and the second can be named."""
    zone = await open_round_the_clock(practice, zone_name, day)
    if length == 23:
        for wall in ("02:00", "02:30", "02:55"):
            with pytest.raises(Invalid) as refused:
                await sure(practice, at(day, wall))
            assert refused.value.code == "NO_SUCH_LOCAL_TIME"
    else:
        first = await sure(practice, at(day, "02:30"))
        second = await sure(practice, first.starts_at + timedelta(hours=1))
        assert (first.local_time, second.local_time) == ("02:30", "02:30")
        assert first.starts_at.astimezone(zone).fold == 0
        assert second.starts_at.astimezone(zone).fold == 1
    ten = await sure(practice, at(day, "10:00"))
    assert ten.starts_at == datetime.combine(day, datetime.min.time(), zone).replace(hour=10).astimezone(UTC)
    before = await sure(practice, at(day - timedelta(days=1), "10:00"))
    assert ten.starts_at - before.starts_at == timedelta(hours=length)


@pytest.mark.parametrize(("zone_name", "day", "length"), CHANGES)
async def test_row_52_board(practice: Practice, zone_name: str, day: date, length: int) -> None:
    """The day's board holds what starts between its midnights, the last half hour too, and nothing of its neighbours."""
    await open_round_the_clock(practice, zone_name, day)
    kept = [await sure(practice, at(day, wall)) for wall in ("00:00", "10:00", "23:25")]
    for other in (at(day - timedelta(days=1), "23:25"), at(day + timedelta(days=1), "00:00")):
        await sure(practice, other)
    board = await practice.look("chloe", agenda.show_board, day, AppointmentFilter())
    assert [line.id for line in board.expected] == [one.id for one in kept]
    assert [line.local_time for line in board.expected] == ["00:00", "10:00", "23:25"]
    practice.at = kept[1].starts_at
    assert (await practice.do("chloe", service.check_in_patient, kept[2].id)).status == "checked_in"
    practice.at = kept[1].starts_at + timedelta(minutes=61)
    board = await practice.look("chloe", agenda.show_board, day, AppointmentFilter())
    assert board.waiting[0].waiting_minutes == 61


@pytest.mark.parametrize(("zone_name", "day", "length"), CHANGES)
async def test_row_52_reminders(practice: Practice, zone_name: str, day: date, length: int) -> None:
    """Twenty-four hours and one hour of real time before, whatever the wall says."""
    await open_round_the_clock(practice, zone_name, day)
    kept = await sure(practice, at(day, "10:00"))
    for minutes in (24 * 60, 60):
        mark = kept.starts_at - timedelta(minutes=minutes)
        practice.at = mark - timedelta(minutes=1)
        assert await practice.db.write(HOUSE, reminders.note_due) == 0
        practice.at = mark
        assert await practice.db.write(HOUSE, reminders.note_due) == 1
        assert await practice.db.write(HOUSE, reminders.note_due) == 0


@pytest.mark.parametrize(("zone_name", "day", "length"), CHANGES)
async def test_row_52_ics(practice: Practice, zone_name: str, day: date, length: int) -> None:
    zone = await open_round_the_clock(practice, zone_name, day)
    kept = await sure(practice, at(day, "10:00"))
    body = await practice.look("driss", calendars.visit_as_ics, kept.id)
    (event,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert event.decoded("dtstart").astimezone(zone).replace(tzinfo=None) == at(day, "10:00")
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=30)


@pytest.mark.parametrize(("zone_name", "day", "length"), CHANGES)
async def test_row_52_moving_over_the_change(practice: Practice, zone_name: str, day: date, length: int) -> None:
    """From the day before to the day itself at the same wall time: the length stays, the wall time is kept anew."""
    await open_round_the_clock(practice, zone_name, day)
    kept = await sure(practice, at(day - timedelta(days=1), "10:00"))
    moved = await practice.do("chloe", service.move_appointment, kept.id, RescheduleRequest(starts_at=at(day, "10:00")))
    assert moved.starts_at - kept.starts_at == timedelta(hours=length)
    assert (moved.ends_at - moved.starts_at, moved.local_time, moved.local_on) == (timedelta(minutes=30), "10:00", day)


async def test_row_52_a_visit_over_the_jump_lasts_as_long_as_any(practice: Practice) -> None:
    """From 01:30 for an hour, in the night that has no 02:00: it ends at 03:30 by the wall, an hour later."""
    day = date(2026, 3, 29)
    zone = await open_round_the_clock(practice, "Europe/Paris", day)
    kept = await sure(practice, at(day, "01:30"), kind="long")
    assert kept.ends_at - kept.starts_at == timedelta(hours=1)
    assert kept.ends_at.astimezone(zone).strftime("%H:%M") == "03:30"
    assert "03:00" not in [slot.local_start[11:16] for slot in free(practice, day)]
    assert "03:30" in [slot.local_start[11:16] for slot in free(practice, day)]
