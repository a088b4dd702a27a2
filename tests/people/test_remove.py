"""Removing what is empty, for good: a record made by mistake, an account that never did anything (SPEC R23, ID-18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.people.test_photos import files
from tests.people.test_photos import put as put_photo
from tests.workplaces.desk import invited, newcomer, respond

if TYPE_CHECKING:
    from tests.conftest import Clinic

WHY = {"reason": "Registered twice by mistake"}


def zoe(clinic: Clinic, **more: Any) -> str:
    body = {"firstName": "Zoé", "lastName": "Nouvelle", "birthDate": "1990-01-02", **more}
    made = clinic.chloe.post("/patients", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def remove(clinic: Clinic, patient: str, person: str = "gwen") -> Any:
    return getattr(clinic, person).post(f"/patients/{patient}/remove", json=WHY)


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_it_works(clinic: Clinic) -> None:
    id = zoe(clinic)
    clinic.chloe.post(f"/patients/{id}/contacts", json={"name": "Nora", "phone": "+33612345679"})
    waits = {"typeId": clinic.types["checkup"], "patientId": id, "from": "2026-11-17", "to": "2026-11-30"}
    clinic.chloe.post("/waitlist", json={**waits, "practitionerId": clinic.ids["bruno"]})
    gone = remove(clinic, id)
    assert gone.status_code == 200, gone.text
    assert gone.json()["record"]["lastName"] == "Nouvelle"  # the last copy
    assert clinic.gwen.get(f"/patients/{id}").status_code == 404
    assert clinic.gwen.get("/patients", params={"q": "Nouvelle"}).json()["items"] == []
    for table in ("patient_version", "care_relation", "waitlist_entry"):
        assert clinic.rows(f"SELECT 1 FROM {table} WHERE patient_id = ?", id) == []
    line = clinic.audit("patient.removed")[-1]
    assert (line["actor"], line["reason"], line["severity"]) == (clinic.accounts["gwen"], WHY["reason"], "warning")
    assert zoe(clinic)  # nobody is known under that name


def test_its_account_and_photograph_go_with_it(clinic: Clinic) -> None:
    put_photo(clinic, "emma")
    clinic.emma.put("/users/settings", json={"theme": "dark"}, headers={"if-match": "0"})
    assert len(files(clinic)) == 1
    gone = remove(clinic, clinic.ids["emma"])
    assert (gone.status_code, gone.json()["accounts"]) == (200, 1), gone.text
    assert files(clinic) == []
    assert clinic.emma.get("/auth/me").status_code == 401
    for table in ("account_role", "session", "notification", "user_setting"):
        assert clinic.rows(f"SELECT 1 FROM {table} WHERE account_id = ?", clinic.accounts["emma"]) == []
    assert clinic.rows("SELECT 1 FROM account WHERE id = ?", clinic.accounts["emma"]) == []
    assert clinic.audit("user.removed")[-1]["subject"] == clinic.accounts["emma"]
    clinic.run_jobs()


def test_who_was_seen_stays(clinic: Clinic) -> None:
    id = zoe(clinic)
    body = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": id,
        "startsAt": "2026-11-18T10:00:00",
    }
    visit = clinic.chloe.post("/appointments", json=body).json()["id"]
    clinic.chloe.post(f"/appointments/{visit}/cancel", json={"reason": "does not come"})
    assert error(remove(clinic, id)) == (409, "NOT_EMPTY")
    assert clinic.gwen.get(f"/patients/{id}").status_code == 200
    assert clinic.gwen.get("/patients", params={"q": "Nouvelle"}).json()["items"] != []


@pytest.mark.parametrize("more", [{"allergies": [{"text": "Latex"}]}, {"medicalHistory": "Asthma"}])
def test_who_suffers_from_something_stays(clinic: Clinic, more: dict[str, Any]) -> None:
    made = clinic.amina.post("/patients", json={"firstName": "Zoé", "lastName": "Nouvelle", **more})
    assert error(remove(clinic, made.json()["id"])) == (409, "NOT_EMPTY")


def test_who_was_merged_or_has_dependants_stays(clinic: Clinic) -> None:
    one, other = zoe(clinic), zoe(clinic, firstName="Yan", birthDate="1970-01-01")
    assert clinic.gwen.post(f"/patients/{one}/merge", json={"otherId": other, **WHY}).status_code == 200
    for id in (one, other):
        assert error(remove(clinic, id)) == (409, "NOT_EMPTY")
    parent = zoe(clinic, firstName="Paul", birthDate="1971-01-01")
    child = {"firstName": "Léo", "lastName": "Petit", "birthDate": "2020-01-01"}
    assert clinic.gwen.post(f"/patients/{parent}/dependants", json=child).status_code == 201
    assert error(remove(clinic, parent)) == (409, "NOT_EMPTY")


def test_who_agreed_to_something_stays(clinic: Clinic) -> None:
    id = zoe(clinic)
    consent = {"kind": "data_processing", "textVersion": "1", "text": "I agree."}
    assert clinic.chloe.post(f"/patients/{id}/consents", json=consent).status_code == 201
    assert error(remove(clinic, id)) == (409, "NOT_EMPTY")


def test_strangers_remove_nobody(clinic: Clinic) -> None:
    id = zoe(clinic)
    for person, status in (("chloe", 403), ("amina", 403), ("driss", 403), ("farid", 403), ("anonymous", 401)):
        assert remove(clinic, id, person).status_code == status
    assert remove(clinic, "00000000-0000-7000-8000-000000000000").status_code == 404


def test_an_account_that_never_did_anything_goes(clinic: Clinic) -> None:
    nina = newcomer(clinic, "nina")
    nina.sign_in()
    gone = clinic.gwen.post(f"/admin/users/{clinic.accounts['nina']}/remove", json=WHY)
    assert (gone.status_code, gone.json()["email"]) == (200, "nina@demo.esante.example"), gone.text
    assert nina.get("/auth/me").status_code == 401
    assert clinic.rows("SELECT 1 FROM account WHERE id = ?", clinic.accounts["nina"]) == []
    assert clinic.audit("user.removed")[-1]["reason"] == WHY["reason"]


def test_an_account_that_did_something_or_stands_for_somebody_stays(clinic: Clinic) -> None:
    hugo = newcomer(clinic, "hugo")
    respond(hugo, invited(clinic, clinic.amina, "hugo"))
    zoe(clinic)  # by Chloé
    for name in ("hugo", "chloe", "driss", "amina"):
        answer = clinic.gwen.post(f"/admin/users/{clinic.accounts[name]}/remove", json=WHY)
        assert error(answer) == (409, "NOT_EMPTY"), name
    own = clinic.gwen.post(f"/admin/users/{clinic.accounts['gwen']}/remove", json=WHY)
    assert error(own) == (409, "OWN_ACCOUNT")
    for person, status in ((clinic.chloe, 403), (clinic.driss, 403), (clinic.anonymous, 401)):
        assert person.post(f"/admin/users/{clinic.accounts['farid']}/remove", json=WHY).status_code == status
