"""A whole visit, over real HTTP and real SMTP: from registration to a locked prescription, every step on record."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from esante.demo import Furnished
from esante.kernel.config import Config, Keys, Limits, Mail
from tests.conftest import PASSWORD, Clock
from tests.live import Live, Postman, served, wait_until


@pytest.fixture
def postman() -> Iterator[Postman]:
    postman = Postman()
    yield postman
    postman.close()


@pytest.fixture
def live(furnished: tuple[Path, Furnished], tmp_path: Path, postman: Postman) -> Iterator[Live]:
    shutil.copytree(furnished[0], tmp_path / "data")
    config = Config(
        keys=Keys(file=str(tmp_path / "data" / "demo-key")),
        mail=Mail(host="127.0.0.1", port=postman.port, encryption="none", sender="clinic@demo.esante.example"),
        limits=Limits(connections_per_address=1000),
    )
    with served(tmp_path / "data", config, Clock()) as running:
        yield running


def sign_in(live: Live, identifier: str, password: str = PASSWORD) -> httpx.Client:
    client = live.client()
    answer = client.post("/auth/login", json={"identifier": identifier, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["authorization"] = f"Bearer {answer.json()['accessToken']}"
    return client


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_whole_visit(live: Live, postman: Postman) -> None:
    clock: Any = live.app.clinic.db.now
    public = live.client()

    # A patient and a doctor register, and confirm by the link of their mails.
    nadia = {
        "role": "patient", "email": "nadia@example.org", "password": "Sunny-Garden-4",
        "firstName": "Nadia", "lastName": "Ziani", "birthDate": "1990-04-12", "gender": "female", "mobileNumber": "06 12 34 56 78",
    }  # fmt: skip
    doctor = {
        "role": "doctor", "email": "ines@example.org", "password": "Quiet-River-9", "firstName": "Inès", "lastName": "Roux",
        "specialty": "cardiology", "licenceNumber": "75-123", "licenceAuthority": "CNOM",
    }  # fmt: skip
    for who in (nadia, doctor):
        ok(public.post("/auth/register", json=who), 202)
        early = public.post("/auth/login", json={"identifier": who["email"], "password": who["password"]})
        assert (early.status_code, early.json()["error"]["code"]) == (403, "EMAIL_NOT_VERIFIED")
        mail = postman.wait_for(who["email"], "onfirm")
        link = re.search(r"/confirm\?token=(\S+)", mail.get_content())
        assert link
        ok(public.post("/auth/verify-email", json={"token": link.group(1)}))

    # The doctor cannot be booked before an admin has approved her.
    ines = sign_in(live, "ines@example.org", "Quiet-River-9")
    patient = sign_in(live, "nadia@example.org", "Sunny-Garden-4")
    admin = sign_in(live, "gwen@demo.esante.example")
    ines_id = ok(ines.get("/auth/me"))["personId"]
    nadia_id = ok(patient.get("/auth/me"))["personId"]
    assert patient.get(f"/doctors/{ines_id}/slots").status_code == 404
    assert ines_id in [one["practitioner"]["id"] for one in ok(admin.get("/doctors/pending"))["items"]]
    ok(admin.post(f"/doctors/{ines_id}/approve"))

    # She says when she is there; the patient finds a time and asks for it; she confirms; the mail arrives.
    week = [{"weekday": day, "from": "08:00", "to": "12:00", "slotMinutes": 30} for day in range(1, 6)]
    ok(ines.put("/availability/template", json={"rows": week}))
    kind = next(one for one in ok(patient.get("/appointment-types"))["items"] if one["name"] == "Consultation")
    slots = ok(patient.get(f"/doctors/{ines_id}/slots", params={"typeId": kind["id"]}))
    slot = (slots["items"] if isinstance(slots, dict) else slots)[0]
    wish = {"practitionerId": ines_id, "typeId": kind["id"], "startsAt": slot["startsAt"], "reason": "Palpitations"}
    visit = ok(patient.post("/appointments", json=wish, headers={"idempotency-key": "first"}), 201)
    assert ok(patient.post("/appointments", json=wish, headers={"idempotency-key": "first"}), 201)["id"] == visit["id"]
    assert visit["status"] == "pending"
    wait_until(lambda: ok(ines.get("/notifications/unread-count"))["unread"] > 0, 30)
    assert ok(ines.post(f"/appointments/{visit['id']}/confirm"))["status"] == "confirmed"
    postman.wait_for("nadia@example.org", "rendez-vous est confirmé")

    # The day of the visit.
    clock.set(msgspec.convert(visit["startsAt"], type=type(clock.now())))
    desk = sign_in(live, "chloe@demo.esante.example")
    ines = sign_in(live, "ines@example.org", "Quiet-River-9")
    assert ok(desk.post(f"/appointments/{visit['id']}/check-in"))["status"] == "checked_in"
    assert ok(ines.post(f"/appointments/{visit['id']}/start"))["status"] == "in_progress"
    [draft] = ok(ines.get("/consultations", params={"patientId": nadia_id}))["items"]
    patient = sign_in(live, "nadia@example.org", "Sunny-Garden-4")
    assert patient.get(f"/consultations/{draft['id']}").status_code == 404  # a draft is its author's alone
    written = {
        "chiefComplaint": "Palpitations for a week", "diagnosis": "Benign extrasystoles", "notes": "Less coffee",
        "additionalNotes": "Anxious, to be seen again", "vitals": {"systolic": 128, "diastolic": 82, "heartRate": 76},
    }  # fmt: skip
    changed = ok(ines.patch(f"/consultations/{draft['id']}", json=written, headers={"if-match": str(draft["version"])}))
    stale = ines.patch(
        f"/consultations/{draft['id']}", json={"notes": "x"}, headers={"if-match": str(draft["version"])}
    )
    assert stale.status_code == 412
    ok(
        ines.post(
            f"/consultations/{draft['id']}/complete",
            json={"completeVisit": True},
            headers={"if-match": str(changed["version"])},
        )
    )
    assert ok(ines.get(f"/appointments/{visit['id']}"))["status"] == "completed"

    # A prescription with three medications, changed after 59 minutes, refused after 61.
    lines = [
        {"name": name, "dosage": dosage, "form": "tablet", "frequency": "once a day", "duration": "30 days"}
        for name, dosage in (("Bisoprolol", "2.5 mg"), ("Magnesium", "300 mg"), ("Paracetamol", "500 mg"))
    ]
    made = ok(ines.post("/prescriptions", json={"consultationId": draft["id"], "lines": lines}), 201)
    clock.advance(minutes=59)
    ines = sign_in(live, "ines@example.org", "Quiet-River-9")
    lines[0]["dosage"] = "5 mg"
    edit = ines.patch(f"/prescriptions/{made['id']}", json={"lines": lines}, headers={"if-match": str(made["version"])})
    later = ok(edit)
    clock.advance(minutes=2)
    late = ines.patch(
        f"/prescriptions/{made['id']}", json={"lines": lines[:1]}, headers={"if-match": str(later["version"])}
    )
    assert (late.status_code, late.json()["error"]["code"]) == (423, "PRESCRIPTION_LOCKED")
    live.wake()
    wait_until(lambda: "prescription_locked" in kinds(ok(ines.get("/notifications"))), 30)

    # The patient reads both; private notes stay with the doctor.
    patient = sign_in(live, "nadia@example.org", "Sunny-Garden-4")
    read = ok(patient.get(f"/consultations/{draft['id']}"))
    assert read["diagnosis"] == "Benign extrasystoles"
    assert "Anxious" not in msgspec.json.encode(read).decode()
    assert len(ok(patient.get(f"/prescriptions/{made['id']}"))["lines"]) == 3
    assert [one["status"] for one in ok(patient.get("/appointments"))["items"]] == ["completed"]

    # A stranger finds nothing, and that is on record.
    stranger = sign_in(live, "driss@demo.esante.example")
    for path in (f"/consultations/{draft['id']}", f"/prescriptions/{made['id']}", f"/patients/{nadia_id}/timeline"):
        assert stranger.get(path).status_code == 404
    assert stranger.get("/audit").status_code == 403
    assert public.get(f"/consultations/{draft['id']}").status_code == 401

    # The audit log says who read what, and is whole.
    admin = sign_in(live, "gwen@demo.esante.example")
    seen = ok(admin.get(f"/audit/patients/{nadia_id}", params={"limit": 500}))["items"]
    readers = {(line["actorName"], line["action"]) for line in seen}
    for who in ("Nadia Ziani", "Inès Roux"):
        assert (who, "consultation.accessed") in readers
    assert ("Nadia Ziani", "prescription.accessed") in readers
    assert {"appointment.requested", "appointment.confirmed", "appointment.checked_in", "prescription.locked"} <= {
        line["action"] for line in seen
    }
    locked = next(line for line in seen if line["action"] == "prescription.locked")
    assert locked["role"] == "system"
    denied = ok(admin.get("/audit", params={"action": "access.denied", "limit": 500}))["items"]
    assert {line["detail"]["status"] for line in denied} >= {401, 403, 404}
    assert ok(admin.get("/audit/verify"))["ok"] is True
    assert ok(patient.get(f"/patients/{nadia_id}/accesses"))


def kinds(page: dict[str, Any]) -> list[str]:
    return [one["kind"] for one in page["items"]]
