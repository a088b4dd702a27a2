"""Who sees which appointments, and the trace that a list leaves."""

from datetime import date, datetime, timedelta

import msgspec
import pytest

from esante.kernel.errors import Forbidden, Invalid, NotFound
from esante.people import service as people
from esante.people.structs import NewPatient
from esante.scheduling import agenda, service
from esante.scheduling.structs import Appointment, AppointmentFilter
from tests.scheduling.practice import MONDAY, Practice, hours

TODAY = date(2026, 11, 16)
ALL = AppointmentFilter()


async def three(practice: Practice) -> list[Appointment]:
    return [
        await practice.book("driss", MONDAY + hours(2)),
        await practice.book("emma", MONDAY + hours(2), doctor="bruno"),
        await practice.book("chloe", MONDAY + hours(3) + timedelta(days=1)),
    ]


@pytest.mark.parametrize(
    ("who", "seen"),
    [("driss", [0, 2]), ("emma", [1]), ("amina", [0, 2]), ("bruno", [1]), ("reader", [0, 1, 2]), ("gwen", [0, 1, 2])],
)
async def test_it_works(practice: Practice, who: str, seen: list[int]) -> None:
    booked = await three(practice)
    page = await practice.look(who, agenda.list_appointments, ALL)
    assert [line.id for line in page.items] == [booked[number].id for number in seen]
    assert page.next_cursor is None


async def test_one_line_in_the_log_for_a_list(practice: Practice) -> None:
    await three(practice)
    await practice.look("gwen", agenda.list_appointments, ALL)
    lines = practice.rows("SELECT subject, patient_id, detail FROM audit WHERE action = 'appointment.listed'")
    assert len(lines) == 1
    subject, patient, detail = lines[0]
    assert (subject, patient) == ("/appointments", None)
    assert msgspec.json.decode(detail)["count"] == 3


async def test_a_list_holds_no_reason(practice: Practice) -> None:
    await three(practice)
    page = await practice.look("gwen", agenda.list_appointments, ALL)
    assert b"cough" not in msgspec.json.encode(page)


async def test_filters(practice: Practice) -> None:
    booked = await three(practice)

    async def ids(**wanted: object) -> list[str]:
        page = await practice.look("gwen", agenda.list_appointments, AppointmentFilter(**wanted))  # type: ignore[arg-type]
        return [line.id for line in page.items]

    assert await ids(practitioner_id=practice.doctors["bruno"]) == [booked[1].id]
    assert await ids(patient_id=practice.patients["driss"]) == [booked[0].id, booked[2].id]
    assert await ids(status="confirmed") == [booked[2].id]
    assert await ids(from_at=MONDAY + hours(24)) == [booked[2].id]
    assert await ids(until_at=MONDAY + hours(2)) == []
    practice.at = MONDAY + hours(2)
    assert await ids(status="expired") == [booked[0].id, booked[1].id]
    assert await ids(status="pending") == []


async def test_pages(practice: Practice) -> None:
    booked = await three(practice)
    seen, cursor = [], None
    for _ in range(3):
        page = await practice.look("gwen", agenda.list_appointments, ALL, cursor, 1)
        seen += [line.id for line in page.items]
        cursor = page.next_cursor
    assert sorted(seen) == sorted(kept.id for kept in booked)
    assert cursor is None
    with pytest.raises(Invalid):
        await practice.look("gwen", agenda.list_appointments, ALL, "nonsense", 1)


async def test_a_guardian_sees_and_books_for_a_child(practice: Practice) -> None:
    child = NewPatient(
        first_name="Nour",
        last_name="Patient",
        birth_date=date(2020, 5, 1),
        guardian_id=practice.patients["driss"],
    )
    child_id = await practice.do("house", people.add_patient, child, source="desk")
    kept = await practice.book("driss", MONDAY + hours(5), patient_id=child_id)
    page = await practice.look("driss", agenda.list_appointments, ALL)
    assert [line.id for line in page.items] == [kept.id]
    assert (await practice.look("driss", agenda.show_appointment, kept.id)).patient_id == child_id


async def test_the_board(practice: Practice) -> None:
    booked = await three(practice)
    await practice.do("amina", service.confirm_appointment, booked[0].id)
    await practice.do("amina", service.check_in_patient, booked[0].id)
    board = await practice.look("chloe", agenda.show_board, TODAY, ALL)
    assert [line.id for line in board.waiting] == [booked[0].id]
    assert [line.id for line in board.to_confirm] == [booked[1].id]
    assert board.expected == []
    with pytest.raises(Forbidden):
        await practice.look("driss", agenda.show_board, TODAY, ALL)


async def test_a_local_day(practice: Practice) -> None:
    late = await practice.book("chloe", MONDAY + hours(15.5))  # 23:30 in Paris
    early = await practice.book("chloe", MONDAY + hours(16.5))  # 00:30 of the next day
    page = await practice.look("gwen", agenda.list_day, TODAY, ALL)
    assert [line.id for line in page.items] == [late.id]
    page = await practice.look("gwen", agenda.list_day, TODAY + timedelta(days=1), ALL)
    assert [line.id for line in page.items] == [early.id]


async def test_what_was_entered_in_error_is_hidden(practice: Practice) -> None:
    booked = await three(practice)
    await practice.do("chloe", service.withdraw_appointment, booked[2].id)
    page = await practice.look("gwen", agenda.list_appointments, ALL)
    assert booked[2].id not in [line.id for line in page.items]
    page = await practice.look("gwen", agenda.list_appointments, AppointmentFilter(with_errors=True))
    assert booked[2].id in [line.id for line in page.items]


async def test_reading_one_leaves_a_line_for_its_patient(practice: Practice) -> None:
    booked = await three(practice)
    shown = await practice.look("amina", agenda.show_appointment, booked[0].id)
    assert shown.reason == "A cough"
    assert practice.rows("SELECT patient_id FROM audit WHERE action = 'appointment.accessed'") == [
        (practice.patients["driss"],)
    ]


async def test_strangers(practice: Practice) -> None:
    booked = await three(practice)
    for who in ("emma", "bruno", "farid"):
        with pytest.raises(NotFound):
            await practice.look(who, agenda.show_appointment, booked[0].id)
    with pytest.raises(Forbidden):
        await practice.look("farid", agenda.list_appointments, ALL)


async def test_the_board_of_a_day_of_twenty_five_hours(october: Practice) -> None:
    """Row 52: the first and the last half hour of the day are on it, those of its neighbours are not."""
    day = date(2026, 10, 25)
    booked = {
        at: (await october.book("gwen", datetime.fromisoformat(at))).id  # a wall time of the clinic
        for at in ("2026-10-24T23:30:00", "2026-10-25T00:00:00", "2026-10-25T23:30:00", "2026-10-26T00:00:00")
    }
    board = await october.look("gwen", agenda.show_board, day, ALL)
    assert [line.id for line in board.expected] == [booked["2026-10-25T00:00:00"], booked["2026-10-25T23:30:00"]]
    assert [line.local_time for line in board.expected] == ["00:00", "23:30"]
    length = board.expected[1].ends_at - board.expected[0].starts_at
    assert length == timedelta(hours=25)
