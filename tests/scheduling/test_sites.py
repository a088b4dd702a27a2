"""Visits at sites other than the clinic's own: availability, free times, bookings, series and the waiting list at a site."""

from typing import Any

import pytest

from tests.conftest import Clinic
from tests.workplaces.desk import site

MONDAY, TUESDAY = "2026-11-16", "2026-11-17"


@pytest.fixture
def private(clinic: Clinic) -> str:
    """Amina's own practice: she is there on Tuesday mornings, and at the clinic on Tuesday afternoons."""
    place = str(site(clinic, clinic.amina, name="Cabinet Benali", city="Saint-Malo")["id"])
    rows = [
        {"weekday": 2, "from": "08:00", "to": "12:00", "workplaceId": place},
        {"weekday": 2, "from": "14:00", "to": "18:00"},
    ]
    put = clinic.amina.put("/availability/template", json={"rows": rows})
    assert put.status_code == 200, put.text
    assert [row["workplaceId"] for row in put.json()["template"]["rows"]] == [place, clinic.made.workplace_id]
    return place


def wish(clinic: Clinic, at: str, **more: Any) -> dict[str, Any]:
    return {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": at,
        "reason": "A cough",
        **more,
    }


def test_it_works(clinic: Clinic, private: str) -> None:
    path = f"/doctors/{clinic.ids['amina']}/slots?from={TUESDAY}&to={TUESDAY}"
    free = clinic.driss.get(path).json()["items"]
    assert {(one["workplaceId"], one["localStart"] < f"{TUESDAY}T13") for one in free} == {
        (private, True),
        (clinic.made.workplace_id, False),
    }
    there = clinic.driss.get(f"{path}&workplaceId={private}").json()["items"]
    assert len(there) == 8
    assert {one["workplaceId"] for one in there} == {private}
    booked = clinic.driss.post("/appointments", json=wish(clinic, f"{TUESDAY}T10:00:00", workplaceId=private))
    assert (booked.status_code, booked.json()["workplaceId"]) == (201, private), booked.text
    assert len(clinic.driss.get(f"{path}&workplaceId={private}").json()["items"]) == 7


def test_without_a_site_it_is_the_clinics_own(clinic: Clinic, private: str) -> None:
    booked = clinic.driss.post("/appointments", json=wish(clinic, f"{TUESDAY}T15:00:00"))
    assert booked.json()["workplaceId"] == clinic.made.workplace_id
    refused = clinic.driss.post("/appointments", json=wish(clinic, f"{TUESDAY}T10:00:00"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NOT_OFFERED")
    nearest = refused.json()["error"]["extra"]["nearest"]
    assert {one["workplaceId"] for one in nearest} == {clinic.made.workplace_id}


def test_a_site_where_the_doctor_does_not_work_is_refused(clinic: Clinic, private: str) -> None:
    body = wish(clinic, f"{TUESDAY}T10:00:00", practitionerId=clinic.ids["bruno"], workplaceId=private)
    refused = clinic.driss.post("/appointments", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "NOT_A_MEMBER")
    rows = {"rows": [{"weekday": 1, "from": "08:00", "to": "12:00", "workplaceId": private}]}
    assert clinic.bruno.put("/availability/template", json=rows).status_code == 400
    extra = {"extra": [{"from": "18:00", "to": "20:00", "workplaceId": private}]}
    assert clinic.bruno.put(f"/availability/exceptions/{TUESDAY}", json=extra).status_code == 400


def test_nobody_is_at_two_sites_at_once(clinic: Clinic, private: str) -> None:
    body = wish(clinic, f"{TUESDAY}T10:00:00", patientId=clinic.ids["driss"])
    assert clinic.gwen.post("/appointments", json=body).status_code == 201  # the desk need not keep to the template
    body = wish(clinic, f"{TUESDAY}T10:00:00", patientId=clinic.ids["emma"], workplaceId=private)
    taken = clinic.gwen.post("/appointments", json=body)
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "SLOT_TAKEN")
    rows = [
        {"weekday": 3, "from": "08:00", "to": "12:00", "workplaceId": private},
        {"weekday": 3, "from": "11:00", "to": "14:00"},
    ]
    assert clinic.amina.put("/availability/template", json={"rows": rows}).status_code == 400


def test_the_finder_looks_at_one_site_only_when_asked(clinic: Clinic, private: str) -> None:
    found = clinic.driss.get(f"/slots?workplaceId={private}&from={MONDAY}&to=2026-11-22").json()["items"]
    assert len(found) == 8
    assert {(one["practitionerId"], one["workplaceId"]) for one in found} == {(clinic.ids["amina"], private)}


def test_a_wish_to_move_stays_at_its_site(clinic: Clinic, private: str) -> None:
    booked = clinic.driss.post("/appointments", json=wish(clinic, f"{TUESDAY}T10:00:00", workplaceId=private)).json()
    path = f"/appointments/{booked['id']}/reschedule-requests"
    elsewhere = clinic.driss.post(path, json={"startsAt": f"{TUESDAY}T15:00:00"})
    assert elsewhere.json()["error"]["code"] == "NOT_OFFERED"
    assert clinic.driss.post(path, json={"startsAt": f"{TUESDAY}T11:00:00"}).status_code == 201


def test_a_series_and_a_room_at_the_site(clinic: Clinic, private: str) -> None:
    body = wish(clinic, f"{TUESDAY}T09:00:00", patientId=clinic.ids["driss"], workplaceId=private) | {"visits": 2}
    booked = clinic.gwen.post("/appointments/series", json=body)
    assert booked.status_code == 201, booked.text
    assert {one["workplaceId"] for one in booked.json()["appointments"]} == {private}
    chair = clinic.amina.post(f"/workplaces/{private}/rooms", json={"name": "Chair", "kind": "chair"}).json()["id"]
    body = wish(clinic, f"{TUESDAY}T15:00:00", patientId=clinic.ids["driss"], roomId=chair)
    assert clinic.gwen.post("/appointments", json=body).status_code == 400  # the room is elsewhere
    body |= {"startsAt": f"{TUESDAY}T11:00:00", "workplaceId": private}
    assert clinic.gwen.post("/appointments", json=body).json()["roomId"] == chair


def test_what_comes_free_is_offered_at_its_site(clinic: Clinic, private: str) -> None:
    body = wish(clinic, f"{TUESDAY}T10:00:00", patientId=clinic.ids["driss"], workplaceId=private)
    booked = clinic.gwen.post("/appointments", json=body).json()
    waits = {
        "typeId": clinic.types["consultation"],
        "practitionerId": clinic.ids["amina"],
        "from": TUESDAY,
        "to": TUESDAY,
    }
    own = {**waits, "workplaceId": clinic.made.workplace_id, "patientId": clinic.ids["driss"]}
    clinic.chloe.post("/waitlist", json=own)
    entry = clinic.emma.post("/waitlist", json={**waits, "workplaceId": private}).json()["id"]
    clinic.gwen.post(f"/appointments/{booked['id']}/cancel", json={"reason": "somebody is ill"})
    clinic.run_jobs()
    offered = clinic.emma.get("/waitlist").json()["items"][0]
    assert (offered["status"], offered["offeredWorkplaceId"]) == ("offered", private)
    accepted = clinic.emma.post(f"/waitlist/{entry}/accept")
    assert accepted.json()["workplaceId"] == private, accepted.text


def test_the_patient_is_told_where(clinic: Clinic, private: str) -> None:
    body = wish(clinic, f"{TUESDAY}T10:00:00", patientId=clinic.ids["driss"], workplaceId=private)
    clinic.gwen.post("/appointments", json=body)
    body = wish(clinic, f"{TUESDAY}T15:00:00", patientId=clinic.ids["emma"])
    clinic.gwen.post("/appointments", json=body)
    clinic.run_jobs()
    assert "Cabinet Benali, Saint-Malo" in clinic.notifications("driss")[-1]["body"]
    assert "rendez-vous a lieu à l’adresse" not in clinic.notifications("emma")[-1]["body"]


def test_a_visit_lies_outside_what_is_there_at_another_site(clinic: Clinic, private: str) -> None:
    body = wish(clinic, f"{TUESDAY}T10:00:00", patientId=clinic.ids["driss"], workplaceId=private)
    booked = clinic.gwen.post("/appointments", json=body).json()["id"]
    rows = {"rows": [{"weekday": 2, "from": "08:00", "to": "18:00"}]}
    changed = clinic.amina.put("/availability/template", json=rows).json()
    assert [one["id"] for one in changed["conflicts"]] == [booked]


def test_who_leaves_a_site_offers_no_time_there_and_leaves_no_patient_waiting(clinic: Clinic, private: str) -> None:
    for doctor in ("amina", "bruno"):
        clinic.gwen.put(f"/workplaces/{private}/doctors/{clinic.ids[doctor]}", json={})
    day = {
        "dayOff": True,
        "extra": [{"from": "18:00", "to": "19:00", "workplaceId": private}, {"from": "08:00", "to": "09:00"}],
    }
    assert clinic.bruno.put(f"/availability/exceptions/{TUESDAY}", json=day).status_code == 200
    body = wish(clinic, f"{TUESDAY}T18:00:00", patientId=clinic.ids["driss"], workplaceId=private)
    kept = clinic.gwen.post("/appointments", json=body | {"practitionerId": clinic.ids["bruno"]}).json()["id"]
    member = f"/workplaces/{private}/doctors/{clinic.ids['bruno']}"
    refused = clinic.gwen.delete(member)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "IN_USE")
    assert refused.json()["error"]["extra"] == {"appointments": 1}
    clinic.gwen.post(f"/appointments/{kept}/cancel", json={"reason": "he goes elsewhere"})
    assert clinic.gwen.delete(member).status_code == 204
    left = clinic.bruno.get(f"/availability/exceptions/{TUESDAY}").json()
    assert [(one["from"], one["workplaceId"]) for one in left["extra"]] == [("08:00", clinic.made.workplace_id)]
    assert clinic.driss.get(f"/slots?workplaceId={private}&practitionerId={clinic.ids['bruno']}").json()["items"] == []
