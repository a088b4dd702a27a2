"""From wall times to free times: pure computation, correct on the days when the clocks change.

A wall time that a day does not have (the clock springs forward) is never offered; of one that it has twice, the first
is meant. Nothing here reads the database or the clock.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from esante.kernel.errors import Invalid
from esante.scheduling.structs import DayException, DayInterval, TemplateRow

GRID_MINUTES = 5
FIRST_YEAR, LAST_YEAR = 1970, 2200
GRID = timedelta(minutes=GRID_MINUTES)


class Taken:
    """Taken times of one resource, merged, for asking quickly whether a time is free.

    Instants are the texts in which they are kept: their order is the order of time.
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[str] = []
        self._ends: list[str] = []

    def add(self, starts_at: str, ends_at: str) -> None:
        """One more; given in the order of their starts."""
        ends = self._ends
        if ends and starts_at <= ends[-1]:
            if ends_at > ends[-1]:
                ends[-1] = ends_at
        else:
            self._starts.append(starts_at)
            ends.append(ends_at)

    def is_free(self, starts_at: str, ends_at: str) -> bool:
        """Does nothing that is taken touch it?"""
        before = bisect_left(self._starts, ends_at) - 1
        return before < 0 or self._ends[before] <= starts_at

    def covers(self, starts_at: str, ends_at: str) -> bool:
        """Is all of it taken?"""
        before = bisect_right(self._starts, starts_at) - 1
        return before >= 0 and self._ends[before] >= ends_at


NOTHING_TAKEN = Taken()


def instant(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant of a wall time, the first one when it comes twice; None when this day does not have it."""
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall else None


def wall_time(day: date, clock: str) -> datetime:
    return datetime.combine(day, time(int(clock[:2]), int(clock[3:])))


def end_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Where an interval ends; when the clock skips that wall time, where the clock jumps."""
    at = instant(wall, zone)
    skipped = at is None
    while at is None:
        wall -= GRID
        at = instant(wall, zone)
    return at + GRID if skipped else at


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants at which a local day begins and ends; 23 or 25 hours apart when the clocks change."""
    check_year(day)
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def check_year(day: date) -> None:
    """Days that no appointment can be on are `Invalid`; arithmetic on them would leave the calendar."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Invalid("Give a day between {first} and {last}", first=FIRST_YEAR, last=LAST_YEAR)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def intervals_of(rows: Iterable[TemplateRow], exception: DayException | None, day: date) -> list[DayInterval]:
    """When somebody is there on this day: the weekday's template, unless the day is off, and what is added."""
    there = list(exception.extra) if exception else []
    if exception is None or not exception.day_off:
        weekday = day.isoweekday()
        there += [
            DayInterval(
                from_time=row.from_time,
                to_time=row.to_time,
                slot_minutes=row.slot_minutes,
                workplace_id=row.workplace_id,
            )
            for row in rows
            if row.weekday == weekday
            and (row.valid_from is None or row.valid_from <= day)
            and (row.valid_to is None or day <= row.valid_to)
        ]
    return there


def starts_within(
    interval: DayInterval, day: date, zone: ZoneInfo, minutes: int
) -> Iterator[tuple[datetime, datetime]]:
    """Every start that the interval offers for a visit of this length: its instant and its wall time."""
    wall, wall_end = wall_time(day, interval.from_time), wall_time(day, interval.to_time)
    step, length = timedelta(minutes=interval.slot_minutes), timedelta(minutes=minutes)
    offset = zone.utcoffset(datetime.combine(day, time()))
    if offset is not None and offset == zone.utcoffset(datetime.combine(day + timedelta(days=1), time())):
        at = wall.replace(tzinfo=UTC) - offset
        while wall + length <= wall_end:
            yield at, wall
            wall, at = wall + step, at + step
        return
    end = end_instant(wall_end, zone)
    while wall < wall_end:
        start = instant(wall, zone)
        if start is not None and start + length <= end:
            yield start, wall
        wall += step


def covers(interval: DayInterval, day: date, zone: ZoneInfo, starts_at: datetime, ends_at: datetime) -> bool:
    """Does the visit lie inside the interval?"""
    first = instant(wall_time(day, interval.from_time), zone)
    if first is None:
        first = end_instant(wall_time(day, interval.from_time), zone)
    return first <= starts_at and ends_at <= end_instant(wall_time(day, interval.to_time), zone)
