"""The use cases of availability: weekly templates, single days, and the free times that follow from them."""

import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from esante.kernel import clock
from esante.kernel.errors import Invalid, NotFound
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PractitionerId
from esante.scheduling import availability_store, policy, slots, store, types
from esante.scheduling.events import AvailabilityChanged
from esante.scheduling.structs import (
    AppointmentLine,
    AppointmentType,
    AppointmentTypeId,
    DayChange,
    DayException,
    DayExceptionWish,
    DayInterval,
    Slot,
    Template,
    TemplateChange,
    TemplateRow,
    TemplateWish,
)
from esante.workplaces import service as workplaces
from esante.workplaces.structs import RoomKind

MOST_DAYS = 92
DEFAULT_DAYS = 7
NEAREST_DAYS = 14
NEAREST = 3


def show_template(tx: ReadTx, practitioner_id: PractitionerId | None) -> Template:
    """The weekly availability: one's own, or that of the practitioner whom the desk names."""
    whose = policy.may_keep_availability(tx, practitioner_id)
    return Template(practitioner_id=whose, rows=availability_store.template(tx, whose))


def put_template(tx: WriteTx, practitioner_id: PractitionerId | None, wish: TemplateWish) -> TemplateChange:
    """Replace the weekly availability. Live appointments that now lie outside stay as they are and are listed."""
    whose = policy.may_keep_availability(tx, practitioner_id)
    return _replace_template(tx, whose, wish)


def set_template(tx: WriteTx, practitioner_id: PractitionerId, rows: list[TemplateRow]) -> None:
    """Replace the weekly availability. For the house: a new clinic and the demo."""
    _replace_template(tx, practitioner_id, TemplateWish(rows=rows))


def show_exception(tx: ReadTx, day: date, practitioner_id: PractitionerId | None) -> DayException:
    """What is different on this day; `NotFound` when it is like its weekday."""
    whose = policy.may_keep_availability(tx, practitioner_id)
    found = availability_store.exception(tx, whose, day)
    if found is None:
        raise NotFound("This day is like its weekday")
    return found


def put_exception(tx: WriteTx, day: date, practitioner_id: PractitionerId | None, wish: DayExceptionWish) -> DayChange:
    """Say what is different on a day. Live appointments that now lie outside stay and are listed, never dropped."""
    whose = policy.may_keep_availability(tx, practitioner_id)
    _check_intervals(wish.extra)
    kept = DayException(
        practitioner_id=whose,
        day_on=day,
        day_off=wish.day_off,
        extra=wish.extra,
        note=wish.note,
        updated_at=tx.now,
    )
    availability_store.put_exception(tx, kept)
    return DayChange(exception=kept, conflicts=_day_changed(tx, whose, day))


def delete_exception(tx: WriteTx, day: date, practitioner_id: PractitionerId | None) -> DayChange:
    """The day is like its weekday again. Live appointments that lay in the added time stay and are listed."""
    whose = policy.may_keep_availability(tx, practitioner_id)
    if not availability_store.delete_exception(tx, whose, day):
        raise NotFound("This day is like its weekday")
    return DayChange(exception=None, conflicts=_day_changed(tx, whose, day))


def free_slots(
    tx: ReadTx,
    practitioner_id: PractitionerId,
    first: date | None,
    last: date | None,
    type_id: AppointmentTypeId | None,
) -> list[Slot]:
    """The free times of one practitioner from `first` to `last` (default: a week from today; at most 92 days).

    Excluded: the past, what is taken or held, and for patients the lead time and what lies beyond the horizon. With a type
    a slot is as long as that type asks for, and a room of its kind is free too.
    """
    policy.may_see_slots(tx)
    who = people.bookable_practitioner(tx, practitioner_id)
    first, last = _range(tx, first, last)
    return list(_free(tx, who.id, first, last, types.bookable_type(tx, type_id) if type_id else None))


def find_slots(
    tx: ReadTx,
    specialty: str | None,
    first: date | None,
    last: date | None,
    type_id: AppointmentTypeId | None,
    limit: int,
) -> list[Slot]:
    """The first free times of all bookable practitioners (of one specialty, if it is given), soonest first."""
    policy.may_see_slots(tx)
    first, last = _range(tx, first, last)
    kind = types.bookable_type(tx, type_id) if type_id else None
    found: list[Slot] = []
    for who in availability_store.bookable(tx, specialty and _folded(specialty), tx.now):
        theirs = _free(tx, who, first, last, kind)
        found += [slot for slot, _ in zip(theirs, range(limit), strict=False)]
    return sorted(found, key=lambda slot: (slot.starts_at, slot.practitioner_id))[:limit]


def is_offered(tx: ReadTx, practitioner_id: PractitionerId, starts_at: datetime, minutes: int) -> bool:
    """Is this one of the starts that the practitioner's availability offers, free or not? For the booking."""
    zone = zone_of(tx)
    day = clock.local_date(starts_at, zone)
    return any(
        start == starts_at
        for interval in _intervals(tx, practitioner_id, day)
        for start, _ in slots.starts_within(interval, day, zone, minutes)
    )


def nearest_free(tx: ReadTx, practitioner_id: PractitionerId, starts_at: datetime, kind: AppointmentType) -> list[Slot]:
    """Up to three free times closest to the one that was wanted, on its day or in the two weeks that follow."""
    day = clock.local_date(max(starts_at, tx.now), zone_of(tx))
    before: list[Slot] = []
    after: list[Slot] = []
    for slot in _free(tx, practitioner_id, day, day + timedelta(days=NEAREST_DAYS), kind):
        (before if slot.starts_at < starts_at else after).append(slot)
        if len(after) == NEAREST:
            break
    closest = sorted(after + before, key=lambda slot: abs(slot.starts_at - starts_at))[:NEAREST]
    return sorted(closest, key=lambda slot: slot.starts_at)


def zone_of(tx: ReadTx) -> ZoneInfo:
    """The clinic's zone: days and wall times are in it."""
    return ZoneInfo(tx.settings.time_zone)


def earliest(tx: ReadTx) -> datetime:
    """The first instant at which a visit may start: now, for patients after the lead time."""
    return tx.now + timedelta(minutes=tx.settings.patient_lead_minutes) if tx.actor.role == "patient" else tx.now


def horizon(tx: ReadTx) -> datetime | None:
    """The last instant at which a visit may start: for patients as far ahead as the clinic takes requests."""
    return tx.now + timedelta(days=tx.settings.booking_horizon_days) if tx.actor.role == "patient" else None


def _free(
    tx: ReadTx, practitioner_id: PractitionerId, first: date, last: date, kind: AppointmentType | None
) -> Iterator[Slot]:
    zone = zone_of(tx)
    begin, end = slots.day_bounds(first, zone)[0], slots.day_bounds(last, zone)[1]
    taken = slots.Taken(store.busy(tx, "practitioner", practitioner_id, begin, end + timedelta(days=1)))
    rooms = _rooms(tx, kind.room_kind, begin, end) if kind and kind.room_kind else None
    rows = availability_store.template(tx, practitioner_id)
    exceptions = availability_store.exceptions(tx, practitioner_id, first, last)
    soonest, latest = earliest(tx), horizon(tx)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        offered: dict[datetime, tuple[datetime, datetime]] = {}
        for interval in slots.intervals_of(rows, exceptions.get(day), day):
            minutes = kind.duration_minutes if kind else interval.slot_minutes
            length = timedelta(minutes=minutes)
            for starts_at, wall in slots.starts_within(interval, day, zone, minutes):
                ends_at = starts_at + length
                if starts_at >= soonest and taken.is_free(starts_at, ends_at):
                    offered[starts_at] = (ends_at, wall)
        for starts_at in sorted(offered):
            ends_at, wall = offered[starts_at]
            if latest is not None and starts_at > latest:
                return
            if rooms is None or any(room.is_free(starts_at, ends_at) for room in rooms):
                yield Slot(starts_at, ends_at, wall.isoformat(), practitioner_id)


def _folded(specialty: str) -> str:
    """As people keeps it for searching: accents and case do not matter."""
    apart = unicodedata.normalize("NFKD", specialty)
    return " ".join("".join(letter for letter in apart if not unicodedata.combining(letter)).casefold().split())


def _rooms(tx: ReadTx, kind: RoomKind, begin: datetime, end: datetime) -> list[slots.Taken]:
    place = workplaces.the_workplace_id(tx)
    return [
        slots.Taken(store.busy(tx, "room", room, begin, end + timedelta(days=1)))
        for room in store.rooms_of_kind(tx, place, kind)
    ]


def _intervals(tx: ReadTx, practitioner_id: PractitionerId, day: date) -> list[DayInterval]:
    rows = availability_store.weekday(tx, practitioner_id, day.isoweekday())
    return slots.intervals_of(rows, availability_store.exception(tx, practitioner_id, day), day)


def _range(tx: ReadTx, first: date | None, last: date | None) -> tuple[date, date]:
    today = clock.local_date(tx.now, zone_of(tx))
    for given in (first, last):
        if given is not None:
            slots.check_year(given)
    first = max(first or today, today)
    last = last or first + timedelta(days=DEFAULT_DAYS - 1)
    if (last - first).days >= MOST_DAYS:
        raise Invalid("Ask for {days} days at most", field="to", days=MOST_DAYS)
    return first, last


def _replace_template(tx: WriteTx, practitioner_id: PractitionerId, wish: TemplateWish) -> TemplateChange:
    _check_rows(wish.rows)
    availability_store.replace_template(tx, practitioner_id, workplaces.the_workplace_id(tx), wish.rows)
    conflicts = _outside(tx, practitioner_id, store.live_lines(tx, practitioner_id, tx.now, None))
    tx.record(AvailabilityChanged(subject=practitioner_id, day_on=None, conflicts=len(conflicts)))
    kept = Template(practitioner_id=practitioner_id, rows=availability_store.template(tx, practitioner_id))
    return TemplateChange(template=kept, conflicts=conflicts)


def _day_changed(tx: WriteTx, practitioner_id: PractitionerId, day: date) -> list[AppointmentLine]:
    begin, end = slots.day_bounds(day, zone_of(tx))
    conflicts = _outside(tx, practitioner_id, store.live_lines(tx, practitioner_id, max(begin, tx.now), end))
    tx.record(AvailabilityChanged(subject=practitioner_id, day_on=day, conflicts=len(conflicts)))
    return conflicts


def _outside(tx: ReadTx, practitioner_id: PractitionerId, live: list[AppointmentLine]) -> list[AppointmentLine]:
    """Those that lie in no interval of their day."""
    zone = zone_of(tx)
    known: dict[date, list[DayInterval]] = {}
    outside = []
    for line in live:
        day = clock.local_date(line.starts_at, zone)
        if day not in known:
            known[day] = _intervals(tx, practitioner_id, day)
        if not any(slots.covers(one, day, zone, line.starts_at, line.ends_at) for one in known[day]):
            outside.append(line)
    return outside


def _check_intervals(intervals: list[DayInterval]) -> None:
    for one in intervals:
        _check_times(one.from_time, one.to_time, "extra")
    for first, second in combinations(intervals, 2):
        if first.from_time < second.to_time and second.from_time < first.to_time:
            raise Invalid("Times of one day must not overlap", field="extra")


def _check_rows(rows: list[TemplateRow]) -> None:
    for row in rows:
        _check_times(row.from_time, row.to_time, "rows")
        if row.valid_from and row.valid_to and row.valid_from > row.valid_to:
            raise Invalid("A template row must begin before it ends", field="rows")
    for first, second in combinations(rows, 2):
        apart = (
            first.weekday != second.weekday
            or first.from_time >= second.to_time
            or second.from_time >= first.to_time
            or (first.valid_to is not None and second.valid_from is not None and first.valid_to < second.valid_from)
            or (second.valid_to is not None and first.valid_from is not None and second.valid_to < first.valid_from)
        )
        if not apart:
            raise Invalid("Times of one weekday must not overlap", field="rows")


def _check_times(from_time: str, to_time: str, field: str) -> None:
    if from_time >= to_time:
        raise Invalid("Times must start before they end", field=field)
    if int(from_time[3:]) % slots.GRID_MINUTES or int(to_time[3:]) % slots.GRID_MINUTES:
        raise Invalid("Times are on a grid of five minutes", field=field)
