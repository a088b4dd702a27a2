"""The use cases of counting consultations (SPEC CO-12, AD-05, AD-14)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from esante.kernel import clock
from esante.kernel.errors import Invalid
from esante.kernel.transaction import LookTx
from esante.people.structs import PractitionerId
from esante.records.consultations import policy
from esante.records.consultations.events import ConsultationStatisticsSeen
from esante.records.consultations.statistics import store
from esante.records.consultations.statistics.structs import ConsultationStatistics

DEFAULT_DAYS = 30
MOST_DAYS = 1_100
TOP = 10
FEW = 3
"""What fewer people have might say who they are."""


def own_statistics(tx: LookTx, first: date | None, last: date | None) -> ConsultationStatistics:
    """A doctor's own completed consultations between two local days (default: the last 30), with the ten top diagnoses."""
    return _counted(tx, policy.may_count_own(tx), first, last, least=1)


def clinic_statistics(
    tx: LookTx, first: date | None, last: date | None, practitioner_id: PractitionerId | None
) -> ConsultationStatistics:
    """The clinic's, or one doctor's, for admins: a diagnosis that fewer than three people have is only counted, not shown."""
    policy.may_count_all(tx)
    return _counted(tx, practitioner_id, first, last, least=FEW)


def _counted(
    tx: LookTx, who: PractitionerId | None, first: date | None, last: date | None, *, least: int
) -> ConsultationStatistics:
    zone = ZoneInfo(tx.settings.time_zone)
    last = last or clock.local_date(tx.now, zone)
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise Invalid("The last day must not be before the first", field="to")
    if (last - first).days >= MOST_DAYS or not 1900 <= first.year <= last.year <= 2200:
        raise Invalid("Ask for {days} days at most", field="to", days=MOST_DAYS)
    from_at, until_at = _midnight(first, zone), _midnight(last + timedelta(days=1), zone)
    totals = store.totals(tx, from_at, until_at, who)
    tx.record(ConsultationStatisticsSeen(subject=who or "clinic", first_on=first, last_on=last))
    return ConsultationStatistics(
        practitioner_id=who,
        first_on=first,
        last_on=last,
        total=totals.total,
        patients=totals.patients,
        top_diagnoses=store.diagnoses(tx, from_at, until_at, who, least, TOP),
        hidden_diagnoses=store.count_rare(tx, from_at, until_at, who, least),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
