"""Who is told of wishes to move and of the waiting list: the right person, in their language, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Clinic

WHY = {"reason": "Because"}
DAY = "2026-11-18"
OTHERS = ("emma", "bruno", "chloe", "farid", "gwen")


def sure(clinic: Clinic, clock: str = "10:00", patient: str = "driss", **more: Any) -> dict[str, Any]:
    body = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids[patient],
        "startsAt": f"{DAY}T{clock}:00",
    } | more
    answer = clinic.chloe.post("/appointments", json=body)
    assert answer.status_code == 201, answer.text
    clinic.run_jobs()
    kept: dict[str, Any] = answer.json()
    return kept


def told(clinic: Clinic, name: str, kind: str) -> list[str]:
    clinic.run_jobs()
    return [one["body"] for one in clinic.notifications(name) if one["kind"] == kind]


def ask(clinic: Clinic, kept: dict[str, Any]) -> str:
    path = f"/appointments/{kept['id']}/reschedule-requests"
    assert clinic.driss.post(path, json={"startsAt": f"{DAY}T14:00:00"}).status_code == 201
    return path


def test_the_practitioner_learns_of_a_wish_and_of_its_end(clinic: Clinic) -> None:
    path = ask(clinic, sure(clinic))
    (body,) = told(clinic, "amina", "reschedule_requested")
    assert "Driss El Fassi" in body
    assert "10:00" in body
    assert "14:00" in body
    clinic.driss.post(f"{path}/withdraw")
    assert len(told(clinic, "amina", "reschedule_withdrawn")) == 1
    assert len(told(clinic, "chloe", "reschedule_requested")) == 1  # the desk that may answer
    for other in set(OTHERS) - {"chloe"}:
        assert told(clinic, other, "reschedule_requested") + told(clinic, other, "reschedule_withdrawn") == []


def test_the_patient_learns_of_the_answer(clinic: Clinic) -> None:
    path = ask(clinic, sure(clinic))
    clinic.amina.post(f"{path}/reject", json=WHY)
    (body,) = told(clinic, "driss", "reschedule_rejected")
    assert "Amina Benali" in body
    assert "Because" not in body
    clinic.driss.post(path, json={"startsAt": f"{DAY}T15:00:00"})
    clinic.chloe.post(f"{path}/approve")
    (moved,) = told(clinic, "driss", "appointment_rescheduled")
    assert "15:00" in moved
    assert told(clinic, "emma", "reschedule_rejected") == []


def test_a_wish_that_lapses_by_itself_is_told_and_one_that_goes_with_its_visit_is_not(clinic: Clinic) -> None:
    path = ask(clinic, sure(clinic))
    clinic.clock.advance(hours=25)
    assert len(told(clinic, "driss", "reschedule_lapsed")) == 1
    clinic.driss.sign_in()
    clinic.chloe.sign_in()
    second = sure(clinic, "16:00")
    clinic.driss.post(f"/appointments/{second['id']}/reschedule-requests", json={"startsAt": "2026-11-19T10:00:00"})
    clinic.chloe.post(f"/appointments/{second['id']}/cancel", json=WHY)
    assert len(told(clinic, "driss", "reschedule_lapsed")) == 1
    assert clinic.driss.get(path).json()["items"][0]["status"] == "lapsed"


@pytest.fixture
def offered(clinic: Clinic) -> dict[str, Any]:
    """Emma waits; Driss calls off; the time is hers to take."""
    kept = sure(clinic)
    body = {"practitionerId": clinic.ids["amina"], "typeId": clinic.types["consultation"], "from": DAY, "to": DAY}
    entry = clinic.emma.post("/waitlist", json=body)
    assert entry.status_code == 201, entry.text
    clinic.driss.post(f"/appointments/{kept['id']}/cancel", json=WHY)
    made: dict[str, Any] = entry.json()
    return made


def test_the_first_in_line_is_told_until_when_and_by_mail(clinic: Clinic, offered: dict[str, Any]) -> None:
    (body,) = told(clinic, "emma", "waitlist_offered")
    assert "Amina Benali" in body
    assert "10:00" in body
    assert len(clinic.rows("SELECT 1 AS one FROM delivery WHERE kind = 'waitlist_offered'")) == 1
    for other in ("driss", "amina", *OTHERS[1:]):
        assert told(clinic, other, "waitlist_offered") == []
    assert clinic.emma.post(f"/waitlist/{offered['id']}/accept").status_code == 201
    assert len(told(clinic, "emma", "appointment_confirmed")) == 1
    assert len(told(clinic, "amina", "waitlist_accepted")) == 1
    assert told(clinic, "driss", "waitlist_accepted") == []


def test_an_offer_that_ran_out_is_told(clinic: Clinic, offered: dict[str, Any]) -> None:
    clinic.run_jobs()
    clinic.clock.advance(hours=25)
    assert len(told(clinic, "emma", "waitlist_expired")) == 1
    assert told(clinic, "driss", "waitlist_expired") == []
    clinic.emma.sign_in()
    answer = clinic.emma.post(f"/waitlist/{offered['id']}/accept")
    assert (answer.status_code, answer.json()["error"]["extra"]["state"]) == (409, "expired")


def test_the_waiting_list_over_http(clinic: Clinic, offered: dict[str, Any]) -> None:
    clinic.run_jobs()
    assert clinic.driss.get("/waitlist").json()["items"] == []
    assert clinic.driss.post(f"/waitlist/{offered['id']}/decline").status_code == 404
    assert clinic.farid.get("/waitlist").status_code == 403
    assert clinic.anonymous.get("/waitlist").status_code == 401
    assert clinic.amina.post(f"/waitlist/{offered['id']}/accept").status_code == 403
    for person in (clinic.emma, clinic.chloe, clinic.gwen, clinic.amina):
        assert [one["status"] for one in person.get("/waitlist").json()["items"]] == ["offered"]
    assert clinic.emma.post(f"/waitlist/{offered['id']}/decline").json()["status"] == "declined"
    assert clinic.emma.post(f"/waitlist/{offered['id']}/withdraw").status_code == 409
    page = clinic.chloe.get("/waitlist?limit=1&status=declined").json()
    assert (len(page["items"]), page["nextCursor"]) == (1, None)


def test_a_repeated_key_accepts_once(clinic: Clinic, offered: dict[str, Any]) -> None:
    clinic.run_jobs()
    path, key = f"/waitlist/{offered['id']}/accept", {"Idempotency-Key": "once"}
    first = clinic.emma.post(path, headers=key)
    again = clinic.emma.post(path, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]


def test_patch_over_http(clinic: Clinic) -> None:
    """428 without a version, 412 with a stale one and what it is now, 200 with the new tag."""
    kept = sure(clinic)
    path = f"/appointments/{kept['id']}"
    assert clinic.chloe.patch(path, json={"notes": "Ring"}).status_code == 428
    changed = clinic.chloe.patch(path, json={"notes": "Ring"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = clinic.driss.patch(path, json={"symptoms": "Fever"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["error"]["extra"]["current"]["notes"]) == (412, "Ring")
    assert clinic.driss.patch(path, json={"notes": "Mine"}, headers={"If-Match": '"2"'}).status_code == 403
    assert clinic.chloe.put(path, json={"reason": "A cough"}, headers={"If-Match": '"2"'}).json()["notes"] is None
    assert clinic.chloe.patch(path, json={"status": "completed"}, headers={"If-Match": '"3"'}).status_code == 400
    assert clinic.emma.patch(path, json={"reason": "Mine"}, headers={"If-Match": '"3"'}).status_code == 404


def test_a_wall_time_that_does_not_exist_is_400(clinic: Clinic) -> None:
    body = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids["driss"],
        "startsAt": "2027-03-28T02:30:00",
    }
    answer = clinic.chloe.post("/appointments", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "NO_SUCH_LOCAL_TIME")


def test_series_bulk_prices_and_finder_over_http(clinic: Clinic) -> None:
    body = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids["emma"],
        "startsAt": f"{DAY}T10:00:00",
        "visits": 3,
    }
    made = clinic.chloe.post("/appointments/series", json=body)
    assert (made.status_code, len(made.json()["appointments"])) == (201, 3), made.text
    again = clinic.chloe.post("/appointments/series", json=body)
    assert (again.status_code, len(again.json()["error"]["extra"]["conflicts"])) == (409, 3)
    off = clinic.chloe.post(f"/appointments/series/{made.json()['id']}/cancel", json=WHY)
    assert len(off.json()["appointments"]) == 3
    bulk = {"from": DAY, "to": "2026-11-20", "dayOff": True, "preview": True}
    assert clinic.amina.post("/availability/bulk", json=bulk).json()["created"] == [DAY, "2026-11-19", "2026-11-20"]
    assert clinic.driss.post("/availability/bulk", json=bulk).status_code == 403
    price = f"/appointment-types/{clinic.types['consultation']}/prices/{clinic.ids['amina']}"
    assert clinic.gwen.put(price, json={"priceMinor": 1}).status_code == 200
    assert clinic.amina.put(price, json={"priceMinor": 1}).status_code == 403
    assert clinic.gwen.delete(price).status_code == 204
    found = clinic.driss.get("/slots?specialty=DENTISTRY&partOfDay=afternoon&minutes=30&weekday=2&weekday=4&limit=1")
    assert [slot["localStart"] for slot in found.json()["items"]] == ["2026-11-17T12:00:00"], found.text
    for wrong in ("partOfDay=night", "weekday=8", "minutes=3", "minutes=7"):
        assert clinic.driss.get(f"/slots?{wrong}").status_code == 400
    assert clinic.amina.get("/doctors/statistics").json()["counts"]["byStatus"] == {}
    assert clinic.gwen.get(f"/admin/statistics/appointments?to={DAY}").json()["counts"]["byStatus"] == {"cancelled": 1}
    assert clinic.chloe.get("/admin/statistics/appointments").status_code == 403
