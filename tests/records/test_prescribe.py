"""Prescribing: numbered, of one or more lines, edited within the window, locked after it by the table itself."""

import apsw
import pytest

from tests.conftest import Clinic
from tests.records.visit import LINE, THREE, begin_visit, code, later, match, prescribed, write


def test_it_works(clinic: Clinic) -> None:
    made = prescribed(clinic)
    assert [line["name"] for line in made["lines"]] == ["Amoxicillin", "Paracetamol", "Cough syrup"]
    assert (made["number"], made["status"], made["isLocked"]) == (1, "active", False)
    assert made["canEditUntil"] == "2026-11-16T08:00:00Z"
    assert made["endsOn"] == "2026-11-30"
    (line,) = clinic.audit("prescription.created")
    assert (line["actor"], line["patient_id"], line["detail"]["lines"]) == (
        clinic.accounts["amina"],
        clinic.ids["driss"],
        3,
    )


def test_several_are_numbered(clinic: Clinic) -> None:
    first = prescribed(clinic)
    body = {"consultationId": first["consultationId"], "lines": [LINE]}
    assert [clinic.amina.post("/prescriptions", json=body).json()["number"] for _ in range(2)] == [2, 3]


def test_without_a_consultation_it_needs_a_reason(clinic: Clinic) -> None:
    begin_visit(clinic)
    body = {"patientId": clinic.ids["driss"], "lines": [LINE]}
    refused = clinic.amina.post("/prescriptions", json=body)
    assert (refused.status_code, refused.json()["error"]["details"][0]["field"]) == (400, "reason")
    made = clinic.amina.post("/prescriptions", json=body | {"reason": "Renewal by phone"})
    assert made.status_code == 201
    assert clinic.bruno.post("/prescriptions", json=body | {"reason": "x"}).status_code == 404


def test_lines_keep_their_limits(clinic: Clinic) -> None:
    consultation = write(clinic, begin_visit(clinic))
    wrong = [
        [],
        [{name: value for name, value in LINE.items() if name != "dosage"}],
        [LINE | {"quantity": 10_001}],
        [LINE | {"refills": 13}],
        [LINE | {"price": 3}],
    ]
    for lines in wrong:
        body = {"consultationId": consultation["id"], "lines": lines}
        assert clinic.amina.post("/prescriptions", json=body).status_code == 400, lines


def test_only_an_approved_doctor_prescribes(clinic: Clinic) -> None:
    consultation = write(clinic, begin_visit(clinic))
    clinic.tamper("UPDATE practitioner SET status = 'suspended' WHERE id = ?", clinic.ids["amina"])
    refused = clinic.amina.post("/prescriptions", json={"consultationId": consultation["id"], "lines": [LINE]})
    assert refused.status_code == 403


def test_at_59_minutes_it_is_edited_and_at_61_refused(clinic: Clinic) -> None:
    made = prescribed(clinic)
    path = f"/prescriptions/{made['id']}"
    later(clinic, minutes=59)
    edited = clinic.amina.patch(path, json={"lines": THREE[:2]}, headers=match(made))
    assert edited.status_code == 200
    assert len(edited.json()["lines"]) == 2
    later(clinic, minutes=2)
    refused = clinic.amina.patch(path, json={"lines": [LINE]}, headers=match(edited.json()))
    assert code(refused) == (423, "PRESCRIPTION_LOCKED")
    assert clinic.amina.put(path, json={"lines": [LINE]}, headers=match(edited.json())).status_code == 423
    assert clinic.amina.get(path).json()["isLocked"] is True


def test_the_table_itself_refuses(clinic: Clinic) -> None:
    made = prescribed(clinic)
    change = "UPDATE prescription SET lines = '[{}]', version = version + 1, updated_at = ? WHERE id = ?"
    with pytest.raises(apsw.ConstraintError, match="locked"):
        clinic.tamper(change, made["canEditUntil"].replace("Z", ".000Z"), made["id"])
    with pytest.raises(apsw.ConstraintError, match="counts its version"):
        clinic.tamper("UPDATE prescription SET lines = '[{}]' WHERE id = ?", made["id"])
    with pytest.raises(apsw.ConstraintError, match="put off"):
        clinic.tamper("UPDATE prescription SET can_edit_until = '2030-01-01T00:00:00.000Z' WHERE id = ?", made["id"])
    with pytest.raises(apsw.ConstraintError, match="never removed"):
        clinic.tamper("DELETE FROM prescription WHERE id = ?", made["id"])
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        clinic.tamper("UPDATE prescription_history SET action = 'updated'")
    clinic.tamper(change, "2026-11-16T07:59:59.999Z", made["id"])


def test_a_stale_version_is_refused(clinic: Clinic) -> None:
    made = prescribed(clinic)
    path = f"/prescriptions/{made['id']}"
    assert clinic.amina.patch(path, json={"generalNote": "A"}, headers=match(made)).status_code == 200
    assert clinic.amina.patch(path, json={"generalNote": "B"}, headers=match(made)).status_code == 412
    assert clinic.amina.patch(path, json={"generalNote": "B"}).status_code == 428


def test_history_has_the_whole_of_each_version(clinic: Clinic) -> None:
    made = prescribed(clinic)
    clinic.amina.patch(f"/prescriptions/{made['id']}", json={"lines": [LINE]}, headers=match(made))
    clinic.amina.post(f"/prescriptions/{made['id']}/lock")
    entries = clinic.driss.get(f"/prescriptions/{made['id']}/history").json()["items"]
    assert [entry["action"] for entry in entries] == ["created", "updated", "locked"]
    assert [len(entry["snapshot"]["lines"]) for entry in entries] == [3, 1, 1]
    assert entries[0]["by"] == clinic.accounts["amina"]


def test_the_patient_reads_it_and_that_is_audited(clinic: Clinic) -> None:
    made = prescribed(clinic)
    assert clinic.driss.get(f"/prescriptions/{made['id']}").status_code == 200
    (line,) = clinic.audit("prescription.accessed")
    assert (line["actor"], line["subject"]) == (clinic.accounts["driss"], made["id"])


def test_lists_are_narrowed(clinic: Clinic) -> None:
    made = prescribed(clinic)
    clinic.amina.post(f"/prescriptions/{made['id']}/complete")
    for params, count in (
        ({}, 1),
        ({"status": "completed"}, 1),
        ({"status": "active"}, 0),
        ({"running": True}, 0),
        ({"consultationId": made["consultationId"]}, 1),
        ({"patientId": clinic.ids["emma"]}, 0),
    ):
        assert len(clinic.driss.get("/prescriptions", params=params).json()["items"]) == count, params
    assert clinic.emma.get("/prescriptions").json()["items"] == []


def test_a_stranger(clinic: Clinic) -> None:
    made = prescribed(clinic)
    path = f"/prescriptions/{made['id']}"
    body = {"consultationId": made["consultationId"], "lines": [LINE]}
    for person in (clinic.bruno, clinic.emma):
        assert person.get(path).status_code == 404
        assert person.get(f"{path}/history").status_code == 404
    assert clinic.bruno.post("/prescriptions", json=body).status_code == 404
    assert clinic.bruno.patch(path, json={"generalNote": "x"}, headers=match(made)).status_code == 404
    for person in (clinic.driss, clinic.chloe, clinic.farid, clinic.gwen):
        assert person.post("/prescriptions", json=body).status_code == 403
    for person in (clinic.chloe, clinic.farid, clinic.gwen):
        assert person.get(path).status_code == 403
    assert clinic.anonymous.get(path).status_code == 401
