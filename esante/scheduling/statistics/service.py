"""The use cases of statistics (SPEC AD-04, AD-05)."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

from esante.kernel import clock
from esante.kernel.errors import Invalid
from esante.kernel.transaction import LookTx, ReadTx
from esante.people import service as people
from esante.people.structs import PractitionerId
from esante.scheduling import finder, policy, slots
from esante.scheduling.events import StatisticsSeen
from esante.scheduling.statistics import store
from esante.scheduling.statistics.structs import (
    AppointmentStatistics,
    Counts,
    DayCount,
    DoctorStatistics,
    PractitionerCount,
    Tally,
)

DEFAULT_DAYS = 30
MOST_DAYS = 1_100
TOP_PATIENTS = 50
ENDED = ("completed", "cancelled", "rejected", "no_show", "expired")


def appointment_statistics(
    tx: LookTx, first: date | None, last: date | None, practitioner_id: PractitionerId | None
) -> AppointmentStatistics:
    """The clinic's appointments between two local days (default: the last 30), or one practitioner's. Admins only."""
    policy.may_see_all_statistics(tx)
    first, last = _range(tx, first, last)
    tallies, counts = _counted(tx, first, last, practitioner_id)
    today = _today(tx)
    lately = _within(tallies[1], today - timedelta(days=6), today)
    before = _within(tallies[1], today - timedelta(days=13), today - timedelta(days=7))
    begin, end = slots.day_bounds(first, finder.zone_of(tx))[0], slots.day_bounds(last, finder.zone_of(tx))[1]
    tx.record(StatisticsSeen(subject="appointments", first_on=first, last_on=last))
    return AppointmentStatistics(
        counts=counts,
        days=_days(tallies[0], first, last),
        practitioners=_practitioners(tx, tallies[0]),
        top_patients=store.top_patients(tx, begin, end, practitioner_id, TOP_PATIENTS),
        weekly_growth=_share(_total(lately) - _total(before), _total(before)),
    )


def doctor_statistics(tx: LookTx, first: date | None, last: date | None) -> DoctorStatistics:
    """One's own appointments between two local days (default: the last 30). Practitioners only."""
    return _of_doctor(tx, policy.may_see_own_statistics(tx), first, last)


def statistics_of_doctor(
    tx: LookTx, practitioner_id: PractitionerId, first: date | None, last: date | None
) -> DoctorStatistics:
    """The same of any practitioner, for admins; `NotFound` when there is none."""
    policy.may_see_all_statistics(tx)
    return _of_doctor(tx, people.practitioner_brief(tx, practitioner_id).id, first, last)


# ------------------------------------------------------------------------- the parts


def _of_doctor(tx: LookTx, who: PractitionerId, first: date | None, last: date | None) -> DoctorStatistics:
    first, last = _range(tx, first, last)
    tallies, counts = _counted(tx, first, last, who)
    begin, end = slots.day_bounds(first, finder.zone_of(tx))[0], slots.day_bounds(last, finder.zone_of(tx))[1]
    tx.record(StatisticsSeen(subject=who, first_on=first, last_on=last))
    return DoctorStatistics(
        practitioner_id=who,
        counts=counts,
        days=_days(tallies[0], first, last),
        patients=store.count_patients(tx, begin, end, who),
        new_patients=store.count_new_patients(tx, begin, end, who),
    )


def _range(tx: ReadTx, first: date | None, last: date | None) -> tuple[date, date]:
    for given in (first, last):
        if given is not None:
            slots.check_year(given)
    last = last or _today(tx)
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise Invalid("The last day must not be before the first", field="to")
    if (last - first).days >= MOST_DAYS:
        raise Invalid("Ask for {days} days at most", field="to", days=MOST_DAYS)
    return first, last


def _today(tx: ReadTx) -> date:
    return clock.local_date(tx.now, finder.zone_of(tx))


def _counted(
    tx: ReadTx, first: date, last: date, who: PractitionerId | None
) -> tuple[tuple[list[Tally], list[Tally]], Counts]:
    """The tallies of the range and of the days around today, and what they add up to."""
    zone, today = finder.zone_of(tx), _today(tx)
    asked = store.tallies(tx, slots.day_bounds(first, zone)[0], slots.day_bounds(last, zone)[1], who)
    month = today.replace(day=1)
    since = min(today - timedelta(days=DEFAULT_DAYS - 1), month)
    until = max((month + timedelta(days=31)).replace(day=1) - timedelta(days=1), today + timedelta(days=6))
    recent = store.tallies(tx, slots.day_bounds(since, zone)[0], slots.day_bounds(until, zone)[1], who)
    monday = today - timedelta(days=today.weekday())
    by_status: dict[str, int] = {}
    for one in sorted(asked, key=lambda tally: tally.status):
        by_status[one.status] = by_status.get(one.status, 0) + one.number
    total = _total(asked)
    counts = Counts(
        first_on=first,
        last_on=last,
        total=total,
        by_status=by_status,
        completion_rate=_share(by_status.get("completed", 0), sum(by_status.get(one, 0) for one in ENDED)),
        no_show_rate=_share(by_status.get("no_show", 0), by_status.get("completed", 0) + by_status.get("no_show", 0)),
        cancel_rate=_share(by_status.get("cancelled", 0), total),
        reschedule_rate=_share(sum(one.moved for one in asked), total),
        revenue_minor=sum(one.price_minor for one in asked if one.status == "completed"),
        currency=tx.settings.currency,
        weekdays=_spread(asked, lambda one: one.day_on.weekday(), 7),
        hours=_spread(asked, lambda one: one.hour, 24),
        today=_total(_within(recent, today, today)),
        last7_days=_total(_within(recent, today - timedelta(days=6), today)),
        last30_days=_total(_within(recent, today - timedelta(days=29), today)),
        this_week=_total(_within(recent, monday, monday + timedelta(days=6))),
        this_month=_total(one for one in recent if (one.day_on.year, one.day_on.month) == (today.year, today.month)),
    )
    return (asked, recent), counts


def _within(tallies: Iterable[Tally], first: date, last: date) -> list[Tally]:
    return [one for one in tallies if first <= one.day_on <= last]


def _total(tallies: Iterable[Tally]) -> int:
    return sum(one.number for one in tallies)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _spread(tallies: Iterable[Tally], place: Callable[[Tally], int], size: int) -> list[int]:
    spread = [0] * size
    for one in tallies:
        spread[place(one)] += one.number
    return spread


def _days(tallies: list[Tally], first: date, last: date) -> list[DayCount]:
    """Every day of the range, those without appointments too."""
    total: dict[date, int] = {}
    completed: dict[date, int] = {}
    for one in tallies:
        total[one.day_on] = total.get(one.day_on, 0) + one.number
        if one.status == "completed":
            completed[one.day_on] = completed.get(one.day_on, 0) + one.number
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [DayCount(day_on=day, total=total.get(day, 0), completed=completed.get(day, 0)) for day in days]


def _practitioners(tx: ReadTx, tallies: list[Tally]) -> list[PractitionerCount]:
    """Each with what became of their appointments, the busiest first."""
    by_doctor: dict[PractitionerId, list[Tally]] = {}
    for one in tallies:
        by_doctor.setdefault(one.practitioner_id, []).append(one)
    found = []
    for who, theirs in by_doctor.items():
        brief = people.practitioner_brief(tx, who)
        found.append(
            PractitionerCount(
                practitioner_id=who,
                name=f"{brief.first_name} {brief.last_name}",
                total=_total(theirs),
                completed=_total(one for one in theirs if one.status == "completed"),
                no_show=_total(one for one in theirs if one.status == "no_show"),
                cancelled=_total(one for one in theirs if one.status == "cancelled"),
                revenue_minor=sum(one.price_minor for one in theirs if one.status == "completed"),
            )
        )
    return sorted(found, key=lambda one: (-one.total, one.practitioner_id))
