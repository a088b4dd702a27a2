"""A doctor's patients (SPEC PE-16) and working hours (PE-12), both read from the agenda: nothing is kept twice."""

import hashlib
from contextlib import suppress
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec

from esante.kernel import clock
from esante.kernel.errors import NotFound
from esante.kernel.structs import Page, decode_cursor, encode_cursor
from esante.kernel.transaction import LookTx, ReadTx
from esante.people import service as people
from esante.people.structs import PublicPractitioner
from esante.scheduling import availability_store, policy, slots
from esante.scheduling.events import AppointmentsListed
from esante.scheduling.practice import store
from esante.scheduling.practice.structs import Interval, SeenPatient, WeekdayHours, WorkingHours
from esante.scheduling.structs import TemplateRow

NEW_DAYS = 30
POPULAR_DAYS, MOST_POPULAR = 90, 10


class SeenFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which patients: those who are new between two local days (default: the last 30), or all with a mark."""

    first: date | None = None
    last: date | None = None
    only_new: bool = False
    cursor: str | None = None
    limit: int = 20


def list_seen_patients(tx: LookTx, asked: SeenFilter) -> Page[SeenPatient]:
    """Whom the signed-in doctor has seen: the number of completed visits, the first and the last. One audit line.

    New is who came for the first completed visit in the period.
    """
    practitioner_id = policy.is_practitioner(tx)
    zone = ZoneInfo(tx.settings.time_zone)
    last = asked.last or clock.local_date(tx.now, zone)
    slots.check_year(last)
    first = asked.first or last - timedelta(days=NEW_DAYS)
    after_at, after_id = decode_cursor(asked.cursor, 2) or (None, None)
    args = {"only_new": asked.only_new, "after_at": after_at, "after_id": after_id, "most": asked.limit + 1}
    new_from, new_until = slots.day_bounds(first, zone)[0], slots.day_bounds(last, zone)[1]
    found = store.seen_patients(tx, practitioner_id, new_from, new_until, args)
    shown = found[: asked.limit]
    digest = hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:16]
    tx.record(AppointmentsListed(subject="/doctors/patients", filter_digest=digest, count=len(shown)))
    more = len(found) > asked.limit
    return Page(
        items=shown, next_cursor=encode_cursor(clock.text(shown[-1].last_visit_at), shown[-1].id) if more else None
    )


def list_popular(tx: ReadTx) -> Page[PublicPractitioner]:
    """The ten doctors whom most people have seen in the last 90 days; how many they were is not said. Open."""
    policy.may_see_working_hours(tx)
    shown = []
    for one in store.most_seen(tx, tx.now - timedelta(days=POPULAR_DAYS), MOST_POPULAR):
        with suppress(NotFound):  # the account is suspended meanwhile
            shown.append(people.public_practitioner(tx, one))
    return Page(items=shown)


def working_hours(tx: ReadTx, practitioner_id: str) -> WorkingHours:
    """When an approved doctor is there in an ordinary week, as the availability says today; `NotFound` for any other. Open."""
    policy.may_see_working_hours(tx)
    doctor = people.bookable_practitioner(tx, practitioner_id)
    today = clock.local_date(tx.now, ZoneInfo(tx.settings.time_zone))
    rows = [row for row in availability_store.template(tx, doctor.id) if _holds(row, today)]
    return WorkingHours(
        days=[
            WeekdayHours(weekday=day, intervals=_joined([row for row in rows if row.weekday == day]))
            for day in range(1, 8)
        ]
    )


def _holds(row: TemplateRow, today: date) -> bool:
    return (row.valid_from is None or row.valid_from <= today) and (row.valid_to is None or today <= row.valid_to)


def _joined(rows: list[TemplateRow]) -> list[Interval]:
    """In order; what touches is one."""
    joined: list[Interval] = []
    for row in sorted(rows, key=lambda one: one.from_time):
        if joined and row.from_time <= joined[-1].to_time:
            end = max(joined[-1].to_time, row.to_time)
            joined[-1] = Interval(from_time=joined[-1].from_time, to_time=end)
        else:
            joined.append(Interval(from_time=row.from_time, to_time=row.to_time))
    return joined
