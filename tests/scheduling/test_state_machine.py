"""The law under everything that the calendar can do: bookings, holds that run out, moves, wishes, the waiting list, series.

After every step no two live intervals of one resource overlap unless a person said why; what is live has its time, what is over
has none; and everything that is held belongs to something that is open. 50 runs; 500 with ESANTE_FULL=1.
"""

import asyncio
import os
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from esante.kernel import migrate
from esante.kernel.connection import open_database
from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from esante.scheduling import agenda, service
from esante.scheduling.reschedules import service as wishes
from esante.scheduling.reschedules.structs import MoveWish
from esante.scheduling.series import service as series
from esante.scheduling.series.structs import SeriesWish
from esante.scheduling.structs import AppointmentPatch, Because, RescheduleRequest
from esante.scheduling.waitlist import service as waitlist
from esante.scheduling.waitlist.structs import WaitlistWish
from tests.scheduling.practice import KEY, MONDAY, Practice
from tests.scheduling.test_no_overlap import OVERLAPS

EXAMPLES = 500 if os.environ.get("ESANTE_FULL") == "1" else 50
WHY = Because(reason="Because")
VERBS = ["confirm", "reject", "cancel", "withdraw", "check_in", "start", "complete", "no_show"]

LIVE_WITHOUT_TIME = """
    SELECT count(*) FROM appointment WHERE status IN ('pending', 'confirmed', 'checked_in', 'in_progress') AND 2 <> (
        SELECT count(*) FROM occupancy WHERE appointment_id = appointment.id AND source = 'appointment'
           AND starts_at = appointment.starts_at AND resource_id IN (appointment.practitioner_id, appointment.patient_id))
"""
TIME_OF_NOTHING = """
    SELECT count(*) FROM occupancy LEFT JOIN appointment ON appointment.id = occupancy.appointment_id
     WHERE (source = 'appointment'
            AND coalesce(appointment.status, '') NOT IN ('pending', 'confirmed', 'checked_in', 'in_progress'))
        OR (source = 'request' AND NOT EXISTS (SELECT 1 FROM reschedule_request WHERE status = 'open'
            AND reschedule_request.appointment_id = occupancy.appointment_id AND starts_at = occupancy.starts_at))
        OR (source = 'offer' AND NOT EXISTS (SELECT 1 FROM waitlist_entry WHERE status = 'offered'
            AND waitlist_entry.appointment_id = occupancy.appointment_id AND offer_starts_at = occupancy.starts_at))
"""
HELD_WITHOUT_TIME = """
    SELECT (SELECT count(*) FROM reschedule_request WHERE status = 'open' AND 2 <> (SELECT count(*) FROM occupancy
              WHERE occupancy.appointment_id = reschedule_request.appointment_id AND source = 'request'))
         + (SELECT count(*) FROM waitlist_entry WHERE status = 'offered' AND 2 <> (SELECT count(*) FROM occupancy
              WHERE occupancy.appointment_id = waitlist_entry.appointment_id AND source = 'offer'))
"""
UNANNOUNCED = """
    SELECT count(*) FROM occupancy WHERE hold_until IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM job WHERE done_at IS NULL AND due_at = hold_until
           AND (key LIKE 'hold:%' OR key LIKE 'move:%' OR key LIKE 'offer:%'))
"""

people = st.sampled_from(["driss", "emma", "zoe"])
doctors = st.sampled_from(["amina", "bruno"])
kinds = st.sampled_from(["visit", "control", "long"])
steps = st.integers(0, 60)
"""Of five minutes, from when the practice opens; five hours, so that they meet."""
which = st.integers(0, 50)


class Calendar(RuleBasedStateMachine):
    """Everybody tries everything; what is refused must be refused by a rule."""

    template: Path | None = None

    @initialize()
    def open(self) -> None:
        if Calendar.template is None:
            Calendar.template = Path(tempfile.mkdtemp(prefix="esante-calendar-"))
            conn = open_database(Calendar.template / "esante.db", KEY, "maintenance")
            migrate.migrate(conn)
            conn.close()
        self.folder = Path(tempfile.mkdtemp(prefix="esante-calendar-"))
        shutil.copy(Calendar.template / "esante.db", self.folder / "esante.db")
        self.loop = asyncio.new_event_loop()
        self.practice = self.loop.run_until_complete(self._open())
        self.late = False
        self.visits: list[str] = []
        self.entries: list[str] = []
        for number, who in enumerate(("driss", "emma", "driss", "emma")):  # a calendar in which things happen
            wish = self.practice.wish(self.at(12 + 6 * number, 1), "amina", "visit")
            self.keep(self.do(who, service.request_appointment, wish))
        for who in ("zoe", "driss"):
            self.wait(who, "amina", "visit", "routine")

    async def _open(self) -> Practice:
        practice = Practice(self.folder)
        await practice.db.start()
        await practice.furnish()
        await practice.add_patient("zoe")
        return practice

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run_until_complete(self.practice.db.stop())
            self.loop.close()
            shutil.rmtree(self.folder)

    def do(self, who: str, command: Any, *args: Any) -> Any:
        """What is refused gives None; anything but a refusal fails the run. Jobs follow at once, unless they are late."""
        try:
            made = self.loop.run_until_complete(self.practice.do(who, command, *args))
        except (Conflict, Invalid, NotFound, Forbidden):
            return None
        if not self.late:
            self.jobs_run()
        return made

    def ids(self, sql: str) -> list[str]:
        return [row[0] for row in self.practice.rows(sql)]

    def at(self, step: int, days: int = 0) -> datetime:
        return MONDAY + timedelta(days=days, minutes=5 * step)

    def one(self, of: list[str], number: int) -> Any:
        return of[number % len(of)]

    def keep(self, made: Any) -> None:
        if made is not None:
            self.visits.append(made.id)

    # ------------------------------------------------------------------ what can be tried

    @rule(who=people, doctor=doctors, kind=kinds, step=steps, days=st.integers(0, 2))
    def request(self, who: str, doctor: str, kind: str, step: int, days: int) -> None:
        wish = self.practice.wish(self.at(step // 6 * 6, days), doctor, kind)
        self.keep(self.do(who, service.request_appointment, wish))

    @rule(
        who=people, doctor=doctors, kind=kinds, step=steps, over=st.booleans(), staff=st.sampled_from(["chloe", "gwen"])
    )
    def book_at_the_desk(self, who: str, doctor: str, kind: str, step: int, over: bool, staff: str) -> None:
        more = {
            "patient_id": self.practice.patients[who],
            "override_reason": "Because" if over and step % 5 == 0 else None,
        }
        self.keep(self.do(staff, service.request_appointment, self.practice.wish(self.at(step), doctor, kind, **more)))

    @rule(who=people, doctor=doctors, step=steps, weeks=st.integers(2, 4))
    def book_series(self, who: str, doctor: str, step: int, weeks: int) -> None:
        wish = SeriesWish(
            practitioner_id=self.practice.doctors[doctor], type_id=self.practice.types["visit"].id,
            patient_id=self.practice.patients[who], starts_at=self.at(step), visits=weeks,
        )  # fmt: skip
        made = self.do("chloe", series.book_series, wish)
        for visit in made.appointments if made else ():
            self.keep(visit)
        if made is not None:
            assert len({visit.series_id for visit in made.appointments}) == 1

    @precondition(lambda self: self.visits)
    @rule(number=which, verb=st.sampled_from([*VERBS, "cancel", "cancel"]))
    def act(self, number: int, verb: str) -> None:
        self.act_on(self.one(self.visits, number), verb)

    @precondition(lambda self: self.visits)
    @rule(number=which)
    def call_off_what_lives(self, number: int) -> None:
        if live := self.ids("SELECT id FROM appointment WHERE status IN ('pending', 'confirmed') ORDER BY id"):
            self.act_on(self.one(live, number), "cancel")

    @precondition(lambda self: self.visits)
    @rule(number=which)
    def a_visit_goes_on(self, number: int) -> None:
        """One step further on its way, at its time."""
        rows = self.practice.rows(
            "SELECT id, status, starts_at FROM appointment WHERE status IN ('pending', 'confirmed', 'checked_in', 'in_progress')"
            " ORDER BY starts_at"
        )
        if rows:
            visit, status, starts_at = rows[number % min(len(rows), 4)]
            if status != "pending":
                self.practice.at = max(self.practice.at, datetime.fromisoformat(starts_at))
            further = {"pending": "confirm", "confirmed": "check_in", "checked_in": "start", "in_progress": "complete"}
            self.act_on(visit, further[status])

    def act_on(self, visit: Any, verb: str) -> None:
        doctor = self.practice.rows("SELECT practitioner_id FROM appointment WHERE id = ?", visit)[0][0]
        name = next(name for name, one in self.practice.doctors.items() if one == doctor)
        commands: dict[str, tuple[Any, ...]] = {
            "confirm": (service.confirm_appointment, visit),
            "reject": (service.reject_appointment, visit, WHY),
            "cancel": (service.cancel_appointment, visit, WHY),
            "withdraw": (service.withdraw_appointment, visit),
            "check_in": (service.check_in_patient, visit),
            "start": (service.start_visit, visit),
            "complete": (service.complete_appointment, visit),
            "no_show": (service.mark_no_show, visit),
        }
        self.do(name, *commands[verb])

    @precondition(lambda self: self.visits)
    @rule(number=which, step=steps, over=st.booleans())
    def move(self, number: int, step: int, over: bool) -> None:
        wish = RescheduleRequest(starts_at=self.at(step), override_reason="Because" if over and step % 5 == 0 else None)
        self.do("gwen", service.move_appointment, self.one(self.visits, number), wish)

    @precondition(lambda self: self.visits)
    @rule(number=which, step=steps, days=st.integers(0, 2))
    def wish_to_move(self, number: int, step: int, days: int) -> None:
        live = self.ids("SELECT id FROM appointment WHERE status IN ('pending', 'confirmed') ORDER BY id")
        visit = self.one(live or self.visits, number)
        wish = MoveWish(starts_at=self.at(step // 6 * 6, days))
        self.do(self.patient_of(visit), wishes.ask_to_move, visit, wish)

    @precondition(lambda self: self.visits)
    @rule(number=which, answer=st.sampled_from(["approve", "approve", "reject", "withdraw"]))
    def answer_wish(self, number: int, answer: str) -> None:
        asked = self.ids("SELECT appointment_id FROM reschedule_request WHERE status = 'open' ORDER BY id")
        visit = self.one(asked or self.visits, number)
        if answer == "approve":
            self.do("gwen", wishes.approve_wish, visit)
        elif answer == "reject":
            self.do("gwen", wishes.reject_wish, visit, WHY)
        else:
            self.do(self.patient_of(visit), wishes.withdraw_wish, visit)

    def patient_of(self, visit: Any) -> str:
        patient = self.practice.rows("SELECT patient_id FROM appointment WHERE id = ?", visit)[0][0]
        return next(name for name, one in self.practice.patients.items() if one == patient)

    @rule(who=people, doctor=doctors, kind=kinds, urgency=st.sampled_from(["routine", "soon", "urgent"]))
    def wait(self, who: str, doctor: str, kind: str, urgency: Any) -> None:
        today = self.practice.at.date()
        wish = WaitlistWish(
            type_id=self.practice.types[kind].id, first=today, last=today + timedelta(days=3),
            practitioner_id=self.practice.doctors[doctor], urgency=urgency,
        )  # fmt: skip
        if (entry := self.do(who, waitlist.join_waitlist, wish)) is not None:
            self.entries.append(entry.id)

    @precondition(lambda self: self.entries)
    @rule(number=which, answer=st.sampled_from(["accept", "accept", "decline", "withdraw"]))
    def answer_offer(self, number: int, answer: str) -> None:
        offered = self.ids("SELECT id FROM waitlist_entry WHERE status = 'offered' ORDER BY id")
        entry = self.one(offered or self.entries, number)
        verbs = {
            "accept": waitlist.accept_offer,
            "decline": waitlist.decline_offer,
            "withdraw": waitlist.withdraw_entry,
        }
        made = self.do("gwen", verbs[answer], entry)
        if answer == "accept":
            self.keep(made)

    @precondition(lambda self: self.visits)
    @rule(number=which)
    def edit(self, number: int) -> None:
        visit = self.one(self.visits, number)
        kept = self.loop.run_until_complete(self.practice.look("gwen", agenda.show_appointment, visit))
        self.do("gwen", service.change_appointment, visit, kept.version, AppointmentPatch(notes=f"Note {number}"))

    @rule(minutes=st.integers(1, 200))
    def time_passes(self, minutes: int) -> None:
        self.practice.at += timedelta(minutes=minutes)

    @rule(late=st.booleans())
    def jobs_are_late(self, late: bool) -> None:
        self.late = late

    @rule()
    def jobs_run(self) -> None:
        self.loop.run_until_complete(self.practice.run_due())

    # ---------------------------------------------------------------------------- the law

    @invariant()
    def the_law_holds(self) -> None:
        if not hasattr(self, "practice"):
            return
        for law in (OVERLAPS, LIVE_WITHOUT_TIME, TIME_OF_NOTHING, HELD_WITHOUT_TIME, UNANNOUNCED):
            assert self.practice.rows(law) == [(0,)], law


TestCalendar = Calendar.TestCase
TestCalendar.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
