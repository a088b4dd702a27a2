"""The guards of a visit: who, when, and what follows."""

from datetime import timedelta

import pytest

from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from esante.people import service as people
from esante.scheduling import service
from esante.scheduling.structs import Because, RescheduleRequest
from tests.scheduling.practice import MONDAY, Practice, hours

TEN = MONDAY + hours(2)
WHY = Because(reason="Because")


async def test_it_works(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    await practice.do("chloe", service.confirm_appointment, kept.id)
    await practice.do("chloe", service.check_in_patient, kept.id)
    await practice.do("amina", service.start_visit, kept.id)
    practice.at = TEN + timedelta(minutes=20)
    done = await practice.do("amina", service.complete_appointment, kept.id)
    assert (done.status, done.version) == ("completed", 5)
    assert practice.actions(kept.id) == [
        "appointment.requested",
        "appointment.confirmed",
        "appointment.checked_in",
        "appointment.started",
        "appointment.completed",
    ]


def treats(practice: Practice) -> bool:
    return practice.db.read(
        practice.actors["gwen"],
        lambda tx: people.is_treating(tx, practice.doctors["amina"], practice.patients["driss"]),
    )


async def test_care_begins_with_the_yes_and_ends_with_the_cancellation(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    assert not treats(practice)
    await practice.do("amina", service.confirm_appointment, kept.id)
    assert treats(practice)
    await practice.do("amina", service.cancel_appointment, kept.id, WHY)
    practice.at += timedelta(minutes=1)
    assert not treats(practice)


async def test_care_stays_after_a_visit(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    practice.at = TEN
    await practice.do("amina", service.complete_appointment, kept.id)
    practice.at += timedelta(days=364)
    assert treats(practice)
    practice.at += timedelta(days=2)
    assert not treats(practice)


async def test_the_job_of_the_hold_is_withdrawn_with_the_yes(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    await practice.do("amina", service.confirm_appointment, kept.id)
    assert practice.rows("SELECT 1 FROM job WHERE key = ?", f"hold:{kept.id}") == []


async def test_a_patient_cancels_in_time_only(practice: Practice) -> None:
    late = await practice.book("driss", TEN + hours(1))
    practice.at += hours(1, 1)
    with pytest.raises(Conflict) as refused:
        await practice.do("driss", service.cancel_appointment, late.id, WHY)
    assert refused.value.code == "TOO_LATE_TO_CANCEL"
    assert (await practice.do("chloe", service.cancel_appointment, late.id, WHY)).status == "cancelled"


async def test_a_patient_who_is_here_speaks_to_the_desk(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN + hours(5))
    await practice.do("chloe", service.check_in_patient, kept.id)
    with pytest.raises(Conflict):
        await practice.do("driss", service.cancel_appointment, kept.id, WHY)
    assert (await practice.do("chloe", service.cancel_appointment, kept.id, WHY)).status == "cancelled"


async def test_check_in_on_the_local_day_only(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN + timedelta(days=1))
    practice.at = MONDAY + hours(15.9)  # 23:54 in Paris, the day before
    with pytest.raises(Conflict) as refused:
        await practice.do("chloe", service.check_in_patient, kept.id)
    assert refused.value.code == "OTHER_DAY"
    practice.at = MONDAY + hours(16.1)  # past midnight in Paris, not yet in UTC
    assert (await practice.do("chloe", service.check_in_patient, kept.id)).status == "checked_in"


async def test_not_completed_before_its_start(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    with pytest.raises(Conflict) as refused:
        await practice.do("amina", service.complete_appointment, kept.id)
    assert refused.value.code == "TOO_EARLY"


async def test_no_show_after_the_grace_and_back_on_the_same_day(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    practice.at = TEN + timedelta(minutes=44)
    with pytest.raises(Conflict) as refused:
        await practice.do("chloe", service.mark_no_show, kept.id)
    assert refused.value.code == "TOO_EARLY"
    practice.at = TEN + timedelta(minutes=45)
    await practice.do("chloe", service.mark_no_show, kept.id)
    assert practice.rows("SELECT severity FROM audit WHERE action = 'appointment.no_show'") == [("warning",)]
    back = await practice.do("chloe", service.check_in_patient, kept.id)
    assert (back.status, practice.taken(kept.id)) == ("checked_in", 2)


async def test_no_show_stays_on_another_day(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    practice.at = TEN + timedelta(minutes=45)
    await practice.do("chloe", service.mark_no_show, kept.id)
    practice.at += timedelta(days=1)
    with pytest.raises(Conflict) as refused:
        await practice.do("chloe", service.confirm_appointment, kept.id)
    assert refused.value.code == "OTHER_DAY"


async def test_moved_with_a_trace_and_the_old_time_is_free(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    wish = RescheduleRequest(starts_at=TEN + hours(3), reason="The doctor is late")
    moved = await practice.do("chloe", service.move_appointment, kept.id, wish)
    assert (moved.id, moved.status, moved.moves) == (kept.id, "confirmed", 1)
    assert moved.ends_at - moved.starts_at == kept.ends_at - kept.starts_at
    assert practice.rows("SELECT previous_starts_at, reason FROM appointment_move") == [
        ("2026-11-16T09:00:00.000Z", "The doctor is late")
    ]
    assert (await practice.book("emma", TEN)).status == "pending"


async def test_moved_onto_itself_by_a_little(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    wish = RescheduleRequest(starts_at=TEN + timedelta(minutes=10))
    assert (await practice.do("chloe", service.move_appointment, kept.id, wish)).moves == 1


async def test_not_moved_into_taken_time_or_the_past(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    await practice.book("emma", TEN + hours(1))
    with pytest.raises(Conflict) as refused:
        await practice.do("chloe", service.move_appointment, kept.id, RescheduleRequest(starts_at=TEN + hours(1)))
    assert refused.value.code == "SLOT_TAKEN"
    assert practice.taken(kept.id) == 2
    with pytest.raises(Invalid):
        await practice.do("chloe", service.move_appointment, kept.id, RescheduleRequest(starts_at=TEN - hours(3)))


async def test_a_moved_request_is_held_anew(practice: Practice) -> None:
    kept = await practice.book("driss", TEN + timedelta(days=4))
    practice.at += hours(10)
    wish = RescheduleRequest(starts_at=TEN + timedelta(days=5))
    moved = await practice.do("amina", service.move_appointment, kept.id, wish)
    assert moved.hold_until == practice.at + hours(24)
    assert practice.rows("SELECT due_at FROM job WHERE key = ?", f"hold:{kept.id}") == [("2026-11-17T17:00:00.000Z",)]


async def test_entered_in_error_is_cancelled_and_hidden(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    gone = await practice.do("chloe", service.withdraw_appointment, kept.id)
    assert (gone.status, gone.entered_in_error) == ("cancelled", True)
    assert practice.taken(kept.id) == 0


@pytest.mark.parametrize("stranger", ["bruno", "emma"])
async def test_strangers_see_nothing(practice: Practice, stranger: str) -> None:
    kept = await practice.book("driss", TEN)
    for command, args in (
        (service.confirm_appointment, ()),
        (service.cancel_appointment, (WHY,)),
        (service.start_visit, ()),
    ):
        with pytest.raises(NotFound):
            await practice.do(stranger, command, kept.id, *args)


@pytest.mark.parametrize("who", ["driss", "reader"])
async def test_who_may_look_may_not_answer(practice: Practice, who: str) -> None:
    kept = await practice.book("driss", TEN)
    for command in (service.confirm_appointment, service.check_in_patient, service.start_visit):
        with pytest.raises(Forbidden):
            await practice.do(who, command, kept.id)


async def test_the_desk_does_not_start_or_complete(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    await practice.do("chloe", service.check_in_patient, kept.id)
    for who in ("chloe", "gwen"):
        for command in (service.start_visit, service.complete_appointment):
            with pytest.raises(Forbidden):
                await practice.do(who, command, kept.id)


async def test_time_is_given_back_once_by_whomever(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    await practice.do("gwen", service.cancel_appointment, kept.id, WHY)
    again = await practice.book("emma", TEN)
    with pytest.raises(Conflict) as refused:
        await practice.do("gwen", service.cancel_appointment, kept.id, WHY)
    assert refused.value.code == "WRONG_STATE"
    assert practice.taken(again.id) == 2
