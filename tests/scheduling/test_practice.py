"""A doctor's patients and working hours, read from the agenda (SPEC PE-12, PE-16)."""

from datetime import datetime
from typing import Any

from tests.records.visit import later


def seen(clinic: Any, who: str, day: str, *, complete: bool = True) -> None:
    """A visit of this patient with Amina on this day, at 9."""
    wish = {
        "patientId": clinic.ids[who],
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": f"{day}T09:00:00+01:00",
        "reason": "Cough",
    }
    starts_at = datetime.fromisoformat(wish["startsAt"])
    if starts_at > clinic.clock.now():
        later(clinic, seconds=(starts_at - clinic.clock.now()).total_seconds())
    made = clinic.chloe.post("/appointments", json=wish)
    assert made.status_code == 201, made.text
    if complete:
        path = f"/appointments/{made.json()['id']}"
        for person, verb in ((clinic.chloe, "check-in"), (clinic.amina, "start"), (clinic.amina, "complete")):
            answer = person.post(f"{path}/{verb}")
            assert answer.status_code == 200, answer.text


def listed(clinic: Any, **params: Any) -> list[dict[str, Any]]:
    answer = clinic.amina.get("/doctors/patients", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_it_works(clinic: Any) -> None:
    seen(clinic, "driss", "2026-11-16")
    seen(clinic, "emma", "2026-11-17")
    seen(clinic, "driss", "2026-11-18")
    found = [(one["id"], one["visits"], one["lastVisitAt"][:10], one["isNew"]) for one in listed(clinic)]
    driss, emma = clinic.ids["driss"], clinic.ids["emma"]
    assert found == [(driss, 2, "2026-11-18", True), (emma, 1, "2026-11-17", True)]
    assert clinic.audit("appointment.listed")[-1]["detail"]["count"] == 2


def test_new_is_who_came_for_the_first_completed_visit_in_the_period(clinic: Any) -> None:
    seen(clinic, "emma", "2026-11-16", complete=False)
    seen(clinic, "driss", "2026-11-17")
    seen(clinic, "emma", "2026-11-18")
    seen(clinic, "driss", "2026-12-28")
    new = {one["id"] for one in listed(clinic) if one["isNew"]}
    assert new == set()
    days = {"from": "2026-11-18", "to": "2026-11-18"}
    assert [one["id"] for one in listed(clinic, new=True, **days)] == [clinic.ids["emma"]]
    assert {one["isNew"] for one in listed(clinic, **days)} == {True, False}


def test_page_by_page(clinic: Any) -> None:
    seen(clinic, "driss", "2026-11-16")
    seen(clinic, "emma", "2026-11-17")
    first = clinic.amina.get("/doctors/patients", params={"limit": 1}).json()
    second = clinic.amina.get("/doctors/patients", params={"limit": 1, "cursor": first["nextCursor"]}).json()
    assert [one["lastName"] for one in first["items"] + second["items"]] == ["Dubois", "El Fassi"]
    assert second["nextCursor"] is None


def test_others_see_their_own_or_nothing(clinic: Any) -> None:
    seen(clinic, "driss", "2026-11-16")
    assert clinic.bruno.get("/doctors/patients").json()["items"] == []
    for person in (clinic.driss, clinic.chloe, clinic.gwen):
        assert person.get("/doctors/patients").status_code == 403
    assert clinic.anonymous.get("/doctors/patients").status_code == 401


def test_working_hours_are_those_of_the_availability(clinic: Any) -> None:
    path = f"/doctors/{clinic.ids['amina']}/hours"
    days = clinic.anonymous.get(path).json()["days"]
    assert [one["weekday"] for one in days] == [1, 2, 3, 4, 5, 6, 7]
    noon = [{"fromTime": "08:00", "toTime": "12:30"}, {"fromTime": "13:30", "toTime": "18:00"}]
    assert days[0]["intervals"] == noon
    rows = [
        {"weekday": 1, "from": "09:00", "to": "12:00"},
        {"weekday": 1, "from": "12:00", "to": "15:00"},
        {"weekday": 2, "from": "09:00", "to": "10:00", "validFrom": "2027-01-01"},
    ]
    changed = clinic.amina.put("/availability/template", json={"rows": rows})
    assert changed.status_code == 200, changed.text
    days = clinic.anonymous.get(path).json()["days"]
    assert days[0]["intervals"] == [{"fromTime": "09:00", "toTime": "15:00"}]
    assert days[1]["intervals"] == []
    clinic.gwen.post(f"/doctors/{clinic.ids['amina']}/suspend", json={"reason": "licence withdrawn"})
    assert clinic.anonymous.get(path).status_code == 404
