"""The clinic moves to another zone: instants stay, days and wall times of coming visits follow, on the days of the clocks too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from esante.scheduling.local_times import service as local_times

if TYPE_CHECKING:
    from tests.conftest import Clinic


def booked(clinic: Clinic, starts_at: str) -> dict[str, Any]:
    body = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids["driss"],
        "startsAt": starts_at,
    }
    answer = clinic.chloe.post("/appointments", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def move_to(clinic: Clinic, zone: str) -> None:
    version = clinic.gwen.get("/settings/timeZone").headers["etag"]
    answer = clinic.gwen.put("/settings/timeZone", json={"value": zone}, headers={"if-match": version})
    assert answer.status_code == 200, answer.text
    clinic.run_jobs()


def local(clinic: Clinic, kept: dict[str, Any]) -> tuple[str, str, str]:
    (row,) = clinic.rows("SELECT starts_at, local_on, local_time FROM appointment WHERE id = ?", kept["id"])
    return row["starts_at"][:16], row["local_on"], row["local_time"]


def test_it_works(clinic: Clinic) -> None:
    winter = booked(clinic, "2026-11-18T23:30:00+01:00")
    summer = booked(clinic, "2027-07-01T10:00:00+02:00")
    move_to(clinic, "Africa/Tunis")  # an hour ahead all year: only the summer differs
    assert local(clinic, winter) == ("2026-11-18T22:30", "2026-11-18", "23:30")
    assert local(clinic, summer) == ("2027-07-01T08:00", "2027-07-01", "09:00")
    move_to(clinic, "Asia/Tokyo")
    assert local(clinic, winter) == ("2026-11-18T22:30", "2026-11-19", "07:30")
    (line, last) = clinic.audit("appointment.local_times_kept")
    assert (line["actor"], line["detail"]) == (
        "job:scheduling.heed_setting", {"zone": "Africa/Tunis", "seen": 2, "changed": 1},
    )  # fmt: skip
    assert last["detail"]["changed"] == 2


def test_the_days_of_the_clocks(clinic: Clinic) -> None:
    before = booked(clinic, "2027-03-28T01:30:00+01:00")
    after = booked(clinic, "2027-03-28T03:30:00+02:00")
    twice = booked(clinic, "2027-10-31T02:30:00+01:00")  # the second 02:30 of that night
    move_to(clinic, "UTC")
    assert [local(clinic, one)[2] for one in (before, after, twice)] == ["00:30", "01:30", "01:30"]
    move_to(clinic, "Europe/Paris")
    assert [local(clinic, one)[2] for one in (before, after, twice)] == ["01:30", "03:30", "02:30"]


def test_what_has_been_stays_as_it_was(clinic: Clinic) -> None:
    past = booked(clinic, "2026-11-16T10:00:00+01:00")
    clinic.clock.advance(days=3)
    clinic.gwen.headers = {}
    move_to(clinic, "Asia/Tokyo")
    assert local(clinic, past)[2] == "10:00"


def test_another_setting_changes_nothing(clinic: Clinic) -> None:
    booked(clinic, "2026-11-18T10:00:00+01:00")
    clinic.gwen.put("/settings/clinicName", json={"value": "Other"}, headers={"if-match": "0"})
    clinic.run_jobs()
    assert clinic.audit("appointment.local_times_kept") == []


def test_many_are_done_in_shelves(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_times, "AT_ONCE", 2)
    kept = [booked(clinic, f"2026-11-18T{hour}:00:00+01:00") for hour in ("09", "10", "11", "12", "14")]
    move_to(clinic, "UTC")
    assert [local(clinic, one)[2] for one in kept] == ["08:00", "09:00", "10:00", "11:00", "13:00"]
    assert [line["detail"]["seen"] for line in clinic.audit("appointment.local_times_kept")] == [2, 2, 1]


def test_the_visit_is_checked_in_on_its_new_day(clinic: Clinic) -> None:
    kept = booked(clinic, "2026-11-16T23:30:00+01:00")
    move_to(clinic, "Asia/Tokyo")
    refused = clinic.chloe.post(f"/appointments/{kept['id']}/check-in")
    assert refused.json()["error"]["code"] == "OTHER_DAY"  # in Tokyo it is tomorrow's
