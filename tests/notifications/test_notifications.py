"""What people are told in the app: the right person, once, in their language; strangers nothing."""

from datetime import timedelta
from typing import Any

import pytest

from esante.notifications import service
from esante.scheduling import service as scheduling
from esante.scheduling.structs import AppointmentRequest
from tests.conftest import START


def book(clinic: Any, person: str = "driss") -> dict[str, Any]:
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": (START + timedelta(days=1, hours=2)).isoformat(),
        "reason": "Cough",
    }
    answer = getattr(clinic, person).post("/appointments", json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def kinds(clinic: Any, name: str) -> list[str]:
    return [one["kind"] for one in clinic.notifications(name)]


def test_it_works(clinic: Any) -> None:
    clinic.run_jobs()
    made = book(clinic)
    assert kinds(clinic, "amina")[-1] == "new_appointment_request"
    [told] = [one for one in clinic.amina.get("/notifications").json()["items"] if one["subject"] == made["id"]]
    assert "Driss El Fassi" in told["body"]
    assert told["title"] == "Nouvelle demande de rendez-vous"
    assert told["readAt"] is None


def test_nobody_else_is_told(clinic: Any) -> None:
    before = {name: kinds(clinic, name) for name in ("bruno", "emma", "farid", "gwen", "driss")}
    book(clinic)
    clinic.run_jobs()
    for name, told in before.items():
        assert [kind for kind in kinds(clinic, name) if kind not in told and "appointment" in kind] == []


def test_it_is_told_in_the_commit_of_the_act_and_again_when_that_did_not_go(
    clinic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "tell", lambda *args, **words: 1 / 0)
    book(clinic)
    assert "new_appointment_request" not in kinds(clinic, "amina")
    monkeypatch.undo()
    clinic.run_jobs()
    assert kinds(clinic, "amina").count("new_appointment_request") == 1


def test_the_job_that_runs_twice_tells_once(clinic: Any) -> None:
    book(clinic)
    clinic.run_jobs()
    clinic.run_jobs()
    assert kinds(clinic, "amina").count("new_appointment_request") == 1


def test_who_cancels_is_not_told_but_the_other_is(clinic: Any) -> None:
    clinic.run_jobs()
    made = book(clinic)
    clinic.amina.post(f"/appointments/{made['id']}/confirm")
    clinic.driss.post(f"/appointments/{made['id']}/cancel", json={"reason": "I am well again"})
    assert kinds(clinic, "amina")[-1] == "appointment_cancelled"
    assert "appointment_cancelled" not in kinds(clinic, "driss")
    assert "I am well again" not in str(clinic.notifications("amina"))


def test_a_patient_without_account_is_told_nothing_and_nothing_fails(clinic: Any) -> None:
    patient = clinic.chloe.post("/patients", json={"firstName": "Paul", "lastName": "Petit"}).json()["id"]
    wish = AppointmentRequest(
        practitioner_id=clinic.ids["amina"], type_id=clinic.types["consultation"], patient_id=patient, walk_in=True
    )
    clinic.write(clinic.actor("chloe"), scheduling.request_appointment, wish)
    clinic.run_jobs()
    assert clinic.rows("SELECT * FROM job WHERE failed_at IS NOT NULL AND name <> 'notifications.send_mail'") == []


def test_reading_marks_and_counts(clinic: Any) -> None:
    book(clinic)
    clinic.run_jobs()
    unread = clinic.amina.get("/notifications/unread-count").json()["unread"]
    newest = clinic.amina.get("/notifications", params={"unread": True}).json()["items"][0]
    read = clinic.amina.post(f"/notifications/{newest['id']}/read").json()
    assert read["readAt"]
    assert clinic.amina.post(f"/notifications/{newest['id']}/read").json() == read
    assert clinic.amina.get("/notifications/unread-count").json()["unread"] == unread - 1
    assert clinic.amina.post("/notifications/read-all").json()["unread"] == 0
    assert clinic.audit("notification.read")[0]["subject"] == newest["id"]


def test_the_list_goes_on_by_cursor(clinic: Any) -> None:
    for _ in range(3):
        made = book(clinic)
        clinic.driss.post(f"/appointments/{made['id']}/cancel", json={"reason": "Another day"})
    clinic.run_jobs()
    seen, cursor = [], None
    while True:
        page = clinic.amina.get("/notifications", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [one["id"] for one in page["items"]]
        if (cursor := page["nextCursor"]) is None:
            break
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == len(clinic.notifications("amina"))


def test_somebody_elses_is_not_there(clinic: Any) -> None:
    book(clinic)
    clinic.run_jobs()
    theirs = clinic.notifications("amina")[-1]["id"]
    assert clinic.emma.post(f"/notifications/{theirs}/read").status_code == 404
    assert theirs not in str(clinic.emma.get("/notifications").json())
    assert clinic.anonymous.get("/notifications").status_code == 401
    assert clinic.emma.get("/notifications/deliveries").status_code == 403
