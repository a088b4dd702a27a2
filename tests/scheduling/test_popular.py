"""Whom most people have seen lately; and lists of visits at one site (SPEC PE-11, SC-27, WA-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workplaces.desk import site

if TYPE_CHECKING:
    from tests.conftest import Clinic


def seen(clinic: Clinic, doctor: str, patient: str, hour: int, status: str = "completed") -> None:
    body = {
        "practitionerId": clinic.ids[doctor],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids[patient],
        "startsAt": f"2026-11-16T{hour:02}:00:00",
    }
    kept = clinic.gwen.post("/appointments", json=body).json()["id"]
    clinic.tamper("UPDATE appointment SET status = ? WHERE id = ?", status, kept)


def popular(clinic: Clinic) -> list[str]:
    answer = clinic.anonymous.get("/doctors/popular")
    assert answer.status_code == 200, answer.text
    assert "visits" not in answer.text
    return [one["firstName"] for one in answer.json()["items"]]


def test_it_works(clinic: Clinic) -> None:
    assert popular(clinic) == []
    seen(clinic, "amina", "driss", 9)
    seen(clinic, "amina", "driss", 10)
    seen(clinic, "amina", "emma", 14, "cancelled")
    seen(clinic, "bruno", "driss", 11)
    seen(clinic, "bruno", "emma", 12)
    assert popular(clinic) == ["Bruno", "Amina"]  # by people, not by visits
    clinic.gwen.post(f"/doctors/{clinic.ids['bruno']}/suspend", json={"reason": "the licence has run out"})
    assert popular(clinic) == ["Amina"]
    clinic.clock.advance(days=91)
    assert popular(clinic) == []


def test_strangers_see_doctors_only_where_the_clinic_wants_it(clinic: Clinic) -> None:
    seen(clinic, "amina", "driss", 9)
    clinic.gwen.put("/settings/featurePublicBooking", json={"value": False}, headers={"if-match": "0"})
    assert clinic.anonymous.get("/doctors/popular").status_code == 401
    assert clinic.driss.get("/doctors/popular").status_code == 200


def test_lists_of_one_site(clinic: Clinic) -> None:
    private = site(clinic, clinic.amina)["id"]
    body = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids["driss"],
        "startsAt": "2026-11-17T10:00:00",
    }
    own = clinic.gwen.post("/appointments", json=body).json()["id"]
    there = clinic.gwen.post("/appointments", json=body | {"startsAt": "2026-11-17T15:00:00", "workplaceId": private})
    day = "2026-11-17"
    for place, id in ((private, there.json()["id"]), (clinic.made.workplace_id, own)):
        for path in ("/appointments", f"/appointments/by-date/{day}"):
            assert [one["id"] for one in clinic.amina.get(f"{path}?workplaceId={place}").json()["items"]] == [id]
        board = clinic.amina.get(f"/appointments/board/{day}?workplaceId={place}").json()
        assert [one["id"] for one in board["expected"]] == [id]


def test_the_desk_sees_what_waits_for_an_answer(clinic: Clinic) -> None:
    body = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": "2026-11-20T10:00:00",
        "reason": "A cough",
    }
    asked = clinic.driss.post("/appointments", json=body).json()["id"]
    assert [one["id"] for one in clinic.chloe.get("/assistants/dashboard").json()["requests"]] == [asked]
    clinic.chloe.post(f"/appointments/{asked}/confirm")
    assert clinic.chloe.get("/assistants/dashboard").json()["requests"] == []
