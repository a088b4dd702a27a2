"""Asking for a time."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest

from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from esante.kernel.idempotency import Once
from esante.scheduling import agenda, service, types
from esante.scheduling.structs import AppointmentRequest, AppointmentTypePatch
from tests.scheduling.practice import MONDAY, Practice, hours

TEN = MONDAY + hours(2)


async def test_it_works(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    assert kept.status == "pending"
    assert kept.ends_at == TEN + timedelta(minutes=30)
    assert (kept.local_on.isoformat(), kept.local_time) == ("2026-11-16", "10:00")
    assert practice.taken(kept.id) == 2
    assert practice.actions(kept.id) == ["appointment.requested"]
    assert practice.rows("SELECT due_at FROM job WHERE key = ?", f"hold:{kept.id}") == [("2026-11-16T09:00:00.000Z",)]


async def test_price_name_and_length_come_from_the_type_and_stay(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    patch = AppointmentTypePatch(name="dearer", price_minor=9900)
    await practice.do("gwen", types.change_type, kept.type_id, 1, patch)
    shown = await practice.look("driss", agenda.show_appointment, kept.id)
    assert (shown.price_minor, shown.currency, shown.type_name) == (2500, "EUR", "visit")


@pytest.mark.parametrize("field", ["priceMinor", "status", "endsAt", "createdVia"])
def test_no_field_sets_price_state_or_end(field: str) -> None:
    body = {"practitionerId": "p", "typeId": "t", "startsAt": "2026-11-16T09:00:00Z", field: 1}
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.json.decode(msgspec.json.encode(body), type=AppointmentRequest)


async def test_the_hold_ends_after_a_day_or_at_the_start(practice: Practice) -> None:
    soon = await practice.book("driss", TEN)
    far = await practice.book("emma", TEN + timedelta(days=3))
    assert soon.hold_until == TEN
    assert far.hold_until == practice.at + hours(24)


async def test_a_type_that_confirms_itself(practice: Practice) -> None:
    kept = await practice.book("driss", TEN, kind="control")
    assert kept.status == "confirmed"
    assert practice.actions(kept.id)[-1] == "appointment.confirmed"


async def test_the_desk_books_confirmed_and_on_behalf_of_the_doctor(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    assert (kept.status, kept.created_via) == ("confirmed", "desk")
    line = practice.rows("SELECT on_behalf_of FROM audit WHERE action = 'appointment.confirmed'")
    assert line == [(practice.doctors["amina"],)]


async def test_what_is_taken_is_refused_with_the_nearest_free_times(practice: Practice) -> None:
    await practice.book("driss", TEN)
    with pytest.raises(Conflict) as refused:
        await practice.book("emma", TEN)
    assert refused.value.code == "SLOT_TAKEN"
    assert refused.value.extra["resource"] == "practitioner"
    starts = [slot["startsAt"] for slot in refused.value.extra["nearest"]]
    assert starts == ["2026-11-16T08:30:00Z", "2026-11-16T09:30:00Z", "2026-11-16T10:00:00Z"]


async def test_other_lengths_overlap_too(practice: Practice) -> None:
    await practice.book("driss", TEN)
    with pytest.raises(Conflict, match="taken"):
        await practice.book("emma", TEN - timedelta(minutes=30), kind="long")


async def test_a_patient_is_in_one_place_at_a_time(practice: Practice) -> None:
    await practice.book("driss", TEN)
    with pytest.raises(Conflict) as refused:
        await practice.book("driss", TEN, doctor="bruno")
    assert refused.value.extra["resource"] == "patient"


async def test_fifty_at_once_and_one_wins(practice: Practice) -> None:
    wish = practice.wish(TEN, patient_id=None)
    asked = [practice.do(name, service.request_appointment, wish) for name in ("driss", "emma") * 25]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert {result.code for result in results if isinstance(result, Conflict)} == {"SLOT_TAKEN"}
    assert sum(isinstance(result, Conflict) for result in results) == 49


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (MONDAY - hours(1), "IN_THE_PAST"),
        (MONDAY + timedelta(minutes=25), "TOO_SOON"),
        (MONDAY + timedelta(days=185), "TOO_FAR"),
        (MONDAY + timedelta(hours=2, minutes=3), "VALIDATION_ERROR"),
    ],
)
async def test_when_a_patient_may_not_book(practice: Practice, at: datetime, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        await practice.book("driss", at)
    assert (refused.value.code, refused.value.field) == (code, "startsAt")


async def test_patients_keep_to_what_is_offered_and_the_desk_need_not(practice: Practice) -> None:
    evening = MONDAY + hours(13)
    with pytest.raises(Conflict) as refused:
        await practice.book("driss", evening)
    assert refused.value.code == "NOT_OFFERED"
    with pytest.raises(Conflict, match="not offered"):
        await practice.book("driss", TEN + timedelta(minutes=5))
    assert (await practice.book("chloe", evening)).status == "confirmed"


async def test_a_patient_says_what_it_is_about(practice: Practice) -> None:
    with pytest.raises(Invalid) as refused:
        await practice.book("driss", TEN, reason=None)
    assert refused.value.field == "reason"


async def test_a_walk_in_starts_now(practice: Practice) -> None:
    practice.at = TEN + timedelta(minutes=7, seconds=9)
    kept = await practice.book("chloe", TEN, starts_at=None, walk_in=True)
    assert kept.starts_at == TEN + timedelta(minutes=5)
    with pytest.raises(Forbidden):
        await practice.book("emma", TEN, starts_at=None, walk_in=True)


async def test_the_desk_overrides_with_a_reason_that_is_audited(practice: Practice) -> None:
    await practice.book("driss", TEN)
    kept = await practice.book("chloe", TEN, patient_id=practice.patients["emma"], override_reason="Emergency")
    assert kept.override_reason == "Emergency"
    line = practice.rows("SELECT reason FROM audit WHERE subject = ? AND action = 'appointment.confirmed'", kept.id)
    assert line == [("Emergency",)]
    with pytest.raises(Forbidden):
        await practice.book("emma", TEN, override_reason="I want it")


async def test_a_request_that_was_booked_over_meanwhile_can_still_be_confirmed(practice: Practice) -> None:
    held = await practice.book("driss", TEN)
    over = await practice.book("chloe", TEN, patient_id=practice.patients["driss"], override_reason="Both at once")
    assert over.override_reason == "Both at once"
    confirmed = await practice.do("amina", service.confirm_appointment, held.id)
    assert confirmed.status == "confirmed"


async def test_an_override_that_was_not_needed_leaves_no_gap(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN, override_reason="Just in case")
    assert kept.override_reason is None
    with pytest.raises(Conflict):
        await practice.book("emma", TEN)


async def test_a_late_job_does_not_keep_the_slot(practice: Practice) -> None:
    first = await practice.book("driss", TEN + timedelta(days=3))
    practice.at += hours(25)
    second = await practice.book("emma", TEN + timedelta(days=3))
    assert second.status == "pending"
    assert practice.actions(first.id)[-1] == "appointment.expired"
    assert (practice.taken(first.id), practice.taken(second.id)) == (0, 2)
    by = practice.rows("SELECT role FROM audit WHERE action = 'appointment.expired'")
    assert by == [("system",)]
    assert practice.rows("SELECT 1 FROM job WHERE key = ?", f"hold:{first.id}") == []


async def test_sent_twice_is_booked_once(practice: Practice) -> None:
    once, wish = Once(key="k", digest=b"d"), practice.wish(TEN)
    first = await practice.db.write_once(once, practice.actors["driss"], service.request_appointment, wish)
    second = await practice.db.write_once(once, practice.actors["driss"], service.request_appointment, wish)
    assert first == second
    assert practice.rows("SELECT count(*) FROM appointment") == [(1,)]


async def test_a_time_that_the_clock_skips(practice: Practice) -> None:
    practice.at = datetime.fromisoformat("2027-03-27T09:00:00Z")
    with pytest.raises(Invalid) as refused:
        await practice.book("chloe", datetime(2027, 3, 28, 2, 30))  # noqa: DTZ001 (a wall time is meant)
    assert refused.value.code == "NO_SUCH_LOCAL_TIME"


async def test_a_time_that_comes_twice_means_the_first(october: Practice) -> None:
    kept = await october.book("chloe", datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001 (a wall time is meant)
    assert kept.starts_at.isoformat() == "2026-10-25T00:30:00+00:00"


async def test_strangers(practice: Practice) -> None:
    with pytest.raises(NotFound):
        await practice.book("driss", TEN, patient_id=practice.patients["emma"])
    with pytest.raises(Forbidden):
        await practice.book("farid", TEN)
    with pytest.raises(Forbidden):
        await practice.book("reader", TEN)
    with pytest.raises(NotFound):
        await practice.book("amina", TEN)
    with pytest.raises(NotFound):
        await practice.book("driss", TEN, practitioner_id="nobody")
