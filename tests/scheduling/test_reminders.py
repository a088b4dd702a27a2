"""Reminders: each once, of confirmed visits, whatever the clock and the clinic's server do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esante.kernel.transaction import WriteTx
from esante.scheduling import service
from esante.scheduling.reminders import service as reminders
from esante.scheduling.structs import Because, RescheduleRequest
from tests.conftest import Clinic
from tests.scheduling.practice import HOUSE, MONDAY, Practice, hours
from tests.scheduling.test_no_overlap import Undone

START = MONDAY + timedelta(days=3, hours=2)
"""A visit three days ahead."""
DAY, HOUR = 24 * 60, 60
WHY = Because(reason="Because")


async def sweep(practice: Practice, at: datetime | None = None) -> int:
    practice.at = at or practice.at
    told: int = await practice.db.write(HOUSE, reminders.note_due)
    return told


def told(practice: Practice) -> list[tuple[str, int]]:
    """Which start, and how many minutes before it, in order."""
    rows = practice.rows("SELECT detail FROM audit WHERE action = 'reminder.due' ORDER BY seq")
    details = [msgspec.json.decode(row[0]) for row in rows]
    return [(one["startsAt"], one["minutes"]) for one in details]


async def test_it_works(practice: Practice) -> None:
    await practice.book("chloe", START)
    assert await sweep(practice, START - timedelta(hours=24, seconds=1)) == 0
    assert await sweep(practice, START - timedelta(hours=24)) == 1
    assert await sweep(practice) == 0
    assert await sweep(practice, START - timedelta(hours=1)) == 1
    assert await sweep(practice, START - timedelta(minutes=30)) == 0
    assert [minutes for _, minutes in told(practice)] == [DAY, HOUR]


async def test_only_confirmed_visits(practice: Practice) -> None:
    await practice.set(pending_hold_hours=72)
    kept = await practice.book("driss", START)
    assert await sweep(practice, START - timedelta(hours=20)) == 0
    await practice.do("amina", service.confirm_appointment, kept.id)
    assert await sweep(practice) == 0, "it became sure after the mark"
    assert await sweep(practice, START - timedelta(hours=1)) == 1


async def test_what_is_booked_after_a_mark_is_not_reminded_of_it(practice: Practice) -> None:
    practice.at = START - timedelta(hours=23)
    await practice.book("chloe", START)
    assert await sweep(practice) == 0
    assert await sweep(practice, START - timedelta(minutes=59)) == 1


async def test_a_cancelled_visit_is_forgotten(practice: Practice) -> None:
    kept = await practice.book("chloe", START)
    await sweep(practice, START - timedelta(hours=24))
    await practice.do("driss", service.cancel_appointment, kept.id, WHY)
    assert await sweep(practice, START - timedelta(hours=1)) == 0


async def test_a_moved_visit_is_reminded_of_at_its_new_start(practice: Practice) -> None:
    kept = await practice.book("chloe", START)
    await sweep(practice, START - timedelta(hours=24))
    later = START + timedelta(days=4)
    await practice.do("chloe", service.move_appointment, kept.id, RescheduleRequest(starts_at=later))
    assert await sweep(practice, START - timedelta(hours=1)) == 0
    assert await sweep(practice, later - timedelta(hours=24)) == 1
    assert await sweep(practice, later - timedelta(hours=1)) == 1
    assert len(told(practice)) == 3


async def test_who_is_here_is_not_reminded(practice: Practice) -> None:
    kept = await practice.book("chloe", START)
    practice.at = START - timedelta(hours=2)
    await practice.do("chloe", service.check_in_patient, kept.id)
    assert await sweep(practice, START - timedelta(hours=1)) == 0


async def test_after_a_standstill_only_the_nearest_and_not_too_late(practice: Practice) -> None:
    await practice.book("chloe", START)
    await practice.book("chloe", START - timedelta(minutes=60), patient_id=practice.patients["emma"])
    assert await sweep(practice, START - timedelta(minutes=16)) == 1
    assert told(practice) == [(START.strftime("%Y-%m-%dT%H:%M:%SZ"), HOUR)]
    assert await sweep(practice, START - timedelta(minutes=15)) == 0
    assert practice.rows("SELECT minutes, outcome FROM reminder ORDER BY minutes") == [
        (HOUR, "due"),
        (DAY, "overtaken"),
    ]


async def test_fifteen_minutes_before_it_is_too_late(practice: Practice) -> None:
    await practice.book("chloe", START)
    assert await sweep(practice, START - timedelta(minutes=15)) == 0


async def test_the_clinic_says_when(practice: Practice) -> None:
    await practice.set(reminder_minutes=[120, 2880])
    await practice.book("chloe", START)
    for before in (48, 24, 2, 1):
        await sweep(practice, START - timedelta(hours=before))
    assert [minutes for _, minutes in told(practice)] == [2880, 120]
    await practice.set(reminder_minutes=[])
    assert await sweep(practice, START - timedelta(minutes=30)) == 0


async def test_old_notes_go(practice: Practice) -> None:
    await practice.book("chloe", START)
    await sweep(practice, START - timedelta(hours=24))
    practice.at = START + timedelta(days=29)
    await practice.db.write(HOUSE, reminders.forget_old)
    assert practice.rows("SELECT count(*) FROM reminder") == [(1,)]
    practice.at += timedelta(days=3)
    await practice.db.write(HOUSE, reminders.forget_old)
    assert practice.rows("SELECT count(*) FROM reminder") == [(0,)]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jumps=st.lists(st.integers(-3000, 5000), min_size=1, max_size=30))
async def test_any_sequence_of_clock_jumps_sends_each_reminder_once(practice: Practice, jumps: list[int]) -> None:
    """Minutes forward or back between one look and the next: each mark of a start at most once, and whoever looks when there
    is still time leaves no mark unsaid."""
    begin = practice.at

    def run(tx: WriteTx) -> None:
        visit = service.request_appointment(tx, practice.wish(START, patient_id=practice.patients["driss"]))
        tx.actor, seen = HOUSE, begin
        for jump in jumps:
            tx.now = seen = seen + timedelta(minutes=jump)
            was_noted = noted(tx, visit.id)
            count = reminders.note_due(tx)
            ahead = visit.starts_at - tx.now
            reached = {
                minutes for minutes in (DAY, HOUR) if timedelta(minutes=15) < ahead <= timedelta(minutes=minutes)
            }
            assert count == int(bool(reached) and min(reached) not in was_noted)
            assert noted(tx, visit.id) == was_noted | reached
        due = tx.all(int, "SELECT minutes FROM reminder WHERE outcome = 'due'")
        assert len(due) == len(set(due)) <= 2
        raise Undone

    try:
        await practice.do("gwen", run)
    except Undone:
        return


def noted(tx: WriteTx, appointment_id: str) -> set[int]:
    return set(tx.all(int, "SELECT minutes FROM reminder WHERE appointment_id = ?", appointment_id))


# -------------------------------------------------------------------- in the whole clinic


def sure(clinic: Clinic, at: datetime) -> dict[str, Any]:
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids["driss"],
        "startsAt": at.isoformat(),
    }
    answer = clinic.chloe.post("/appointments", json=wish)
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


def reminded(clinic: Clinic, name: str = "driss") -> list[str]:
    return [one["body"] for one in clinic.notifications(name) if one["kind"] == "appointment_reminder"]


THURSDAY = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)


def test_the_patient_is_told_in_the_app_and_by_mail_and_nobody_else(clinic: Clinic) -> None:
    sure(clinic, THURSDAY)
    clinic.run_jobs()
    clinic.clock.set(THURSDAY - hours(24))
    clinic.run_jobs()
    clinic.run_jobs()
    assert len(reminded(clinic)) == 1
    assert "Amina Benali" in reminded(clinic)[0]
    assert "10:00" in reminded(clinic)[0]
    mails = clinic.rows("SELECT state FROM delivery WHERE kind = 'appointment_reminder'")
    assert len(mails) == 1
    for other in ("emma", "amina", "chloe", "gwen"):
        assert reminded(clinic, other) == []
    clinic.clock.set(THURSDAY - hours(1))
    clinic.run_jobs()
    assert len(reminded(clinic)) == 2


def test_a_restart_neither_loses_nor_doubles_a_reminder(clinic: Clinic) -> None:
    sure(clinic, THURSDAY)
    clinic.run_jobs()
    for minutes_before in (1445, 1440, 1435, 100, 60, 55, 16, 5):
        clinic.stop()
        clinic.clock.set(THURSDAY - timedelta(minutes=minutes_before))
        clinic.start()
        clinic.run_jobs()
        clinic.run_jobs()
    assert len(reminded(clinic)) == 2


def test_a_clock_that_goes_back_and_forth_sends_nothing_twice(clinic: Clinic) -> None:
    sure(clinic, THURSDAY)
    clinic.run_jobs()
    for hours_before in (24, 30, 24, 23, 2, 1, 5, 1, 0.5):
        clinic.clock.set(THURSDAY - timedelta(hours=hours_before))
        clinic.run_jobs()
    assert len(reminded(clinic)) == 2


def test_what_was_called_off_between_the_mark_and_the_message_is_not_sent(clinic: Clinic) -> None:
    kept = sure(clinic, THURSDAY)
    clinic.run_jobs()
    clinic.clock.set(THURSDAY - hours(24))
    clinic.write(HOUSE, reminders.note_due)
    clinic.chloe.sign_in()
    clinic.chloe.post(f"/appointments/{kept['id']}/cancel", json={"reason": "Because"})
    clinic.run_jobs()
    assert reminded(clinic) == []
