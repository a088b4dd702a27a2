"""The waiting list: who is asked when time comes free, and what becomes of the offer."""

from datetime import date, timedelta

import pytest

from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from esante.scheduling import agenda, service
from esante.scheduling.structs import Appointment, AppointmentFilter, Because, RescheduleRequest
from esante.scheduling.waitlist import service as waitlist
from esante.scheduling.waitlist.structs import Urgency, WaitlistEntry, WaitlistWish
from tests.scheduling.practice import MONDAY, Practice, hours

TODAY = date(2026, 11, 16)
TEN = MONDAY + hours(2)
TOMORROW = TEN + timedelta(days=1)
WHY = Because(reason="Because")


def wish(practice: Practice, **more: object) -> WaitlistWish:
    usual = {
        "type_id": practice.types["visit"].id,
        "first": TODAY,
        "last": TODAY + timedelta(days=7),
        "practitioner_id": practice.doctors["amina"],
    }
    return WaitlistWish(**(usual | more))  # type: ignore[arg-type]


async def wait(practice: Practice, who: str = "emma", **more: object) -> WaitlistEntry:
    entry: WaitlistEntry = await practice.do(who, waitlist.join_waitlist, wish(practice, **more))
    return entry


async def entry(practice: Practice, of: WaitlistEntry) -> WaitlistEntry:
    page = await practice.look("gwen", waitlist.list_waiting, None)
    return next(one for one in page.items if one.id == of.id)


async def test_it_works(practice: Practice) -> None:
    """A cancellation frees a time: the first in line is offered it, holds it, and books it."""
    waiting = await wait(practice)
    kept = await practice.book("driss", TOMORROW)
    await practice.do("driss", service.cancel_appointment, kept.id, WHY)
    assert await practice.run_due() == ["scheduling.offer_freed_time"]
    offered = await entry(practice, waiting)
    assert (offered.status, offered.offer_starts_at) == ("offered", TOMORROW)
    assert offered.offer_until == MONDAY + (TOMORROW - MONDAY) / 2
    with pytest.raises(Conflict, match="taken"):
        await practice.book("chloe", TOMORROW)
    booked: Appointment = await practice.do("emma", waitlist.accept_offer, waiting.id)
    assert (booked.status, booked.starts_at, booked.patient_id) == ("confirmed", TOMORROW, practice.patients["emma"])
    assert practice.taken(booked.id) == 2
    assert (await entry(practice, waiting)).status == "accepted"
    assert practice.actions(waiting.id) == ["waitlist.joined", "waitlist.offered", "waitlist.accepted"]
    assert practice.actions(booked.id)[-1] == "appointment.confirmed"
    later = TOMORROW + timedelta(days=2)
    practice.at = TOMORROW - hours(3)
    await practice.do("chloe", service.move_appointment, booked.id, RescheduleRequest(starts_at=later))
    await practice.do("chloe", service.cancel_appointment, booked.id, WHY)


@pytest.mark.parametrize("urgencies", [("routine", "urgent"), ("soon", "urgent"), ("routine", "soon")])
async def test_the_most_urgent_is_first_in_line(practice: Practice, urgencies: tuple[Urgency, Urgency]) -> None:
    less = await wait(practice, "emma", urgency=urgencies[0])
    practice.at += timedelta(minutes=1)
    more = await wait(practice, "driss", urgency=urgencies[1])
    await free_a_time(practice, TOMORROW)
    assert (await entry(practice, more)).status == "offered"
    assert (await entry(practice, less)).status == "waiting"


async def test_among_equals_who_came_first_is_first(practice: Practice) -> None:
    first = await wait(practice, "emma")
    practice.at += timedelta(minutes=1)
    second = await wait(practice, "driss")
    await free_a_time(practice, TOMORROW)
    assert [(await entry(practice, one)).status for one in (first, second)] == ["offered", "waiting"]


async def free_a_time(practice: Practice, at: object, doctor: str = "amina") -> None:
    """Somebody else's visit is booked and called off."""
    if "zoe" not in practice.patients:
        await practice.add_patient("zoe")
    kept = await practice.book("chloe", at, doctor=doctor, patient_id=practice.patients["zoe"])  # type: ignore[arg-type]
    await practice.do("chloe", service.cancel_appointment, kept.id, WHY)
    await practice.run_due()


async def test_an_offer_that_nobody_answers_goes_to_the_next(practice: Practice) -> None:
    first = await wait(practice, "emma")
    second = await wait(practice, "driss")
    await free_a_time(practice, TOMORROW)
    until = (await entry(practice, first)).offer_until
    assert until
    practice.at = until
    assert (await entry(practice, first)).status == "expired"
    with pytest.raises(Conflict) as refused:
        await practice.do("emma", waitlist.accept_offer, first.id)
    assert refused.value.extra == {"state": "expired", "possible": []}
    assert await practice.run_due() == ["scheduling.expire_offer", "scheduling.offer_freed_time"]
    assert (await entry(practice, second)).status == "offered"
    assert practice.actions(first.id)[-1] == "waitlist.expired"
    practice.at = (await entry(practice, second)).offer_until or until
    await practice.run_due()
    assert await practice.book("chloe", TOMORROW)


async def test_an_offer_that_has_run_out_stands_in_nobodys_way(practice: Practice) -> None:
    """Also before its job has run: the booking that finds it says so."""
    waiting = await wait(practice)
    await free_a_time(practice, TOMORROW)
    practice.at = (await entry(practice, waiting)).offer_until or practice.at
    assert await practice.book("chloe", TOMORROW)
    assert practice.actions(waiting.id)[-1] == "waitlist.expired"
    await practice.run_due()
    assert practice.actions(waiting.id).count("waitlist.expired") == 1


async def test_declining_asks_the_next(practice: Practice) -> None:
    first, second = await wait(practice, "emma"), await wait(practice, "driss")
    await free_a_time(practice, TOMORROW)
    assert (await practice.do("emma", waitlist.decline_offer, first.id)).status == "declined"
    await practice.run_due()
    assert (await entry(practice, second)).status == "offered"
    with pytest.raises(Conflict):
        await practice.do("emma", waitlist.accept_offer, first.id)


async def test_who_withdraws_is_asked_no_more(practice: Practice) -> None:
    first = await wait(practice)
    await practice.do("emma", waitlist.withdraw_entry, first.id)
    await free_a_time(practice, TOMORROW)
    assert (await entry(practice, first)).status == "withdrawn"
    with pytest.raises(Conflict):
        await practice.do("emma", waitlist.withdraw_entry, first.id)


async def test_withdrawing_gives_an_offer_up(practice: Practice) -> None:
    first, second = await wait(practice, "emma"), await wait(practice, "driss")
    await free_a_time(practice, TOMORROW)
    await practice.do("emma", waitlist.withdraw_entry, first.id)
    await practice.run_due()
    assert (await entry(practice, second)).status == "offered"


async def test_a_specialty_waits_for_anybody_of_it(practice: Practice) -> None:
    waiting = await wait(practice, practitioner_id=None, specialty="medecine GENERALE")
    await free_a_time(practice, TOMORROW, "bruno")
    assert (await entry(practice, waiting)).status == "waiting"
    await free_a_time(practice, TOMORROW)
    assert (await entry(practice, waiting)).offered_practitioner_id == practice.doctors["amina"]


@pytest.mark.parametrize(
    ("more", "fits"),
    [
        ({"part_of_day": "morning"}, True),
        ({"part_of_day": "afternoon"}, False),
        ({"first": TODAY + timedelta(days=2)}, False),
        ({"last": TODAY}, False),
    ],
)
async def test_only_what_lies_in_the_window_is_offered(practice: Practice, more: dict[str, object], fits: bool) -> None:
    waiting = await wait(practice, **more)
    await free_a_time(practice, TOMORROW)
    assert ((await entry(practice, waiting)).status == "offered") is fits


async def test_a_longer_visit_is_offered_only_where_it_fits(practice: Practice) -> None:
    waiting = await wait(practice, type_id=practice.types["long"].id)
    await practice.book("chloe", TOMORROW - timedelta(minutes=30))
    await practice.book("chloe", TOMORROW + timedelta(minutes=30))
    await free_a_time(practice, TOMORROW)
    assert (await entry(practice, waiting)).status == "waiting"


async def test_somebody_who_is_elsewhere_then_is_passed_over(practice: Practice) -> None:
    first, second = await wait(practice, "emma"), await wait(practice, "driss")
    await practice.book("emma", TOMORROW, doctor="bruno")
    await free_a_time(practice, TOMORROW)
    assert [(await entry(practice, one)).status for one in (first, second)] == ["waiting", "offered"]


async def test_what_comes_free_too_late_is_offered_to_nobody(practice: Practice) -> None:
    waiting = await wait(practice)
    kept = await practice.book("chloe", TEN)
    practice.at = TEN - timedelta(minutes=20)
    await practice.do("chloe", service.cancel_appointment, kept.id, WHY)
    await practice.run_due()
    assert (await entry(practice, waiting)).status == "waiting"


async def test_an_offer_lasts_no_longer_than_the_clinic_says(practice: Practice) -> None:
    waiting = await wait(practice, last=TODAY + timedelta(days=30))
    await free_a_time(practice, TEN + timedelta(days=21))
    assert (await entry(practice, waiting)).offer_until == MONDAY + hours(24)


async def test_waiting_twice_for_the_same_is_refused(practice: Practice) -> None:
    await wait(practice)
    with pytest.raises(Conflict) as refused:
        await wait(practice)
    assert refused.value.code == "ALREADY_WAITING"


@pytest.mark.parametrize(
    "more",
    [
        {"practitioner_id": None},
        {"specialty": "Dentist"},
        {"last": TODAY - timedelta(days=1)},
        {"first": TODAY - timedelta(days=9), "last": TODAY - timedelta(days=1)},
        {"last": TODAY + timedelta(days=400)},
        {"first": TODAY + timedelta(days=2), "last": TODAY + timedelta(days=1)},
    ],
)
async def test_wishes_that_make_no_sense(practice: Practice, more: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        await wait(practice, **more)


async def test_the_desk_waits_and_answers_for_a_patient(practice: Practice) -> None:
    waiting = await wait(practice, "chloe", patient_id=practice.patients["emma"])
    await free_a_time(practice, TOMORROW)
    booked = await practice.do("chloe", waitlist.accept_offer, waiting.id)
    assert booked.patient_id == practice.patients["emma"]


async def test_strangers_neither_see_nor_answer(practice: Practice) -> None:
    waiting = await wait(practice)
    await free_a_time(practice, TOMORROW)
    for verb in (waitlist.accept_offer, waitlist.decline_offer, waitlist.withdraw_entry):
        with pytest.raises(NotFound):
            await practice.do("driss", verb, waiting.id)
    assert (await practice.look("driss", waitlist.list_waiting, None)).items == []
    assert (await practice.look("bruno", waitlist.list_waiting, None)).items == []
    assert [one.id for one in (await practice.look("amina", waitlist.list_waiting, None)).items] == [waiting.id]
    for stranger in ("farid", "reader"):
        with pytest.raises((Forbidden, NotFound)):
            await practice.do(stranger, waitlist.accept_offer, waiting.id)
    with pytest.raises(Forbidden):
        await practice.look("farid", waitlist.list_waiting, None)
    with pytest.raises(Forbidden):
        await practice.do("gwen", waitlist.offer_freed_time, practice.doctors["amina"], TEN, TEN)


async def test_what_is_held_for_an_offer_is_no_appointment_yet(practice: Practice) -> None:
    await wait(practice)
    await free_a_time(practice, TOMORROW)
    lines = (await practice.look("emma", agenda.list_appointments, AppointmentFilter())).items
    assert lines == []
