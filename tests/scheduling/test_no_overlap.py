"""The law: two live intervals of one resource never overlap, unless a person said why. Whatever is tried, in whatever order."""

import random
from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esante.kernel.errors import Conflict, Refusal
from esante.kernel.transaction import WriteTx
from esante.scheduling import service
from esante.scheduling.structs import AppointmentId, AppointmentRequest, Because, RescheduleRequest
from tests.scheduling.practice import MONDAY, Practice

OVERLAPS = """
    SELECT count(*) FROM occupancy a JOIN occupancy b
      ON a.resource_kind = b.resource_kind AND a.resource_id = b.resource_id AND a.appointment_id < b.appointment_id
     AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
   WHERE a.override_reason IS NULL AND b.override_reason IS NULL
"""
STRAY = """
    SELECT count(*) FROM appointment LEFT JOIN occupancy
      ON occupancy.appointment_id = appointment.id AND resource_kind = 'practitioner' AND source = 'appointment'
   WHERE (appointment.status IN ('pending', 'confirmed', 'checked_in', 'in_progress')) <> (occupancy.starts_at IS NOT NULL)
      OR occupancy.starts_at <> appointment.starts_at OR occupancy.ends_at <> appointment.ends_at
"""


class Try(NamedTuple):
    """One thing that somebody tries; `at` counts five-minute steps, `which` picks an earlier appointment."""

    verb: str
    who: str
    doctor: str
    kind: str
    at: int
    which: int
    override: bool


tries = st.builds(
    Try,
    verb=st.sampled_from(["book", "book", "book", "move", "cancel"]),
    who=st.sampled_from(["driss", "emma"]),
    doctor=st.sampled_from(["amina", "bruno"]),
    kind=st.sampled_from(["visit", "control", "long"]),
    at=st.integers(0, 60),
    which=st.integers(0, 30),
    override=st.integers(0, 9).map(lambda number: number == 0),
)


class Undone(Exception):
    """So that the database is as before."""


def attempt(tx: WriteTx, practice: Practice, one: Try, booked: list[AppointmentId]) -> None:
    starts_at = MONDAY + timedelta(minutes=5 * one.at)
    why: Any = "Because" if one.override else None
    if one.verb == "book":
        wish = AppointmentRequest(
            practitioner_id=practice.doctors[one.doctor],
            type_id=practice.types[one.kind].id,
            patient_id=practice.patients[one.who],
            starts_at=starts_at,
            override_reason=why,
        )
        booked.append(service.request_appointment(tx, wish).id)
    elif booked and one.verb == "move":
        wish_to_move = RescheduleRequest(starts_at=starts_at, override_reason=why)
        service.move_appointment(tx, booked[one.which % len(booked)], wish_to_move)
    elif booked:
        service.cancel_appointment(tx, booked[one.which % len(booked)], Because(reason="Because"))


def attempt_all(tx: WriteTx, practice: Practice, all_tries: list[Try]) -> tuple[int, int]:
    """How many took place, and how many were refused because the time was taken."""
    booked: list[AppointmentId] = []
    done = taken = 0
    for one in all_tries:
        tx.conn.execute("SAVEPOINT attempt")
        before = len(booked)
        try:
            attempt(tx, practice, one, booked)
            done += 1
        except Refusal as refused:
            tx.conn.execute("ROLLBACK TO attempt")
            del booked[before:]
            taken += isinstance(refused, Conflict) and refused.code == "SLOT_TAKEN"
        tx.conn.execute("RELEASE attempt")
    assert tx.one(int, OVERLAPS) == 0
    assert tx.one(int, STRAY) == 0
    return done, taken


async def test_it_works(practice: Practice) -> None:
    """Five hundred random intervals, of which some are refused."""
    dice = random.Random(20261120)
    all_tries = [
        Try(
            verb=dice.choice(["book", "book", "book", "move", "cancel"]),
            who=dice.choice(["driss", "emma"]),
            doctor=dice.choice(["amina", "bruno"]),
            kind=dice.choice(["visit", "control", "long"]),
            at=dice.randrange(400),
            which=dice.randrange(1000),
            override=False,
        )
        for _ in range(700)
    ]
    done, taken = await practice.do("gwen", attempt_all, practice, all_tries)
    assert done > 100
    assert taken > 100


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(all_tries=st.lists(tries, min_size=2, max_size=25))
async def test_no_two_live_intervals_overlap(practice: Practice, all_tries: list[Try]) -> None:
    def run(tx: WriteTx) -> None:
        attempt_all(tx, practice, all_tries)
        raise Undone

    try:
        await practice.do("gwen", run)
    except Undone:
        return


async def test_the_control_without_the_trigger_finds_overlaps(practice: Practice) -> None:
    """The law is checked by a query that can fail: with an override on every row the same tries overlap."""
    crowd = [Try("book", who, "amina", "long", at, 0, True) for at, who in enumerate(["driss", "emma"] * 3)]

    def run(tx: WriteTx) -> int:
        attempt_all(tx, practice, crowd)
        return tx.one(int, OVERLAPS.replace("WHERE a.override_reason IS NULL AND b.override_reason IS NULL", ""))

    assert await practice.do("gwen", run) > 0


async def test_the_trigger_minds_updates_too(practice: Practice) -> None:
    first = await practice.book("chloe", MONDAY + timedelta(hours=2))
    await practice.book("emma", MONDAY + timedelta(hours=3))

    def stretch(tx: WriteTx) -> None:
        tx.run("UPDATE occupancy SET ends_at = ? WHERE appointment_id = ?", MONDAY + timedelta(hours=4), first.id)

    try:
        await practice.do("gwen", stretch)
    except Exception as error:
        assert "occupied" in str(error)  # noqa: PT017 (apsw's own error, seen before it is translated)
    else:
        raise AssertionError("an overlap was let through")
