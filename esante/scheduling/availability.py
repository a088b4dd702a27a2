"""The use cases of availability: weekly templates, single days, many days at once."""

from datetime import date, timedelta
from itertools import combinations
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from esante.kernel import clock
from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.scheduling import availability_store, finder, policy, slots, store
from esante.scheduling.events import AvailabilityChanged, AvailabilityChangedInBulk
from esante.scheduling.structs import (
    AppointmentLine,
    BulkChange,
    BulkWish,
    DayChange,
    DayException,
    DayExceptionWish,
    DayInterval,
    Template,
    TemplateChange,
    TemplateRow,
    TemplateWish,
)
from esante.workplaces import service as workplaces
from esante.workplaces.structs import WorkplaceId

T = TypeVar("T", TemplateRow, DayInterval)
"""Time at a site: of every week, or of one day."""


def show_template(tx: ReadTx, practitioner_id: PractitionerId | None) -> Template:
    """The weekly availability: one's own, or that of the practitioner whom the desk names."""
    whose = policy.may_keep_availability(tx, practitioner_id)
    return Template(practitioner_id=whose, rows=_kept(tx, whose, availability_store.template(tx, whose)))


def put_template(tx: WriteTx, practitioner_id: PractitionerId | None, wish: TemplateWish) -> TemplateChange:
    """Replace the weekly availability. Live appointments that now lie outside stay as they are and are listed.

    Each row is at a site where the practitioner works. An assistant sees and replaces the rows of the sites where she keeps
    the agenda; the others stay.
    """
    whose = policy.may_keep_availability(tx, practitioner_id)
    return _replace_template(tx, whose, wish)


def set_template(tx: WriteTx, practitioner_id: PractitionerId, rows: list[TemplateRow]) -> None:
    """Replace the weekly availability. For the house: a new clinic and the demo."""
    _replace_template(tx, practitioner_id, TemplateWish(rows=rows))


def leave_site(tx: WriteTx, practitioner_id: PractitionerId, workplace_id: WorkplaceId) -> None:
    """The practitioner works at the site no longer: no time is offered there. For the house.

    Refused (`IN_USE`) while visits with them are to come there.
    """
    coming = store.count_live_of(tx, practitioner_id, workplace_id)
    if coming:
        raise Conflict(
            "This doctor still has {count} visits to come there. Move or cancel them first",
            code="IN_USE",
            extra={"appointments": coming},
            count=coming,
        )
    if availability_store.leave_site(tx, practitioner_id, workplace_id):
        tx.record(AvailabilityChanged(subject=practitioner_id, day_on=None, conflicts=0))


def show_exception(tx: ReadTx, day: date, practitioner_id: PractitionerId | None) -> DayException:
    """What is different on this day; `NotFound` when it is like its weekday."""
    whose = policy.may_keep_availability(tx, practitioner_id)
    found = availability_store.exception(tx, whose, day)
    if found is None:
        raise NotFound("This day is like its weekday")
    return msgspec.structs.replace(found, extra=_kept(tx, whose, found.extra))


def put_exception(tx: WriteTx, day: date, practitioner_id: PractitionerId | None, wish: DayExceptionWish) -> DayChange:
    """Say what is different on a day. Time in which a live visit lies is not taken away: `Conflict` (`BOOKED`) lists them.

    With `keepBooked` the visits stay, although they then lie outside, and are listed. Nothing is ever dropped.
    """
    whose = policy.may_keep_availability(tx, practitioner_id)
    before = _outside_on(tx, whose, day)
    known = availability_store.exception(tx, whose, day)
    kept = _exception(tx, whose, day, wish, _placed(tx, whose, wish.extra, "extra"), known)
    availability_store.put_exception(tx, kept)
    return DayChange(exception=kept, conflicts=_day_changed(tx, whose, day, before, keep_booked=wish.keep_booked))


def delete_exception(
    tx: WriteTx, day: date, practitioner_id: PractitionerId | None, *, keep_booked: bool = False
) -> DayChange:
    """The day is like its weekday again; refused and forced as `put_exception` is, for visits that lay in the added time."""
    whose = policy.may_keep_availability(tx, practitioner_id)
    before = _outside_on(tx, whose, day)
    known = availability_store.exception(tx, whose, day)
    if known is None:
        raise NotFound("This day is like its weekday")
    if others := _others(tx, whose, known.extra):
        availability_store.put_exception(tx, msgspec.structs.replace(known, day_off=False, extra=others, note=None))
    else:
        availability_store.delete_exception(tx, whose, day)
    return DayChange(exception=None, conflicts=_day_changed(tx, whose, day, before, keep_booked=keep_booked))


def _replace_template(tx: WriteTx, practitioner_id: PractitionerId, wish: TemplateWish) -> TemplateChange:
    kept = _others(tx, practitioner_id, availability_store.template(tx, practitioner_id))
    rows = kept + _placed(tx, practitioner_id, wish.rows, "rows")
    _check_rows(rows)
    availability_store.replace_template(tx, practitioner_id, rows)
    conflicts = _outside(tx, practitioner_id, store.live_lines(tx, practitioner_id, tx.now, None))
    tx.record(AvailabilityChanged(subject=practitioner_id, day_on=None, conflicts=len(conflicts)))
    shown = _kept(tx, practitioner_id, availability_store.template(tx, practitioner_id))
    return TemplateChange(template=Template(practitioner_id=practitioner_id, rows=shown), conflicts=conflicts)


def change_in_bulk(tx: WriteTx, practitioner_id: PractitionerId | None, wish: BulkWish) -> BulkChange:
    """Say the same of many days (92 at most). Days that differ already are skipped, unless `skipExisting` is off.

    A day that would leave a live visit outside is skipped too and its visits are listed, unless `keepBooked`. With `preview`
    nothing is changed.
    """
    whose = policy.may_keep_availability(tx, practitioner_id)
    extra = _placed(tx, whose, wish.extra, "extra")
    check_intervals(extra)
    days = _days_of(wish)
    known = availability_store.exceptions(tx, [whose], wish.first, wish.last)
    live = _live_by_day(tx, whose, wish)
    rows = availability_store.template(tx, whose)
    change = BulkChange(preview=wish.preview, created=[], updated=[], skipped=[], conflicts=[])
    for day in days:
        before = known.get((whose, day))
        kept = _exception(tx, whose, day, wish, extra, before)
        stranded = _stranded(
            tx, live.get(day, []), day, slots.intervals_of(rows, before, day), slots.intervals_of(rows, kept, day)
        )
        change.conflicts.extend(stranded)
        if (before is not None and wish.skip_existing) or (stranded and not wish.keep_booked):
            change.skipped.append(day)
            continue
        (change.created if before is None else change.updated).append(day)
        if not wish.preview:
            availability_store.put_exception(tx, kept)
    if not wish.preview and change.created + change.updated:
        tx.record(
            AvailabilityChangedInBulk(
                subject=whose,
                first_on=wish.first,
                last_on=wish.last,
                created=len(change.created),
                updated=len(change.updated),
                conflicts=len(change.conflicts),
            )
        )
    return change


def _exception(
    tx: ReadTx,
    whose: PractitionerId,
    day: date,
    wish: DayExceptionWish | BulkWish,
    extra: list[DayInterval],
    before: DayException | None,
) -> DayException:
    """The day as it is wished for; added time at sites that are not the actor's stays."""
    extra = [*_others(tx, whose, before.extra if before else []), *extra]
    check_intervals(extra)
    return DayException(
        practitioner_id=whose, day_on=day, day_off=wish.day_off, extra=extra, note=wish.note, updated_at=tx.now
    )


def _placed(tx: ReadTx, whose: PractitionerId, asked: list[T], field: str) -> list[T]:
    """Each at its site: one where the practitioner works, and where the actor keeps the agenda."""
    own, sites = policy.keeps_sites(tx, whose), {one.workplace_id for one in asked}
    places = {site: workplaces.place_for(tx, whose, site) for site in sites}
    if own is not None and not own >= set(places.values()):
        raise Forbidden("You keep this agenda at another site only", code="SCOPE_MISSING", field=field)
    return [msgspec.structs.replace(one, workplace_id=places[one.workplace_id]) for one in asked]


def _kept(tx: ReadTx, whose: PractitionerId, there: list[T]) -> list[T]:
    """Those at sites where the actor keeps the agenda."""
    own = policy.keeps_sites(tx, whose)
    return there if own is None else [one for one in there if one.workplace_id in own]


def _others(tx: ReadTx, whose: PractitionerId, there: list[T]) -> list[T]:
    """Those at other sites."""
    own = policy.keeps_sites(tx, whose)
    return [] if own is None else [one for one in there if one.workplace_id not in own]


def _days_of(wish: BulkWish) -> list[date]:
    for given in (wish.first, wish.last):
        slots.check_year(given)
    if wish.first > wish.last:
        raise Invalid("The last day must not be before the first", field="to")
    length = (wish.last - wish.first).days + 1
    if length > finder.MOST_DAYS:
        raise Invalid("Ask for {days} days at most", field="to", days=finder.MOST_DAYS)
    days = (wish.first + timedelta(days=number) for number in range(length))
    return [day for day in days if wish.weekdays is None or day.isoweekday() in wish.weekdays]


def _live_by_day(tx: ReadTx, practitioner_id: PractitionerId, wish: BulkWish) -> dict[date, list[AppointmentLine]]:
    zone = finder.zone_of(tx)
    begin, end = slots.day_bounds(wish.first, zone)[0], slots.day_bounds(wish.last, zone)[1]
    found: dict[date, list[AppointmentLine]] = {}
    for line in store.live_lines(tx, practitioner_id, max(begin, tx.now), end):
        found.setdefault(clock.local_date(line.starts_at, zone), []).append(line)
    return found


def _stranded(
    tx: ReadTx, live: list[AppointmentLine], day: date, before: list[DayInterval], after: list[DayInterval]
) -> list[AppointmentLine]:
    """Those that lay inside and no longer would."""
    zone = finder.zone_of(tx)

    def lies_in(line: AppointmentLine, there: list[DayInterval]) -> bool:
        return any(_covers(one, line, day, zone) for one in there)

    return [line for line in live if lies_in(line, before) and not lies_in(line, after)]


def _outside_on(tx: ReadTx, practitioner_id: PractitionerId, day: date) -> list[AppointmentLine]:
    """The live visits of a day that lie in no interval of it."""
    begin, end = slots.day_bounds(day, finder.zone_of(tx))
    return _outside(tx, practitioner_id, store.live_lines(tx, practitioner_id, max(begin, tx.now), end))


def _day_changed(
    tx: WriteTx, practitioner_id: PractitionerId, day: date, before: list[AppointmentLine], *, keep_booked: bool
) -> list[AppointmentLine]:
    conflicts = _outside_on(tx, practitioner_id, day)
    known = {line.id for line in before}
    stranded = [line for line in conflicts if line.id not in known]
    if stranded and not keep_booked:
        raise Conflict(
            "This time is booked. Move or cancel the visits first, or say keepBooked",
            code="BOOKED",
            extra={"conflicts": msgspec.to_builtins(stranded)},
        )
    tx.record(AvailabilityChanged(subject=practitioner_id, day_on=day, conflicts=len(conflicts)))
    return conflicts


def _outside(tx: ReadTx, practitioner_id: PractitionerId, live: list[AppointmentLine]) -> list[AppointmentLine]:
    """Those that lie in no interval of their day."""
    zone = finder.zone_of(tx)
    known: dict[date, list[DayInterval]] = {}
    outside = []
    for line in live:
        day = clock.local_date(line.starts_at, zone)
        if day not in known:
            known[day] = finder.intervals(tx, practitioner_id, day)
        if not any(_covers(one, line, day, zone) for one in known[day]):
            outside.append(line)
    return outside


def _covers(interval: DayInterval, line: AppointmentLine, day: date, zone: ZoneInfo) -> bool:
    """Does the visit lie in it, at its site?"""
    return interval.workplace_id == line.workplace_id and slots.covers(
        interval, day, zone, line.starts_at, line.ends_at
    )


def check_intervals(intervals: list[DayInterval]) -> None:
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
