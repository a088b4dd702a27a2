"""Completing shows a consultation to the patient and starts the edit window; then it is sealed, by the table itself."""

import apsw
import pytest

from esante.kernel.actor import house
from esante.people.structs import PatientId
from esante.records.consultations import service as consultations
from esante.records.consultations.structs import ImportedConsultation
from tests.conftest import Clinic
from tests.records.visit import begin_visit, code, completed, later, match, write


def test_it_works(clinic: Clinic) -> None:
    done = completed(clinic)
    assert done["status"] == "completed"
    assert done["canEditUntil"] == "2026-11-17T07:00:00Z"
    (line,) = clinic.audit("consultation.completed")
    assert (line["actor"], line["patient_id"]) == (clinic.accounts["amina"], clinic.ids["driss"])


def test_it_may_complete_the_visit(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    draft = write(clinic, visit)
    clinic.amina.post(f"/consultations/{draft['id']}/complete", json={"completeVisit": True})
    assert clinic.amina.get(f"/appointments/{visit['id']}").json()["status"] == "completed"


def test_it_needs_a_chief_complaint(clinic: Clinic) -> None:
    visit = begin_visit(clinic)
    draft = write(clinic, visit, chiefComplaint=None)
    refused = clinic.amina.post(f"/consultations/{draft['id']}/complete")
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == "chiefComplaint"


def test_only_a_draft_is_completed(clinic: Clinic) -> None:
    done = completed(clinic)
    assert code(clinic.amina.post(f"/consultations/{done['id']}/complete")) == (409, "WRONG_STATE")


def test_within_the_window_it_is_edited_and_after_it_sealed(clinic: Clinic) -> None:
    done = completed(clinic)
    path = f"/consultations/{done['id']}"
    later(clinic, hours=23, minutes=59)
    edited = clinic.amina.patch(path, json={"notes": "More"}, headers=match(done))
    assert edited.status_code == 200
    later(clinic, minutes=1)
    refused = clinic.amina.patch(path, json={"notes": "Most"}, headers=match(edited.json()))
    assert code(refused) == (423, "CONSULTATION_SEALED")
    read = clinic.amina.get(path).json()
    assert (read["isSealed"], read["notes"]) == (True, "More")


def test_the_table_itself_refuses(clinic: Clinic) -> None:
    done = completed(clinic)
    late = "2026-11-17T07:00:00.000Z"
    change = "UPDATE consultation SET notes = 'x', version = version + 1, updated_at = ? WHERE id = ?"
    with pytest.raises(apsw.ConstraintError, match="sealed"):
        clinic.tamper(change, late, done["id"])
    with pytest.raises(apsw.ConstraintError, match="counts its version"):
        clinic.tamper("UPDATE consultation SET notes = 'x' WHERE id = ?", done["id"])
    with pytest.raises(apsw.ConstraintError, match="put off"):
        clinic.tamper("UPDATE consultation SET can_edit_until = '2030-01-01T00:00:00.000Z' WHERE id = ?", done["id"])
    with pytest.raises(apsw.ConstraintError, match="never removed"):
        clinic.tamper("DELETE FROM consultation WHERE id = ?", done["id"])
    for table in ("consultation_history", "consultation_addendum"):
        if table == "consultation_addendum":
            clinic.amina.post(f"/consultations/{done['id']}/addenda", json={"text": "More"})
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            clinic.tamper(f"DELETE FROM {table}")
    clinic.tamper(change, "2026-11-17T06:59:59.999Z", done["id"])


def test_the_seal_is_told_once_and_does_not_wait_for_it(clinic: Clinic) -> None:
    done = completed(clinic)
    later(clinic, hours=24)
    assert code(clinic.amina.patch(f"/consultations/{done['id']}", json={"notes": "x"}, headers=match(done)))[0] == 423
    assert clinic.audit("consultation.sealed") == []
    clinic.run_jobs()
    clinic.run_jobs()
    (line,) = clinic.audit("consultation.sealed")
    assert line["role"] == "system"


def test_an_imported_one_is_added_to_by_who_treats_the_patient(clinic: Clinic) -> None:
    """Nobody here wrote it."""
    given = ImportedConsultation(patient_id=PatientId(clinic.ids["driss"]), started_at=clinic.clock.now(), notes="Old")
    imported = clinic.write(house("cli:import"), consultations.import_consultation, given)
    path = f"/consultations/{imported}/addenda"
    assert clinic.amina.post(path, json={"text": "More"}).status_code == 404
    begin_visit(clinic)
    assert clinic.amina.post(path, json={"text": "More"}).status_code == 201
    assert clinic.bruno.post(path, json={"text": "More"}).status_code == 404


def test_addenda_are_added_at_any_time(clinic: Clinic) -> None:
    done = completed(clinic)
    later(clinic, days=30)
    added = clinic.amina.post(f"/consultations/{done['id']}/addenda", json={"text": "The culture was negative"})
    assert added.status_code == 201
    private = clinic.amina.post(
        f"/consultations/{done['id']}/addenda", json={"text": "Ask about smoking", "isPrivate": True}
    )
    assert private.status_code == 201
    texts = [each["text"] for each in clinic.amina.get(f"/consultations/{done['id']}").json()["addenda"]]
    assert texts == ["The culture was negative", "Ask about smoking"]
    seen = [each["text"] for each in clinic.driss.get(f"/consultations/{done['id']}").json()["addenda"]]
    assert seen == ["The culture was negative"]


def test_a_draft_takes_no_addendum(clinic: Clinic) -> None:
    draft = write(clinic, begin_visit(clinic))
    refused = clinic.amina.post(f"/consultations/{draft['id']}/addenda", json={"text": "x"})
    assert code(refused) == (409, "WRONG_STATE")


def test_a_mistake_is_entered_in_error_and_kept(clinic: Clinic) -> None:
    done = completed(clinic)
    later(clinic, days=2)
    path = f"/consultations/{done['id']}"
    assert clinic.gwen.post(f"{path}/entered-in-error", json={}).status_code == 400
    said = clinic.gwen.post(f"{path}/entered-in-error", json={"reason": "Wrong patient"})
    assert said.status_code == 200
    assert said.json()["status"] == "entered_in_error"
    assert "diagnosis" not in said.json()
    (line,) = clinic.audit("consultation.entered_in_error")
    assert (line["severity"], line["reason"]) == ("warning", "Wrong patient")
    assert clinic.amina.get(path).json()["diagnosis"] == "Bronchitis"
    assert clinic.driss.get(path).status_code == 404
    assert code(clinic.amina.post(f"{path}/entered-in-error", json={"reason": "Again"})) == (409, "WRONG_STATE")


def test_a_stranger(clinic: Clinic) -> None:
    done = completed(clinic)
    for verb, body in (("complete", {}), ("addenda", {"text": "x"}), ("entered-in-error", {"reason": "Why"})):
        path = f"/consultations/{done['id']}/{verb}"
        assert clinic.bruno.post(path, json=body).status_code == 404
        assert clinic.driss.post(path, json=body).status_code == 403
        assert clinic.anonymous.post(path, json=body).status_code == 401
