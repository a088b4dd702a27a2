"""Counts of appointments: equal to a recount by hand, whatever happened."""

import random
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from esante.kernel.errors import Conflict, Forbidden, Invalid, Refusal
from esante.kernel.transaction import LookTx, WriteTx
from esante.scheduling import service
from esante.scheduling.statistics import service as statistics
from esante.scheduling.statistics.structs import AppointmentStatistics, Counts, DoctorStatistics
from esante.scheduling.structs import AppointmentRequest, Because, RescheduleRequest
from tests.scheduling.practice import MONDAY, Practice, hours

PARIS = ZoneInfo("Europe/Paris")
WHY = Because(reason="Because")
TEN = MONDAY + hours(2)
TODAY = date(2026, 11, 16)
Row = dict[str, Any]


def live_a_month(tx: WriteTx, practice: Practice, seed: int) -> None:
    """A clinic's month: booked, moved, called off, missed, done, entered in error; some by patients, some late."""
    dice = random.Random(seed)
    doctors, patients = list(practice.doctors.values()), list(practice.patients.values())
    kept: list[Any] = []
    for step in range(400):
        tx.now = MONDAY - timedelta(days=20) + timedelta(hours=step * 2)
        actor = practice.actors["gwen"]
        try:
            match dice.randrange(8):
                case 0 | 1 | 2 | 3:
                    at = tx.now.replace(minute=0) + timedelta(minutes=5 * dice.randrange(1, 12 * 24 * 9))
                    wish = AppointmentRequest(
                        practitioner_id=dice.choice(doctors), type_id=dice.choice(list(practice.types.values())).id,
                        patient_id=dice.choice(patients), starts_at=at, reason="A cough",
                    )  # fmt: skip
                    kept.append(service.request_appointment(tx, wish).id)
                case 4:
                    tx.actor = practice.actors[dice.choice(["amina", "bruno"])]
                    service.complete_appointment(tx, dice.choice(kept))
                case 5:
                    tx.actor = actor
                    service.mark_no_show(tx, dice.choice(kept))
                case 6:
                    tx.actor = actor
                    verb = dice.choice([service.cancel_appointment, service.withdraw_appointment])
                    verb(tx, dice.choice(kept), *([WHY] if verb is service.cancel_appointment else []))
                case _:
                    tx.actor = actor
                    at = tx.now.replace(minute=0) + timedelta(minutes=5 * dice.randrange(1, 12 * 24 * 3))
                    service.move_appointment(tx, dice.choice(kept), RescheduleRequest(starts_at=at))
        except (Refusal, IndexError):
            continue
        finally:
            tx.actor = actor


def rows_of(practice: Practice) -> list[Row]:
    """Everything, as plain rows, with the local day of the start."""
    names = ["id", "patient_id", "practitioner_id", "starts_at", "status", "price_minor", "moves", "entered_in_error"]
    found = practice.rows(f"SELECT {', '.join(names)} FROM appointment")
    rows = [dict(zip(names, row, strict=True)) for row in found]
    for row in rows:
        wall = date_time(row["starts_at"]).astimezone(PARIS)
        row["day"], row["hour"] = wall.date(), wall.hour
    return [row for row in rows if not row["entered_in_error"]]


def date_time(text: str) -> Any:
    return MONDAY.fromisoformat(text)


def recount(rows: Iterable[Row], counts: Counts) -> None:
    """Every figure by hand."""
    everything = list(rows)
    within = [row for row in everything if counts.first_on <= row["day"] <= counts.last_on]
    states = Counter(row["status"] for row in within)
    assert counts.total == len(within)
    assert counts.by_status == dict(states)
    over = sum(states[one] for one in ("completed", "cancelled", "rejected", "no_show", "expired"))
    assert counts.completion_rate == (states["completed"] / over if over else None)
    visits = states["completed"] + states["no_show"]
    assert counts.no_show_rate == (states["no_show"] / visits if visits else None)
    assert counts.cancel_rate == (states["cancelled"] / len(within) if within else None)
    assert counts.reschedule_rate == (sum(row["moves"] > 0 for row in within) / len(within) if within else None)
    assert counts.revenue_minor == sum(row["price_minor"] for row in within if row["status"] == "completed")
    assert counts.weekdays == [sum(row["day"].weekday() == day for row in within) for day in range(7)]
    assert counts.hours == [sum(row["hour"] == hour for row in within) for hour in range(24)]
    for figure, first, last in (
        (counts.today, TODAY, TODAY),
        (counts.last7_days, TODAY - timedelta(days=6), TODAY),
        (counts.last30_days, TODAY - timedelta(days=29), TODAY),
        (counts.this_week, TODAY, TODAY + timedelta(days=6)),
        (counts.this_month, TODAY.replace(day=1), TODAY.replace(day=30)),
    ):
        assert figure == sum(first <= row["day"] <= last for row in everything)


async def clinic_of(practice: Practice, first: date | None = None, last: date | None = None) -> AppointmentStatistics:
    found: AppointmentStatistics = await practice.look("gwen", statistics.appointment_statistics, first, last, None)
    return found


async def own(
    practice: Practice, who: str = "amina", first: date | None = None, last: date | None = None
) -> DoctorStatistics:
    found: DoctorStatistics = await practice.look(who, statistics.doctor_statistics, first, last)
    return found


@pytest.mark.parametrize("seed", range(5))
async def test_row_45_statistics_equal_a_recount_by_hand(practice: Practice, seed: int) -> None:
    await practice.add_patient("zoe")
    await practice.do("gwen", live_a_month, practice, seed)
    rows = rows_of(practice)
    assert len({row["status"] for row in rows}) >= 4
    for first, last in ((None, None), (TODAY - timedelta(days=9), TODAY + timedelta(days=4)), (TODAY, TODAY)):
        found = await clinic_of(practice, first, last)
        recount(rows, found.counts)
        within = [row for row in rows if found.counts.first_on <= row["day"] <= found.counts.last_on]
        per_day = Counter(row["day"] for row in within)
        assert [(one.day_on, one.total) for one in found.days] == [
            (found.counts.first_on + timedelta(days=number), per_day[found.counts.first_on + timedelta(days=number)])
            for number in range((found.counts.last_on - found.counts.first_on).days + 1)
        ]
        assert {one.practitioner_id: one.total for one in found.practitioners} == Counter(
            row["practitioner_id"] for row in within
        )
        assert {one.patient_id: one.total for one in found.top_patients} == Counter(row["patient_id"] for row in within)
        lately = sum(TODAY - timedelta(days=6) <= row["day"] <= TODAY for row in rows)
        before = sum(TODAY - timedelta(days=13) <= row["day"] <= TODAY - timedelta(days=7) for row in rows)
        assert found.weekly_growth == ((lately - before) / before if before else None)
        for name in ("amina", "bruno"):
            theirs = [row for row in rows if row["practitioner_id"] == practice.doctors[name]]
            mine = await own(practice, name, first, last)
            recount(theirs, mine.counts)
            recount_patients(theirs, mine)


def recount_patients(rows: list[Row], found: DoctorStatistics) -> None:
    first_visit: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: str(row["starts_at"])):
        if row["status"] == "completed":
            first_visit.setdefault(row["patient_id"], row)
    counts = found.counts
    within = {
        row["patient_id"]
        for row in rows
        if row["status"] == "completed" and counts.first_on <= row["day"] <= counts.last_on
    }
    assert found.patients == len(within)
    assert found.new_patients == sum(counts.first_on <= row["day"] <= counts.last_on for row in first_visit.values())


async def test_row_45_completing_twice_is_impossible(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    practice.at = TEN
    await practice.do("amina", service.complete_appointment, kept.id)
    before = (await own(practice)).counts
    with pytest.raises(Conflict):
        await practice.do("amina", service.complete_appointment, kept.id)
    assert (await own(practice)).counts == before
    assert before.by_status == {"completed": 1}


async def test_it_works(practice: Practice) -> None:
    done = await practice.book("chloe", TEN)
    await practice.book("emma", TEN + hours(1))
    practice.at = TEN
    await practice.do("amina", service.complete_appointment, done.id)
    found = await own(practice, first=TODAY, last=TODAY)
    assert found.counts.by_status == {"completed": 1, "pending": 1}
    assert (found.counts.revenue_minor, found.counts.currency) == (2500, "EUR")
    assert (found.patients, found.new_patients) == (1, 1)
    assert found.counts.hours[10:12] == [1, 1]


async def test_a_hold_that_has_run_out_counts_as_expired(practice: Practice) -> None:
    await practice.book("emma", TEN)
    practice.at = TEN
    assert (await clinic_of(practice)).counts.by_status == {"expired": 1}


async def test_a_patient_is_new_once(practice: Practice) -> None:
    first = await practice.book("chloe", TEN)
    practice.at = TEN
    await practice.do("amina", service.complete_appointment, first.id)
    again = await practice.book("chloe", TEN + timedelta(days=1))
    practice.at = TEN + timedelta(days=1)
    await practice.do("amina", service.complete_appointment, again.id)
    found = await own(practice, first=TODAY + timedelta(days=1), last=TODAY + timedelta(days=1))
    assert (found.patients, found.new_patients) == (1, 0)


async def test_an_empty_clinic_has_no_rates(practice: Practice) -> None:
    found = await clinic_of(practice)
    assert (found.counts.total, found.counts.completion_rate, found.weekly_growth) == (0, None, None)
    assert len(found.days) == 30


async def test_strangers_and_nonsense(practice: Practice) -> None:
    for who in ("amina", "chloe", "driss", "farid"):
        with pytest.raises(Forbidden):
            await practice.look(who, statistics.appointment_statistics, None, None, None)
    for who in ("gwen", "chloe", "driss"):
        with pytest.raises(Forbidden):
            await own(practice, who)
    for first, last in ((TODAY, TODAY - timedelta(days=1)), (date(2000, 1, 1), TODAY), (date(1, 1, 1), TODAY)):
        with pytest.raises(Invalid):
            await clinic_of(practice, first, last)


async def test_looking_leaves_a_line(practice: Practice) -> None:
    def look(tx: LookTx) -> list[str]:
        statistics.appointment_statistics(tx, None, None, None)
        return [line[6] for line in tx.lines]

    assert await practice.db.look(practice.actors["gwen"], look) == ["statistics.seen"]
