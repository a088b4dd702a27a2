"""Who sees a patient (SPEC 26, PE-08, rows 7 and 14), and who is told that they looked."""

from typing import Any

from esante.people import service as people
from tests.identity.secrets_of import HOUSE


def test_it_works(clinic: Any) -> None:
    answer = clinic.driss.get(f"/patients/{clinic.ids['driss']}")
    assert answer.status_code == 200
    assert answer.json()["lastName"] == "El Fassi"
    assert answer.headers["etag"] == '"1"'
    line = clinic.audit("patient.accessed")[-1]
    assert (line["patient_id"], line["actor"]) == (clinic.ids["driss"], clinic.accounts["driss"])


def test_a_doctor_sees_whom_he_treats_as_long_as_he_treats(clinic: Any) -> None:
    path = f"/patients/{clinic.ids['driss']}"
    assert clinic.amina.get(path).status_code == 404
    clinic.write(
        HOUSE, people.open_care, clinic.ids["driss"], clinic.ids["amina"], source="appointment", source_id="a1"
    )
    assert clinic.amina.get(path).status_code == 200
    assert clinic.bruno.get(path).status_code == 404
    clinic.write(HOUSE, people.end_care, clinic.ids["driss"], clinic.ids["amina"], source_id="a1")
    assert clinic.amina.get(path).status_code == 404


def test_a_doctor_who_is_not_approved_sees_nobody(clinic: Any) -> None:
    clinic.write(
        HOUSE, people.open_care, clinic.ids["driss"], clinic.ids["amina"], source="appointment", source_id="a1"
    )
    clinic.gwen.post(f"/doctors/{clinic.ids['amina']}/suspend", json={"reason": "licence withdrawn"})
    assert clinic.amina.get(f"/patients/{clinic.ids['driss']}").status_code == 404
    assert clinic.amina.get("/patients").json()["items"] == []


def test_by_setting_doctors_see_all(clinic: Any) -> None:
    clinic.stop()
    clinic.tamper(
        "INSERT INTO setting (key, value, updated_at, updated_by)"
        " VALUES ('allPatientsVisibleToDoctors', 'true', '2026-01-01T00:00:00.000Z', 'x')"
    )
    clinic.start()
    assert clinic.amina.get(f"/patients/{clinic.ids['driss']}").status_code == 200
    assert len(clinic.amina.get("/patients").json()["items"]) == 2


def test_the_desk_and_the_admin_see_everybody(clinic: Any) -> None:
    for person in (clinic.chloe, clinic.gwen):
        assert person.get(f"/patients/{clinic.ids['driss']}").status_code == 200


def test_assistants_and_admins_do_not_see_what_a_patient_suffers_from(clinic: Any) -> None:
    path = f"/patients/{clinic.ids['driss']}"
    sick = {"allergies": [{"text": "penicillin", "severity": "severe"}], "bloodType": "A+"}
    assert clinic.driss.patch(path, json=sick, headers={"if-match": '"1"'}).status_code == 200
    assert clinic.driss.get(path).json()["allergies"] == sick["allergies"]
    for person in (clinic.chloe, clinic.gwen):
        seen = person.get(path).json()
        assert (seen["allergies"], seen["bloodType"]) == ([], None)
        refused = person.patch(path, json={"bloodType": "B+"}, headers={"if-match": '"2"'})
        assert refused.status_code == 403, refused.text
    assert clinic.driss.get(path).json()["bloodType"] == "A+"


def test_a_guardian_sees_the_child_until_it_is_of_age(clinic: Any) -> None:
    child = {"firstName": "Léa", "lastName": "El Fassi", "birthDate": "2008-11-17", "guardianId": clinic.ids["driss"]}
    made = clinic.gwen.post("/patients", json=child).json()["id"]
    assert clinic.driss.get(f"/patients/{made}").status_code == 200
    assert clinic.read(clinic.actor("driss"), people.acts_for) == [clinic.ids["driss"], made]
    assert clinic.emma.get(f"/patients/{made}").status_code == 404
    clinic.clock.advance(days=1)
    clinic.driss.sign_in()
    assert clinic.driss.get(f"/patients/{made}").status_code == 404
    assert clinic.read(clinic.actor("driss"), people.acts_for) == [clinic.ids["driss"]]


def test_anybody_else_gets_404_and_a_wrong_role_403(clinic: Any) -> None:
    path = f"/patients/{clinic.ids['driss']}"
    assert clinic.emma.get(path).status_code == 404
    assert clinic.emma.get("/patients/nobody").status_code == 404
    assert clinic.farid.get(path).status_code == 403
    assert clinic.anonymous.get(path).status_code == 401
