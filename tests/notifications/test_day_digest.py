"""What the day brings, told at 09:00 where the clinic wants it: once a local day, whatever the clocks do (SPEC R19)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Clinic


@pytest.fixture
def wanted(clinic: Clinic) -> Clinic:
    clinic.gwen.put("/settings/staffDigest", json={"value": True}, headers={"if-match": "0"})
    return clinic


def book(clinic: Clinic, at: str, doctor: str = "amina", patient: str = "driss", by: str = "gwen") -> None:
    body: dict[str, Any] = {
        "practitionerId": clinic.ids[doctor],
        "typeId": clinic.types["consultation"],
        "startsAt": at,
        "reason": "A cough",
    }
    if by != patient:
        body["patientId"] = clinic.ids[patient]
    answer = getattr(clinic, by).post("/appointments", json=body)
    assert answer.status_code == 201, answer.text


def digests(clinic: Clinic, name: str) -> list[str]:
    clinic.run_jobs()
    return [one["body"] for one in clinic.notifications(name) if one["kind"] == "day_digest"]


def test_it_works(wanted: Clinic) -> None:
    clinic = wanted
    book(clinic, "2026-11-16T10:00:00")
    book(clinic, "2026-11-16T11:00:00", patient="emma")
    book(clinic, "2026-11-17T11:00:00", patient="emma")
    book(clinic, "2026-11-18T10:00:00", by="driss")
    assert digests(clinic, "amina") == []  # it is eight o'clock
    clinic.clock.advance(hours=1)
    (told,) = digests(clinic, "amina")
    assert "2" in told
    assert "10:00" in told
    assert "1" in told
    assert digests(clinic, "chloe") == [told]
    for name in ("bruno", "driss", "emma", "farid", "gwen"):
        assert digests(clinic, name) == []
    clinic.clock.advance(hours=3)
    assert len(digests(clinic, "amina")) == 1


def test_nobody_is_told_unless_the_clinic_wants_it(clinic: Clinic) -> None:
    book(clinic, "2026-11-16T10:00:00")
    clinic.clock.advance(hours=1)
    assert digests(clinic, "amina") == []


def test_a_clinic_that_comes_up_late_tells_what_is_left(wanted: Clinic) -> None:
    clinic = wanted
    book(clinic, "2026-11-16T10:00:00")
    book(clinic, "2026-11-16T16:00:00", patient="emma")
    clinic.clock.advance(hours=5)
    (told,) = digests(clinic, "amina")
    assert "16:00" in told
    clinic.clock.set(datetime(2026, 11, 17, 9, tzinfo=UTC))
    assert len(digests(clinic, "amina")) == 1  # nothing today


@pytest.mark.parametrize("first", [datetime(2027, 3, 27, 23, tzinfo=UTC), datetime(2027, 10, 30, 22, tzinfo=UTC)])
def test_once_a_day_on_the_days_of_the_clocks(wanted: Clinic, first: datetime) -> None:
    clinic = wanted
    for number in range(3):
        day = (first + timedelta(days=number, hours=12)).date()
        book(clinic, f"{day}T17:00:00")
    clinic.clock.set(first)
    for _ in range(72 * 2):
        clinic.run_jobs()
        clinic.clock.advance(minutes=30)
    told = clinic.rows(
        "SELECT created_at FROM notification WHERE kind = 'day_digest' AND account_id = ? ORDER BY id",
        clinic.accounts["amina"],
    )
    assert len(told) == 3
    assert len({one["created_at"][:10] for one in told}) == 3
