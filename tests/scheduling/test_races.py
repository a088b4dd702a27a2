"""Two hundred at once: one slot, wishes and moves that cross, one offer from the waiting list."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.scheduling.test_no_overlap import OVERLAPS, STRAY

if TYPE_CHECKING:
    from tests.conftest import Clinic, Person

WHY = {"reason": "Because"}
Call = tuple["Person", str, str, dict[str, Any]]


def wish(clinic: Clinic, hour: int, minute: int = 0, day: int = 17, **more: Any) -> dict[str, Any]:
    return {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": f"2026-11-{day}T{hour:02}:{minute:02}:00+01:00",
        "reason": "A cough",
    } | more


def booked(clinic: Clinic, person: Person, *when: int, **more: Any) -> dict[str, Any]:
    answer = person.post("/appointments", json=wish(clinic, *when, **more))
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


def lawful(clinic: Clinic) -> None:
    assert list(clinic.rows(OVERLAPS)[0].values()) == [0]
    assert list(clinic.rows(STRAY)[0].values()) == [0]


def statuses(clinic: Clinic, calls: list[Call]) -> Counter[int]:
    return Counter(answer.status_code for answer in clinic.together(calls))


def test_one_slot(clinic: Clinic) -> None:
    people = (clinic.driss, clinic.emma)
    found = statuses(clinic, [(people[n % 2], "POST", "/appointments", {"json": wish(clinic, 10)}) for n in range(200)])
    assert found == {201: 1, 409: 199}
    lawful(clinic)


def test_moves_that_cross(clinic: Clinic) -> None:
    """Two visits are moved to each other's time and to a third, two hundred times at once: never both at one."""
    first = booked(clinic, clinic.chloe, 9, patientId=clinic.ids["driss"])
    second = booked(clinic, clinic.chloe, 10, patientId=clinic.ids["emma"])
    dice = random.Random(20261117)
    calls: list[Call] = [
        (
            clinic.chloe,
            "POST",
            f"/appointments/{(first, second)[n % 2]['id']}/reschedule",
            {"json": {"startsAt": f"2026-11-17T{dice.choice((9, 10, 11)):02}:00:00+01:00"}},
        )
        for n in range(200)
    ]
    found = statuses(clinic, calls)
    assert set(found) == {200, 409}
    lawful(clinic)
    starts = clinic.rows("SELECT starts_at FROM appointment ORDER BY starts_at")
    assert len({row["starts_at"] for row in starts}) == 2
    moves = clinic.rows("SELECT sum(moves) AS moves, count(*) AS n FROM appointment")[0]
    assert moves["moves"] == found[200] == clinic.rows("SELECT count(*) AS n FROM appointment_move")[0]["n"]


def test_wishes_that_cross(clinic: Clinic) -> None:
    """Two patients wish the same time, a hundred times each at once: one wish holds it."""
    calls: list[Call] = []
    for person, name, hour in ((clinic.driss, "driss", 9), (clinic.emma, "emma", 10)):
        kept = booked(clinic, clinic.chloe, hour, patientId=clinic.ids[name])
        body = {"startsAt": "2026-11-17T11:00:00+01:00"}
        calls += [(person, "POST", f"/appointments/{kept['id']}/reschedule-requests", {"json": body})] * 100
    calls = [calls[n // 2 + 100 * (n % 2)] for n in range(200)]
    assert statuses(clinic, calls) == {201: 1, 409: 199}
    assert clinic.rows("SELECT count(*) AS n FROM reschedule_request") == [{"n": 1}]
    lawful(clinic)


def test_approving_a_wish(clinic: Clinic) -> None:
    """Approved and rejected by doctor and desk, two hundred times at once: one decision."""
    kept = booked(clinic, clinic.chloe, 9, patientId=clinic.ids["driss"])
    path = f"/appointments/{kept['id']}/reschedule-requests"
    clinic.driss.post(path, json={"startsAt": "2026-11-17T11:00:00+01:00"})
    people = (clinic.amina, clinic.chloe)
    calls: list[Call] = [
        (people[n // 2 % 2], "POST", f"{path}/{('approve', 'reject')[n % 2]}", {"json": WHY} if n % 2 else {})
        for n in range(200)
    ]
    assert statuses(clinic, calls) == {200: 1, 404: 199}
    assert len(clinic.audit("reschedule.approved") + clinic.audit("reschedule.rejected")) == 1
    lawful(clinic)


def test_accepting_one_offer(clinic: Clinic) -> None:
    """By the patient and the desk, two hundred times at once, while others try to book the time: one visit."""
    kept = booked(clinic, clinic.chloe, 9, patientId=clinic.ids["driss"])
    entry = clinic.emma.post(
        "/waitlist",
        json={
            "practitionerId": clinic.ids["amina"],
            "typeId": clinic.types["consultation"],
            "from": "2026-11-17",
            "to": "2026-11-18",
        },
    )
    assert entry.status_code == 201, entry.text
    clinic.driss.post(f"/appointments/{kept['id']}/cancel", json=WHY)
    clinic.run_jobs()
    (offered,) = clinic.emma.get("/waitlist?status=offered").json()["items"]
    people = (clinic.emma, clinic.chloe)
    accept = f"/waitlist/{offered['id']}/accept"
    calls: list[Call] = [
        (clinic.driss, "POST", "/appointments", {"json": wish(clinic, 9)})
        if n % 4 == 3
        else (people[n % 2], "POST", accept, {})
        for n in range(200)
    ]
    assert statuses(clinic, calls) == {201: 1, 409: 199}
    visits = clinic.rows("SELECT patient_id, status FROM appointment WHERE status <> 'cancelled'")
    assert visits == [{"patient_id": clinic.ids["emma"], "status": "confirmed"}]
    lawful(clinic)


def test_confirming_and_calling_off_one_request(clinic: Clinic) -> None:
    """Confirmed, rejected and cancelled at once: the end is one state, and what it freed is freed once."""
    kept = booked(clinic, clinic.driss, 9)
    path = f"/appointments/{kept['id']}"
    verbs: tuple[tuple[Person, str, dict[str, Any]], ...] = (
        (clinic.amina, "confirm", {}),
        (clinic.chloe, "reject", {"json": WHY}),
        (clinic.driss, "cancel", {"json": WHY}),
        (clinic.chloe, "cancel", {"json": WHY}),
    )
    calls: list[Call] = [
        (person, "POST", f"{path}/{verb}", more) for n in range(200) for person, verb, more in [verbs[n % 4]]
    ]
    found = statuses(clinic, calls)
    assert set(found) == {200, 409}
    ends = [clinic.audit(f"appointment.{end}") for end in ("rejected", "cancelled")]
    assert sum(map(len, ends)) == 1
    lawful(clinic)
    assert booked(clinic, clinic.emma, 9)
