"""Starting a visit opens a draft; its author writes it, and nobody else."""

from tests.conftest import Clinic
from tests.records.visit import SAYS, begin_visit, code, match, write


def test_it_works(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    (draft,) = clinic.rows("SELECT * FROM consultation")
    assert (draft["appointment_id"], draft["status"], draft["chief_complaint"]) == (visit["id"], "draft", None)
    made = write(clinic, visit)
    assert made["id"] == draft["id"]
    assert made["vitals"]["bmi"] == 25.0
    assert made["canEditUntil"] is None
    assert made["isSealed"] is False
    lines = [line["action"] for line in clinic.audit() if line["subject"] == made["id"]]
    assert lines == ["consultation.created", "consultation.updated"]


def test_without_a_draft_it_is_made(clinic: Clinic) -> None:
    made = write(clinic, begin_visit(clinic, start=False))
    assert made["diagnosis"] == "Bronchitis"


def test_an_appointment_has_one_consultation(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    first = write(clinic, visit)
    again = clinic.amina.post("/consultations", json={"appointmentId": visit["id"]} | SAYS)
    assert code(again) == (409, "CONSULTATION_EXISTS")
    assert len(clinic.rows("SELECT id FROM consultation")) == 1
    assert clinic.amina.get(f"/consultations/{first['id']}").json()["version"] == first["version"]


def test_the_same_key_makes_it_once(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    calls = [
        clinic.amina.post(
            "/consultations", json={"appointmentId": visit["id"]} | SAYS, headers={"idempotency-key": "one"}
        )
        for _ in range(2)
    ]
    assert [call.status_code for call in calls] == [201, 201]
    assert calls[0].json() == calls[1].json()


def test_a_visit_that_has_not_begun_is_refused(clinic: Clinic) -> None:
    wish = {
        "patientId": clinic.ids["driss"],
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": "2026-11-17T10:00:00+01:00",
        "reason": "Cough",
    }
    visit = clinic.chloe.post("/appointments", json=wish).json()
    refused = clinic.amina.post("/consultations", json={"appointmentId": visit["id"]} | SAYS)
    assert code(refused) == (409, "WRONG_STATE")


def test_a_patient_without_birth_date_is_refused(clinic: Clinic) -> None:
    visit = begin_visit(clinic, start=False)
    clinic.tamper("UPDATE patient SET birth_date = NULL WHERE id = ?", clinic.ids["driss"])
    assert code(clinic.amina.post("/consultations", json={"appointmentId": visit["id"]} | SAYS)) == (
        409,
        "BIRTH_DATE_REQUIRED",
    )
    assert code(clinic.amina.post(f"/appointments/{visit['id']}/start")) == (409, "BIRTH_DATE_REQUIRED")
    assert clinic.rows("SELECT status FROM appointment WHERE id = ?", visit["id"]) == [{"status": "checked_in"}]


def test_vitals_are_checked(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    for vitals, field in (
        ({"systolic": 120, "diastolic": 130}, "vitals.systolic"),
        ({"systolic": 120}, "vitals.diastolic"),
        ({"systolic": 261, "diastolic": 100}, "vitals.systolic"),
        ({"systolic": 100, "diastolic": 29}, "vitals.diastolic"),
        ({"temperature": 60}, "vitals.temperature"),
    ):
        refused = clinic.amina.post("/consultations", json={"appointmentId": visit["id"], "vitals": vitals})
        assert refused.status_code == 400, vitals
        assert refused.json()["error"]["details"][0]["field"] == field


def test_a_follow_up_is_in_the_future(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    for more in ({"followUpRequired": True}, {"followUpRequired": True, "followUpOn": "2026-11-16"}):
        refused = clinic.amina.post("/consultations", json={"appointmentId": visit["id"]} | more)
        assert refused.status_code == 400
        assert refused.json()["error"]["details"][0]["field"] == "followUpOn"
    made = write(clinic, visit, followUpRequired=True, followUpOn="2026-12-01")
    assert made["followUpOn"] == "2026-12-01"


def test_a_field_too_many_is_named(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    refused = clinic.amina.post("/consultations", json={"appointmentId": visit["id"], "status": "completed"})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == "status"


def test_row_16_a_patch_of_one_field_keeps_the_others(clinic: Clinic) -> None:
    made = write(clinic, begin_visit(clinic))
    path = f"/consultations/{made['id']}"
    changed = clinic.amina.patch(
        path, json={"notes": "Rest only", "vitals": {"temperature": 37.2}}, headers=match(made)
    ).json()
    assert changed["notes"] == "Rest only"
    assert changed["diagnosis"] == "Bronchitis"
    assert changed["vitals"] == made["vitals"] | {"temperature": 37.2}
    emptied = clinic.amina.patch(path, json={"diagnosis": None}, headers=match(changed)).json()
    assert emptied["diagnosis"] is None
    assert emptied["notes"] == "Rest only"


def test_a_full_change_empties_what_it_does_not_name(clinic: Clinic) -> None:
    made = write(clinic, begin_visit(clinic))
    changed = clinic.amina.put(f"/consultations/{made['id']}", json={"chiefComplaint": "Flu"}, headers=match(made))
    assert changed.json()["chiefComplaint"] == "Flu"
    assert changed.json()["vitals"] is None


def test_row_16_a_stale_version_is_refused_with_the_present_one(clinic: Clinic) -> None:
    made = write(clinic, begin_visit(clinic))
    path = f"/consultations/{made['id']}"
    assert clinic.amina.patch(path, json={"notes": "A"}, headers=match(made)).status_code == 200
    stale = clinic.amina.patch(path, json={"notes": "B"}, headers=match(made))
    assert stale.status_code == 412
    assert stale.json()["error"]["extra"] == {"version": made["version"] + 1}
    assert clinic.amina.get(path).json()["notes"] == "A"
    assert clinic.amina.patch(path, json={"notes": "B"}).status_code == 428


def test_every_version_is_kept(clinic: Clinic) -> None:
    made = write(clinic, begin_visit(clinic))
    clinic.amina.patch(f"/consultations/{made['id']}", json={"notes": "A"}, headers=match(made))
    kept = clinic.rows("SELECT version, action FROM consultation_history ORDER BY version")
    assert [(row["version"], row["action"]) for row in kept] == [(1, "created"), (2, "updated"), (3, "updated")]


def test_a_stranger(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    body = {"appointmentId": visit["id"]} | SAYS
    assert clinic.bruno.post("/consultations", json=body).status_code == 404
    for person in (clinic.driss, clinic.chloe, clinic.farid, clinic.gwen):
        assert person.post("/consultations", json=body).status_code == 403
    assert clinic.anonymous.post("/consultations", json=body).status_code == 401
    made = write(clinic, visit)
    assert (
        clinic.bruno.patch(f"/consultations/{made['id']}", json={"notes": "x"}, headers=match(made)).status_code == 404
    )
