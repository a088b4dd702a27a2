"""Free times: what availability offers, less what is taken, for one practitioner or for all of a specialty.

Computed day by day for everybody asked for, and only as far as somebody reads; taken times are fetched for three days at
first, then for longer and longer. They are compared as the texts in which instants are kept, whose order is the order of time.
"""

import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from esante.kernel import clock
from esante.kernel.errors import Invalid
from esante.kernel.transaction import ReadTx
from esante.people import service as people
from esante.people.structs import PractitionerId
from esante.scheduling import availability_store, policy, slots, store, types
from esante.scheduling.structs import (
    AppointmentType,
    AppointmentTypeId,
    DayInterval,
    PartOfDay,
    Slot,
    SlotFilter,
)
from esante.workplaces.structs import WorkplaceId

MOST_DAYS = 92
DEFAULT_DAYS = 7
NEAREST_DAYS = 14
NEAREST = 3
FIRST_FETCH_DAYS = 3
NOON, EVENING = 12, 17
MOST_MINUTES = 480


class Offer(NamedTuple):
    """A start that an interval of a day offers; the texts are what it is compared by, `until` with the buffer after it."""

    start: str
    until: str
    starts_at: datetime
    ends_at: datetime
    wall: datetime
    place: WorkplaceId


class Wanted(NamedTuple):
    """What is looked for, beside whose time and when."""

    kind: AppointmentType | None
    minutes: int | None
    buffer: int
    part_of_day: PartOfDay | None = None
    weekdays: frozenset[int] = frozenset()
    place: WorkplaceId | None = None


def free_slots(
    tx: ReadTx,
    practitioner_id: PractitionerId,
    first: date | None,
    last: date | None,
    type_id: AppointmentTypeId | None,
    place: WorkplaceId | None = None,
) -> list[Slot]:
    """The free times of one practitioner from `first` to `last` (default: a week from today; at most 92 days).

    Excluded: the past, what is taken or held with the buffer after it, and for patients the lead time and what lies beyond
    the horizon. With a type a slot is as long as that type asks for, and a room of its kind is free too.
    """
    policy.may_see_slots(tx)
    who = people.bookable_practitioner(tx, practitioner_id)
    first, last = day_range(tx, first, last)
    wanted = _wanted(tx, types.bookable_type(tx, type_id) if type_id else None)._replace(place=place)
    return [slot for day in _free_days(tx, [who.id], first, last, wanted) for slot in day]


def find_slots(tx: ReadTx, asked: SlotFilter, limit: int) -> list[Slot]:
    """The first free times of whoever fits (one practitioner, a specialty, everybody), soonest first.

    "Mornings" and the weekdays are by the clinic's wall time; the length is the type's, or else `minutes`.
    """
    policy.may_see_slots(tx)
    first, last = day_range(tx, asked.first, asked.last)
    kind = types.bookable_type(tx, asked.type_id) if asked.type_id else None
    if asked.minutes is not None and not (
        0 < asked.minutes <= MOST_MINUTES and asked.minutes % slots.GRID_MINUTES == 0
    ):
        raise Invalid("Times are on a grid of five minutes", field="minutes")
    wanted = _wanted(tx, kind)._replace(
        minutes=asked.minutes, part_of_day=asked.part_of_day, weekdays=asked.weekdays, place=asked.workplace_id
    )
    if asked.practitioner_id:
        who = [people.bookable_practitioner(tx, asked.practitioner_id).id]
    else:
        who = availability_store.bookable(tx, asked.specialty and folded(asked.specialty), tx.now)
    found: list[Slot] = []
    for day in _free_days(tx, who, first, last, wanted):
        found += day
        if len(found) >= limit:
            break
    return found[:limit]


def is_offered(
    tx: ReadTx, practitioner_id: PractitionerId, starts_at: datetime, minutes: int, place: WorkplaceId
) -> bool:
    """Is this one of the starts that the practitioner's availability at the site offers, free or not? For the booking."""
    zone = zone_of(tx)
    day = clock.local_date(starts_at, zone)
    return any(
        start == starts_at
        for interval in intervals(tx, practitioner_id, day)
        if interval.workplace_id == place
        for start, _ in slots.starts_within(interval, day, zone, minutes)
    )


def nearest_free(
    tx: ReadTx, practitioner_id: PractitionerId, starts_at: datetime, kind: AppointmentType, place: WorkplaceId
) -> list[Slot]:
    """Up to three free times at the site closest to the one that was wanted, on its day or in the two weeks that follow."""
    day = clock.local_date(max(starts_at, tx.now), zone_of(tx))
    before: list[Slot] = []
    after: list[Slot] = []
    wanted = _wanted(tx, kind)._replace(place=place)
    for free in _free_days(tx, [practitioner_id], day, day + timedelta(days=NEAREST_DAYS), wanted):
        for slot in free:
            (before if slot.starts_at < starts_at else after).append(slot)
        if len(after) >= NEAREST:
            break
    closest = sorted(after + before, key=lambda slot: abs(slot.starts_at - starts_at))[:NEAREST]
    return sorted(closest, key=lambda slot: slot.starts_at)


def free_on(
    tx: ReadTx,
    practitioner_id: PractitionerId,
    day: date,
    kind: AppointmentType,
    part_of_day: PartOfDay | None,
    place: WorkplaceId | None,
) -> list[Slot]:
    """The free times of one practitioner on one day, at one site or at any. For the waiting list."""
    wanted = _wanted(tx, kind)._replace(part_of_day=part_of_day, place=place)
    return [slot for free in _free_days(tx, [practitioner_id], day, day, wanted) for slot in free]


def intervals(tx: ReadTx, practitioner_id: PractitionerId, day: date) -> list[DayInterval]:
    """When the practitioner is there on this day."""
    rows = availability_store.weekday(tx, practitioner_id, day.isoweekday())
    return slots.intervals_of(rows, availability_store.exception(tx, practitioner_id, day), day)


def zone_of(tx: ReadTx) -> ZoneInfo:
    """The clinic's zone: days and wall times are in it."""
    return ZoneInfo(tx.settings.time_zone)


def earliest(tx: ReadTx) -> datetime:
    """The first instant at which a visit may start: now, for patients after the lead time."""
    return tx.now + timedelta(minutes=tx.settings.patient_lead_minutes) if tx.actor.role == "patient" else tx.now


def horizon(tx: ReadTx) -> datetime | None:
    """The last instant at which a visit may start: for patients as far ahead as the clinic takes requests."""
    return tx.now + timedelta(days=tx.settings.booking_horizon_days) if tx.actor.role == "patient" else None


def day_range(tx: ReadTx, first: date | None, last: date | None) -> tuple[date, date]:
    """From today at the earliest; a week when no end is given; 92 days at most."""
    today = clock.local_date(tx.now, zone_of(tx))
    for given in (first, last):
        if given is not None:
            slots.check_year(given)
    first = max(first or today, today)
    last = last or first + timedelta(days=DEFAULT_DAYS - 1)
    if (last - first).days >= MOST_DAYS:
        raise Invalid("Ask for {days} days at most", field="to", days=MOST_DAYS)
    return first, last


def folded(specialty: str) -> str:
    """As people keeps it for searching: accents and case do not matter."""
    apart = unicodedata.normalize("NFKD", specialty)
    return " ".join("".join(letter for letter in apart if not unicodedata.combining(letter)).casefold().split())


# ---------------------------------------------------------------------------- day by day


def _wanted(tx: ReadTx, kind: AppointmentType | None) -> Wanted:
    return Wanted(kind, None, types.buffer_of(tx, kind) if kind else tx.settings.buffer_minutes)


def _free_days(tx: ReadTx, who: list[PractitionerId], first: date, last: date, wanted: Wanted) -> Iterator[list[Slot]]:
    """The free times of each day, of all of them, soonest first."""
    templates = availability_store.templates(tx, who)
    exceptions = availability_store.exceptions(tx, who, first, last)
    zone, days = zone_of(tx), FIRST_FETCH_DAYS
    soonest, latest = clock.text(earliest(tx)), horizon(tx)
    while first <= last:
        until = min(last, first + timedelta(days=days - 1))
        taken = _taken(tx, "practitioner", who, first, until, zone)
        rooms = _rooms(tx, wanted.kind, first, until, zone)
        for number in range((until - first).days + 1):
            day = first + timedelta(days=number)
            if wanted.weekdays and day.isoweekday() not in wanted.weekdays:
                continue
            known: dict[DayInterval, list[Offer]] = {}
            free = []
            for one in who:
                there = slots.intervals_of(templates.get(one, ()), exceptions.get((one, day)), day)
                free += _free_of(one, there, day, zone, wanted, taken.get(one, slots.NOTHING_TAKEN), soonest, known)
            if rooms is not None:
                free = [offer for offer in free if _has_room(offer[0], rooms)]
            if latest is not None:
                free = [offer for offer in free if offer[0].starts_at <= latest]
            free.sort(key=lambda offer: (offer[0].start, offer[1]))
            yield [
                Slot(offer.starts_at, offer.ends_at, offer.wall.isoformat(), one, offer.place) for offer, one in free
            ]
        first, days = until + timedelta(days=1), days * 2


def _free_of(
    who: PractitionerId,
    there: list[DayInterval],
    day: date,
    zone: ZoneInfo,
    wanted: Wanted,
    taken: slots.Taken,
    soonest: str,
    known: dict[DayInterval, list[Offer]],
) -> list[tuple[Offer, PractitionerId]]:
    """One practitioner's free times of one day; what an interval offers is computed once for all who have it."""
    offered: dict[str, Offer] = {}
    for interval in there:
        if wanted.place is not None and interval.workplace_id != wanted.place:
            continue
        if interval not in known:
            known[interval] = list(_offers(interval, day, zone, wanted))
        offers = known[interval]
        if offers and taken.covers(offers[0].start, offers[-1].until):
            continue
        for offer in offers:
            if offer.start >= soonest and taken.is_free(offer.start, offer.until):
                offered[offer.start] = offer
    return [(offer, who) for offer in offered.values()]


def _offers(interval: DayInterval, day: date, zone: ZoneInfo, wanted: Wanted) -> Iterator[Offer]:
    minutes = wanted.kind.duration_minutes if wanted.kind else wanted.minutes or interval.slot_minutes
    length, buffer = timedelta(minutes=minutes), timedelta(minutes=wanted.buffer)
    place = interval.workplace_id or WorkplaceId("")  # every interval that is kept has its site
    for starts_at, wall in slots.starts_within(interval, day, zone, minutes):
        if wanted.part_of_day is None or part_of_day(wall) == wanted.part_of_day:
            ends_at = starts_at + length
            yield Offer(clock.text(starts_at), clock.text(ends_at + buffer), starts_at, ends_at, wall, place)


def part_of_day(wall: datetime) -> PartOfDay:
    """By the wall time of the start."""
    if wall.hour < NOON:
        return "morning"
    return "afternoon" if wall.hour < EVENING else "evening"


def _taken(
    tx: ReadTx, resource: str, ids: list[PractitionerId], first: date, last: date, zone: ZoneInfo
) -> dict[str, slots.Taken]:
    begin, end = slots.day_bounds(first, zone)[0], slots.day_bounds(last, zone)[1]
    return store.busy(tx, resource, ids, begin, end + timedelta(days=1))


def _rooms(
    tx: ReadTx, kind: AppointmentType | None, first: date, last: date, zone: ZoneInfo
) -> dict[WorkplaceId, list[slots.Taken]] | None:
    """When each room of the kind that the visit needs is taken, by site; None when it needs none."""
    if kind is None or kind.room_kind is None:
        return None
    rooms = store.rooms_by_site(tx, kind.room_kind)
    begin, end = slots.day_bounds(first, zone)[0], slots.day_bounds(last, zone)[1]
    ids = [room for at_site in rooms.values() for room in at_site]
    found = store.busy(tx, "room", ids, begin, end + timedelta(days=1))
    return {place: [found.get(room, slots.NOTHING_TAKEN) for room in at_site] for place, at_site in rooms.items()}


def _has_room(offer: Offer, rooms: dict[WorkplaceId, list[slots.Taken]]) -> bool:
    return any(room.is_free(offer.start, offer.until) for room in rooms.get(offer.place, ()))
