"""Gathering the reports."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from esante.audit import policy
from esante.audit.events import ReportMade
from esante.audit.reports import store
from esante.audit.reports.structs import ActionCount, DayOfUser, MonthReport
from esante.audit.review import service as review
from esante.audit.watch import service as watch
from esante.kernel import audit_log, checkpoints
from esante.kernel.errors import Invalid
from esante.kernel.transaction import LookTx, ReadTx

LONGEST_DAYS = 92


def month(tx: LookTx, wanted: str) -> MonthReport:
    """The month `YYYY-MM` in figures; admins and the house, and audited. A month that has not begun is `Invalid`.

    The checkpoint is the first one that covers the whole month, or the newest while there is none.
    """
    policy.may_read_log(tx)
    try:
        begin = date.fromisoformat(f"{wanted}-01")
    except ValueError:
        raise Invalid("A month is written like 2026-11", field="month") from None
    behind = (begin + timedelta(days=31)).replace(day=1)
    if begin > tx.now.astimezone(ZoneInfo(tx.settings.time_zone)).date():
        raise Invalid("This month has not begun", field="month")
    first, last, since, until = _span(tx, begin, behind - timedelta(days=1))
    odd = Counter(one.kind for one in watch.find_odd(tx, begin, behind - timedelta(days=1)))
    newest = checkpoints.newest(tx.conn)
    tx.record(ReportMade(subject=wanted))
    return MonthReport(
        clinic=tx.settings.clinic_name,
        month=wanted,
        first_line=first,
        last_line=last,
        tallies=store.tallies(tx, first, last),
        weighty=store.weighty(tx, first, last),
        odd={str(kind): count for kind, count in odd.items()},
        reviews_open=review.count_open(tx),
        reviews_closed=store.reviews_closed(tx, since, until),
        checkpoint=checkpoints.at_or_after(tx.conn, last) or (newest[2] if newest else None),
    )


def activity(tx: LookTx, account_id: str, since: date, until: date) -> list[DayOfUser]:
    """What one account did on each of these days, both included, newest first; admins only, and audited. 92 days at most."""
    policy.may_read_log(tx)
    if not since <= until <= since + timedelta(days=LONGEST_DAYS - 1):
        raise Invalid("Ask for {days} days at most, the first one first", field="to", days=LONGEST_DAYS)
    first, last, _, _ = _span(tx, since, until)
    zone = ZoneInfo(tx.settings.time_zone)
    days: dict[date, list[store.Act]] = {}
    for act in store.acts(tx, account_id, first, last):
        days.setdefault(act.at.astimezone(zone).date(), []).append(act)
    tx.record(ReportMade(subject=account_id))
    return [
        DayOfUser(
            on=on,
            actions=[ActionCount(action=action, count=count) for action, count in _counted(acts)],
            patients=len({act.patient_id for act in acts if act.patient_id}),
        )
        for on, acts in days.items()
    ]


def _counted(acts: list[store.Act]) -> list[tuple[str, int]]:
    return Counter(act.action for act in acts).most_common()


def _span(tx: ReadTx, first_day: date, last_day: date) -> tuple[int, int, datetime, datetime]:
    """The first and last line of these days, and the instants between which they lie."""
    zone, head = ZoneInfo(tx.settings.time_zone), audit_log.head(tx.conn).seq
    since, until = (
        datetime.combine(first_day, time(), zone),
        datetime.combine(last_day + timedelta(days=1), time(), zone),
    )
    return watch.line_at(tx, since, head), watch.line_at(tx, until, head) - 1, since, until
