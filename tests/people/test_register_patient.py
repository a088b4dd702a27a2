"""The desk registers a patient (SPEC R25, PE-01 to PE-06, row 47)."""

from typing import Any

import pytest

NEW = {"firstName": "Élodie", "lastName": "Guérin", "mobileNumber": "06 39 98 55 55"}


def register(person: Any, **more: Any) -> Any:
    return person.post("/patients", json=NEW | more)


def test_it_works(clinic: Any) -> None:
    more = {
        "birthDate": "1980-02-03",
        "gender": "female",
        "address": {"street": "Rue de la Paix", "city": "Rennes", "zip": "35000"},
        "contacts": [{"name": "Jean", "relationship": "father", "phone": "06 39 98 55 56"}],
        "insurances": [{"provider": "CPAM", "policyNumber": "1", "validTo": "2027-01-01"}],
    }
    answer = register(clinic.chloe, **more)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert (body["mobileNumber"], body["mobileE164"], body["source"]) == ("06 39 98 55 55", "+33639985555", "desk")
    assert body["contacts"] == more["contacts"]
    assert body["insurances"] == more["insurances"]
    assert body["address"]["city"] == "Rennes"
    line = clinic.audit("patient.registered")[-1]
    assert (line["patient_id"], line["actor"]) == (body["id"], clinic.accounts["chloe"])


def test_names_are_enough(clinic: Any) -> None:
    answer = clinic.gwen.post("/patients", json={"firstName": "X", "lastName": "Y"})
    assert answer.status_code == 201
    assert answer.json()["mobileE164"] is None


def test_a_known_mobile_number_is_409_with_the_patient_who_has_it(clinic: Any) -> None:
    first = register(clinic.gwen).json()["id"]
    again = register(clinic.gwen, firstName="Other", mobileNumber="+33639985555")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "MOBILE_TAKEN")
    assert again.json()["error"]["extra"] == {"patientId": first}


def test_a_dependant_names_the_guardian_instead(clinic: Any) -> None:
    parent = register(clinic.gwen).json()["id"]
    child = {"firstName": "Léa", "lastName": "Guérin", "birthDate": "2020-01-01", "guardianId": parent}
    made = clinic.gwen.post("/patients", json=child)
    assert made.status_code == 201
    grandchild = child | {"guardianId": made.json()["id"]}
    assert clinic.gwen.post("/patients", json=grandchild).json()["error"]["details"][0]["field"] == "guardianId"
    nobody = clinic.gwen.post("/patients", json=child | {"guardianId": "nobody"})
    assert nobody.json()["error"]["details"][0]["field"] == "guardianId"


def test_an_archived_patients_number_is_free_again(clinic: Any) -> None:
    first = register(clinic.gwen).json()["id"]
    assert clinic.gwen.delete(f"/patients/{first}").status_code == 204
    assert register(clinic.gwen).status_code == 201


def test_a_number_that_is_none_is_refused_naming_the_country(clinic: Any) -> None:
    answer = register(clinic.gwen, mobileNumber="12 34")
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["details"][0]["field"] == "mobileNumber"
    assert "FR" in error["message"]


@pytest.mark.parametrize(
    "more",
    [
        {"birthDate": "2030-01-01"},
        {"gender": "x"},
        {"bloodType": "C"},
        {"firstName": ""},
        {"lastName": "x" * 51},
        {"source": "import"},
        {"version": 3},
        {"archivedAt": None},
        {"contacts": [{"name": "x"}]},
        {"address": {"planet": "Mars"}},
    ],
)
def test_what_breaks_a_rule_is_refused(clinic: Any, more: dict[str, Any]) -> None:
    assert register(clinic.gwen, **more).status_code == 400


def test_a_doctor_treats_whom_he_registers(clinic: Any) -> None:
    made = register(clinic.amina).json()["id"]
    assert clinic.amina.get(f"/patients/{made}").status_code == 200
    assert clinic.bruno.get(f"/patients/{made}").status_code == 404
    clinic.clock.advance(days=366)
    clinic.amina.sign_in()
    assert clinic.amina.get(f"/patients/{made}").status_code == 404


def test_the_same_key_makes_one_patient(clinic: Any) -> None:
    headers = {"idempotency-key": "once"}
    answers = [clinic.gwen.post("/patients", json=NEW, headers=headers) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_who_may_not(clinic: Any) -> None:
    assert register(clinic.anonymous).status_code == 401
    for person in (clinic.driss, clinic.farid):
        assert register(person).status_code == 403
    clinic.gwen.post(f"/doctors/{clinic.ids['amina']}/suspend", json={"reason": "licence withdrawn"})
    assert register(clinic.amina).json()["error"]["code"] == "NOT_VERIFIED"
    clinic.tamper("DELETE FROM assistant_scope")
    clinic.app.door.forget_all()
    assert register(clinic.chloe).status_code == 403


def test_an_assistant_does_not_write_down_what_a_patient_suffers_from(clinic: Any) -> None:
    assert register(clinic.chloe, allergies=[{"text": "nuts"}]).status_code == 403
    assert register(clinic.chloe).status_code == 201


def test_twenty_at_once_with_one_number_make_one_patient(clinic: Any) -> None:
    answers = clinic.together([(clinic.gwen, "POST", "/patients", {"json": NEW}) for _ in range(20)])
    assert sorted(one.status_code for one in answers) == [201] + [409] * 19
