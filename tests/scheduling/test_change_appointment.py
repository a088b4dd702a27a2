"""Editing what is written about a visit, its room, its remote address; buffers, own prices, and what a type asks for."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from esante.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.structs import NewPatient
from esante.scheduling import agenda, finder, service, types
from esante.scheduling.structs import (
    AppointmentChange,
    AppointmentPatch,
    AppointmentTypePatch,
    Because,
    NewAppointmentType,
    OwnPriceWish,
)
from esante.workplaces import service as workplaces
from esante.workplaces.structs import NewRoom
from tests.scheduling.practice import HOUSE, MONDAY, Practice, hours

TEN = MONDAY + hours(2)


async def change(practice: Practice, who: str, of: Any, version: int | None = None, **fields: Any) -> Any:
    patch = AppointmentPatch(**fields)
    return await practice.do(who, service.change_appointment, of.id, version or of.version, patch)


async def test_it_works(practice: Practice) -> None:
    kept = await practice.book("driss", TEN, symptoms="Since Monday")
    assert kept.symptoms == "Since Monday"
    changed = await change(practice, "driss", kept, reason="A worse cough", symptoms="Since Sunday")
    assert (changed.reason, changed.symptoms, changed.version) == ("A worse cough", "Since Sunday", 2)
    noted = await change(practice, "chloe", changed, notes="Bring the X-rays")
    assert (noted.notes, noted.reason) == ("Bring the X-rays", "A worse cough")
    line = practice.rows("SELECT detail FROM audit WHERE action = 'appointment.updated' ORDER BY seq LIMIT 1")[0][0]
    assert msgspec.json.decode(line)["fields"] == ["reason", "symptoms"]
    before = practice.rows("SELECT version, body FROM appointment_version ORDER BY version")
    assert [row[0] for row in before] == [1, 2]
    assert "Since Monday" in before[0][1]


async def test_a_stale_version_shows_the_current_one(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    await change(practice, "chloe", kept, notes="Ring twice")
    with pytest.raises(Stale) as refused:
        await change(practice, "driss", kept, version=1, symptoms="Fever")
    assert refused.value.extra["current"]["notes"] == "Ring twice"
    assert refused.value.extra["current"]["version"] == 2


async def test_nothing_to_change_changes_nothing(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    assert (await change(practice, "driss", kept, reason=kept.reason)).version == 1
    assert (await change(practice, "driss", kept)).version == 1


async def test_what_is_over_is_not_edited(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    await practice.do("driss", service.cancel_appointment, kept.id, Because(reason="Because"))
    with pytest.raises(Conflict) as refused:
        await change(practice, "chloe", kept, version=2, notes="Late")
    assert refused.value.extra["state"] == "cancelled"


async def test_patients_edit_reason_and_symptoms_only(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    for fields in ({"notes": "Mine"}, {"room_id": None}, {"remote_text": "Call me"}):
        with pytest.raises(Forbidden):
            await change(practice, "driss", kept, **fields)
    with pytest.raises(Invalid):
        await change(practice, "driss", kept, reason=None)
    with pytest.raises(Forbidden):
        await practice.do("driss", service.replace_appointment, kept.id, 1, AppointmentChange())
    for stranger in ("emma", "bruno"):
        with pytest.raises(NotFound):
            await change(practice, stranger, kept, reason="Mine")
    with pytest.raises(Forbidden):
        await change(practice, "reader", kept, reason="Mine")


async def test_the_desk_says_all_anew(practice: Practice) -> None:
    kept = await practice.book("driss", TEN, symptoms="Fever")
    changed = await practice.do("chloe", service.replace_appointment, kept.id, 1, AppointmentChange(notes="Ring"))
    assert (changed.reason, changed.symptoms, changed.notes) == (None, None, "Ring")


async def test_limits_of_the_texts() -> None:
    for field, most in (("notes", 1000), ("symptoms", 2000), ("reason", 500)):
        msgspec.json.decode(msgspec.json.encode({field: "x" * most}), type=AppointmentPatch)
        for wrong in ("x" * (most + 1), "", " "):
            with pytest.raises(msgspec.ValidationError):
                msgspec.json.decode(msgspec.json.encode({field: wrong}), type=AppointmentPatch)
    assert AppointmentPatch().notes is UNSET


async def rooms(practice: Practice, *names: str) -> list[str]:
    return [
        (await practice.do("gwen", workplaces.add_room, practice.place, NewRoom(name=name, kind="chair"))).id
        for name in names
    ]


async def test_a_room_is_taken_with_the_visit(practice: Practice) -> None:
    one, two = await rooms(practice, "1", "2")
    kept = await practice.book("chloe", TEN, room_id=one)
    other = await practice.book("chloe", TEN, doctor="bruno", room_id=two, patient_id=practice.patients["emma"])
    with pytest.raises(Conflict) as refused:
        await change(practice, "chloe", kept, room_id=two)
    assert refused.value.extra["resource"] == "room"
    moved = await change(practice, "chloe", other, room_id=None)
    assert (moved.room_id, practice.taken(other.id)) == (None, 2)
    assert (await change(practice, "chloe", kept, room_id=two)).room_id == two
    assert practice.taken(kept.id) == 3
    with pytest.raises(NotFound):
        await change(practice, "chloe", kept, version=2, room_id="nowhere")


# ------------------------------------------------------------------------------- buffers


async def test_a_buffer_keeps_practitioner_and_room_not_the_patient(practice: Practice) -> None:
    await practice.set(buffer_minutes=10)
    await practice.book("driss", TEN)
    free = practice.db.read(
        practice.actors["emma"], finder.free_slots, practice.doctors["amina"], TEN.date(), TEN.date(), None
    )
    # 9:30 would have to end with ten minutes to spare before 10:00, and 10:30 lies within the buffer after 10:30.
    assert [slot.local_start[11:16] for slot in free][:4] == ["08:30", "09:00", "11:00", "11:30"]
    with pytest.raises(Conflict):
        await practice.book("chloe", TEN + timedelta(minutes=30), patient_id=practice.patients["emma"])
    assert await practice.book("chloe", TEN + timedelta(minutes=30), doctor="bruno")
    assert await practice.book("chloe", TEN + timedelta(minutes=40), patient_id=practice.patients["emma"])


async def test_a_type_has_its_own_buffer(practice: Practice) -> None:
    patch = AppointmentTypePatch(buffer_minutes=30)
    await practice.do("gwen", types.change_type, practice.types["visit"].id, 1, patch)
    kept = await practice.book("chloe", TEN)
    assert kept.buffer_minutes == 30
    with pytest.raises(Conflict):
        await practice.book("chloe", TEN + timedelta(minutes=45), kind="control", patient_id=practice.patients["emma"])
    patch = AppointmentTypePatch(buffer_minutes=0)
    await practice.do("gwen", types.change_type, practice.types["visit"].id, 2, patch)
    practice.at = TEN
    assert (await practice.do("amina", service.complete_appointment, kept.id)).buffer_minutes == 30
    assert practice.taken(kept.id) == 0


# ------------------------------------------------------------------------- what types ask


async def test_a_practitioner_may_have_an_own_price(practice: Practice) -> None:
    kind, amina = practice.types["visit"].id, practice.doctors["amina"]
    await practice.do("gwen", types.set_own_price, kind, amina, OwnPriceWish(price_minor=4000))
    assert (await practice.book("driss", TEN)).price_minor == 4000
    assert (await practice.book("emma", TEN, doctor="bruno")).price_minor == 2500
    prices = practice.db.read(practice.actors["driss"], types.list_own_prices, kind)
    assert [(one.practitioner_id, one.price_minor) for one in prices] == [(amina, 4000)]
    await practice.do("gwen", types.drop_own_price, kind, amina)
    assert (await practice.book("driss", TEN + hours(1))).price_minor == 2500
    with pytest.raises(NotFound):
        await practice.do("gwen", types.drop_own_price, kind, amina)
    with pytest.raises(Forbidden):
        await practice.do("amina", types.set_own_price, kind, amina, OwnPriceWish(price_minor=1))


async def test_what_needs_a_referral_is_booked_by_the_desk(practice: Practice) -> None:
    await practice.do(
        "gwen", types.change_type, practice.types["visit"].id, 1, AppointmentTypePatch(requires_referral=True)
    )
    with pytest.raises(Conflict) as refused:
        await practice.book("driss", TEN)
    assert refused.value.code == "REFERRAL_REQUIRED"
    assert await practice.book("chloe", TEN)


async def test_a_remote_visit_says_how(practice: Practice) -> None:
    new = NewAppointmentType(
        name="Call", price_minor=2000, duration_minutes=15, is_remote=True, remote_text="We call you", auto_confirm=True
    )
    practice.types["call"] = await practice.do("gwen", types.add_type, new)
    kept = await practice.book("driss", TEN, kind="call")
    assert (kept.is_remote, kept.remote_text) == (True, "We call you")
    changed = await change(practice, "amina", kept, remote_text="https://meet.example/1")
    assert changed.remote_text == "https://meet.example/1"
    with pytest.raises(Forbidden):
        await practice.book("driss", TEN + hours(1), kind="call", remote_text="Mine")
    board = await practice.look("chloe", agenda.show_board, TEN.date(), agenda.AppointmentFilter())
    assert [line.is_remote for line in board.expected] == [True]


async def test_the_clinic_may_want_a_whole_profile_first(practice: Practice) -> None:
    await practice.set(require_profile_before_booking=True)
    with pytest.raises(Conflict) as refused:
        await practice.book("driss", TEN)
    assert refused.value.code == "PROFILE_INCOMPLETE"
    assert await practice.book("chloe", TEN)

    def whole(tx: WriteTx) -> str:
        new = NewPatient(first_name="Zoe", last_name="Whole", birth_date=date(1990, 1, 1), mobile_number="0612345678")
        return people.add_patient(tx, new, source="self")

    patient = await practice.db.write(HOUSE, whole)
    practice.patients["zoe"] = patient
    practice.actors["zoe"] = msgspec.structs.replace(practice.actors["driss"], id="account-zoe", person_id=patient)
    with pytest.raises(Conflict):
        await practice.book("zoe", TEN + hours(1))

    def consent(tx: WriteTx) -> None:
        tx.run(
            "INSERT INTO patient_consent (id, patient_id, kind, text_version, text, language, given_on, recorded_at, recorded_by,"
            " recorded_role) VALUES ('c', ?, 'data_processing', '1', 'Yes', 'fr', '2026-11-16', ?, 'x', 'patient')",
            patient,
            tx.now,
        )

    await practice.db.write(HOUSE, consent)
    assert await practice.book("zoe", TEN + hours(1))


# --------------------------------------------------------------------------- day's end


async def test_who_never_came_is_marked_after_a_day_where_the_clinic_wants_it(practice: Practice) -> None:
    kept = await practice.book("chloe", TEN)
    practice.at = kept.ends_at + hours(24)
    await practice.db.write(HOUSE, service.mark_missed)
    assert practice.actions(kept.id)[-1] == "appointment.confirmed"
    await practice.set(auto_no_show=True)
    practice.at -= timedelta(minutes=1)
    await practice.db.write(HOUSE, service.mark_missed)
    assert practice.actions(kept.id)[-1] == "appointment.confirmed"
    practice.at += timedelta(minutes=1)
    await practice.db.write(HOUSE, service.mark_missed)
    assert "appointment.no_show" in practice.actions(kept.id)
    with pytest.raises(Forbidden):
        await practice.do("gwen", service.mark_missed)


async def test_the_board_says_who_came_first_and_how_long_they_wait(practice: Practice) -> None:
    first = await practice.book("chloe", TEN + hours(1))
    second = await practice.book("chloe", TEN, patient_id=practice.patients["emma"])
    practice.at = TEN - timedelta(minutes=20)
    await practice.do("chloe", service.check_in_patient, first.id)
    practice.at = TEN - timedelta(minutes=5)
    await practice.do("chloe", service.check_in_patient, second.id)
    practice.at = TEN + timedelta(minutes=3, seconds=30)
    board = await practice.look("chloe", agenda.show_board, TEN.date(), agenda.AppointmentFilter())
    assert [(line.id, line.waiting_minutes) for line in board.waiting] == [(first.id, 23), (second.id, 8)]
    await practice.do("amina", service.start_visit, first.id)
    board = await practice.look("chloe", agenda.show_board, TEN.date(), agenda.AppointmentFilter())
    assert [line.id for line in board.with_practitioner] == [first.id]
    assert [line.id for line in board.waiting] == [second.id]
