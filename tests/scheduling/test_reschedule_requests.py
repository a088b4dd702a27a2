"""A patient wishes another time: it is held, checked again, and ends in one way."""

from datetime import timedelta

import pytest

from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from esante.scheduling import service
from esante.scheduling.reschedules import service as wishes
from esante.scheduling.reschedules.structs import MoveRequest, MoveWish
from esante.scheduling.structs import Appointment, Because, RescheduleRequest
from tests.scheduling.practice import MONDAY, Practice, hours

TEN = MONDAY + hours(2)
TOMORROW = TEN + timedelta(days=1)
THEN = TOMORROW + hours(1)
WHY = Because(reason="Because")


async def sure(practice: Practice, at: object = TOMORROW) -> Appointment:
    return await practice.book("chloe", at)  # type: ignore[arg-type]


async def ask(practice: Practice, of: Appointment, at: object = THEN, who: str = "driss") -> MoveRequest:
    wish: MoveRequest = await practice.do(who, wishes.ask_to_move, of.id, MoveWish(starts_at=at))  # type: ignore[arg-type]
    return wish


async def states(practice: Practice, of: Appointment) -> list[str]:
    return [one.status for one in (await practice.look("driss", wishes.list_wishes, of.id)).items]


async def test_it_works(practice: Practice) -> None:
    kept = await sure(practice)
    wish = await ask(practice, kept)
    assert (wish.status, wish.hold_until) == ("open", MONDAY + hours(24))
    with pytest.raises(Conflict, match="taken"):
        await practice.book("emma", THEN)
    moved = await practice.do("amina", wishes.approve_wish, kept.id)
    assert (moved.id, moved.starts_at, moved.status, moved.moves) == (kept.id, THEN, "confirmed", 1)
    assert await states(practice, kept) == ["approved"]
    assert practice.taken(kept.id) == 2
    assert await practice.book("emma", TOMORROW)
    assert practice.actions(kept.id)[-2:] == ["appointment.rescheduled", "appointment.accessed"]
    assert practice.actions(wish.id) == ["reschedule.requested", "reschedule.approved"]


async def test_a_wish_may_overlap_its_own_visit(practice: Practice) -> None:
    kept = await practice.book("chloe", TOMORROW, kind="long")
    await ask(practice, kept, TOMORROW + timedelta(minutes=30))
    moved = await practice.do("chloe", wishes.approve_wish, kept.id)
    assert moved.starts_at == TOMORROW + timedelta(minutes=30)


async def test_one_open_wish_at_most(practice: Practice) -> None:
    kept = await sure(practice)
    await ask(practice, kept)
    with pytest.raises(Conflict) as refused:
        await ask(practice, kept, THEN + hours(1))
    assert refused.value.code == "ALREADY_ASKED"


async def test_a_time_that_is_taken_is_refused_with_the_nearest(practice: Practice) -> None:
    kept = await sure(practice)
    await practice.book("emma", THEN)
    with pytest.raises(Conflict) as refused:
        await ask(practice, kept)
    assert refused.value.code == "SLOT_TAKEN"
    assert len(refused.value.extra["nearest"]) == 3


async def test_what_is_not_offered_or_too_soon_is_refused(practice: Practice) -> None:
    kept = await sure(practice)
    for at in (TOMORROW + timedelta(minutes=5), TOMORROW + hours(12)):
        with pytest.raises(Conflict) as refused:
            await ask(practice, kept, at)
        assert refused.value.code == "NOT_OFFERED"
    for at in (MONDAY, MONDAY + timedelta(days=200), TOMORROW + timedelta(minutes=2)):
        with pytest.raises(Invalid):
            await ask(practice, kept, at)
    with pytest.raises(Conflict) as same:
        await ask(practice, kept, TOMORROW)
    assert same.value.code == "SAME_TIME"


async def test_the_notice_of_a_cancellation_holds_here_too(practice: Practice) -> None:
    kept = await sure(practice, TEN)
    practice.at = TEN - timedelta(minutes=90)
    with pytest.raises(Conflict) as refused:
        await ask(practice, kept)
    assert refused.value.code == "TOO_LATE_TO_CANCEL"


async def test_a_visit_is_moved_three_times_at_most(practice: Practice) -> None:
    kept = await sure(practice)
    for number in range(3):
        await ask(practice, kept, THEN + hours(number))
        await practice.do("amina", wishes.approve_wish, kept.id)
    with pytest.raises(Conflict) as refused:
        await ask(practice, kept, THEN + hours(4))
    assert refused.value.code == "MOVED_TOO_OFTEN"


async def test_rejecting_leaves_the_visit_and_frees_the_time(practice: Practice) -> None:
    kept = await sure(practice)
    await ask(practice, kept)
    wish = await practice.do("chloe", wishes.reject_wish, kept.id, WHY)
    assert (wish.status, wish.decision_reason) == ("rejected", "Because")
    assert await practice.book("emma", THEN)
    with pytest.raises(NotFound):
        await practice.do("chloe", wishes.approve_wish, kept.id)


async def test_withdrawing_frees_the_time(practice: Practice) -> None:
    kept = await sure(practice)
    await ask(practice, kept)
    assert (await practice.do("driss", wishes.withdraw_wish, kept.id)).status == "withdrawn"
    assert await practice.book("emma", THEN)
    assert await ask(practice, kept, THEN + hours(1))


@pytest.mark.parametrize("early", [False, True])
async def test_a_wish_that_nobody_answers_lapses(practice: Practice, early: bool) -> None:
    """At its instant, whether the job has run or somebody's booking found it."""
    kept = await sure(practice, TOMORROW + timedelta(days=2))
    wish = await ask(practice, kept, THEN + timedelta(days=2))
    practice.at = wish.hold_until
    assert await states(practice, kept) == ["lapsed"]
    with pytest.raises(Conflict):
        await practice.do("amina", wishes.approve_wish, kept.id)
    if early:
        await practice.book("emma", THEN + timedelta(days=2))
    done = await practice.run_due()
    assert done == ([] if early else ["scheduling.lapse_move_request"])
    assert practice.actions(wish.id) == ["reschedule.requested", "reschedule.lapsed"]
    assert await ask(practice, kept, THEN + timedelta(days=2, hours=1))


@pytest.mark.parametrize("how", ["cancel", "move", "check_in", "complete"])
async def test_a_wish_lapses_with_its_visit(practice: Practice, how: str) -> None:
    kept = await sure(practice)
    await ask(practice, kept)
    if how == "cancel":
        await practice.do("driss", service.cancel_appointment, kept.id, WHY)
    elif how == "move":
        at = TOMORROW + hours(4)
        await practice.do("chloe", service.move_appointment, kept.id, RescheduleRequest(starts_at=at))
    else:
        practice.at = TOMORROW
        await practice.run_due()
        command = service.check_in_patient if how == "check_in" else service.complete_appointment
        await practice.do("amina", command, kept.id)
    assert await states(practice, kept) == ["lapsed"]
    practice.at = MONDAY if how in ("cancel", "move") else practice.at
    assert await practice.book("emma", THEN)


async def test_a_pending_visit_may_be_wished_elsewhere_too(practice: Practice) -> None:
    kept = await practice.book("driss", TOMORROW)
    await ask(practice, kept)
    moved = await practice.do("amina", wishes.approve_wish, kept.id)
    assert (moved.status, moved.starts_at) == ("pending", THEN)


async def test_strangers(practice: Practice) -> None:
    kept = await sure(practice)
    with pytest.raises(NotFound):
        await ask(practice, kept, who="emma")
    for staff in ("amina", "chloe", "gwen"):
        with pytest.raises(Forbidden):
            await ask(practice, kept, who=staff)
    await ask(practice, kept)
    for who, error in (("emma", NotFound), ("bruno", NotFound), ("driss", Forbidden), ("reader", Forbidden)):
        with pytest.raises(error):
            await practice.do(who, wishes.approve_wish, kept.id)
    with pytest.raises(NotFound):
        await practice.look("emma", wishes.list_wishes, kept.id)
