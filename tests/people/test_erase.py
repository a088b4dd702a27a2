"""Forgetting a person (SPEC PE-18): the name goes, what is clinical stays under the id."""

from typing import Any

from tests.people.test_merge import merge, visit, written

WHY = {"reason": "asked for in writing on 16 November"}


def erase(clinic: Any, who: str = "emma", person: str = "gwen", **body: Any) -> Any:
    return getattr(clinic, person).post(f"/patients/{clinic.ids[who]}/erase", json=body or WHY)


def test_it_works(clinic: Any) -> None:
    note, _ = written(clinic, visit(clinic, "emma"))
    body = {"mobileNumber": "0639985555", "contacts": [{"name": "Paul", "phone": "12345"}], "bloodType": "A+"}
    clinic.emma.patch(f"/patients/{clinic.ids['emma']}", json=body, headers={"if-match": '"1"'})
    answer = erase(clinic)
    assert answer.status_code == 200, answer.text
    found = clinic.gwen.get(f"/patients/{clinic.ids['emma']}").json()
    assert (found["email"], found["mobileE164"], found["contacts"], found["birthDate"]) == (
        None,
        None,
        [],
        "1991-01-01",
    )
    assert found["archivedAt"] is not None
    assert clinic.rows("SELECT blood_type FROM patient WHERE id = ?", clinic.ids["emma"]) == [{"blood_type": "A+"}]
    kept = clinic.rows("SELECT patient_id, diagnosis FROM consultation WHERE id = ?", note["id"])[0]
    assert kept == {"patient_id": clinic.ids["emma"], "diagnosis": "Bronchitis"}
    line = clinic.audit("patient.erased")[0]
    assert (line["severity"], line["reason"]) == ("critical", WHY["reason"])


def test_the_name_is_nowhere_in_the_record(clinic: Any) -> None:
    clinic.gwen.patch(f"/patients/{clinic.ids['emma']}", json={"nationality": "FR"}, headers={"if-match": '"1"'})
    erase(clinic)
    for table in ("patient", "patient_version", "patient_merge", "account", "fhir_import"):
        said = str(clinic.rows(f"SELECT * FROM {table}")).lower()
        assert "dubois" not in said, table
        assert "emma" not in said, table
    for q in ("dubois", "ubois", "1991-11-02", "emma@demo"):
        assert clinic.gwen.get("/patients", params={"q": q}).json()["items"] == []
    likely = clinic.gwen.get("/patients/duplicates", params={"firstName": "Emma", "lastName": "Dubois"})
    assert likely.json()["items"] == []


def test_nobody_signs_in_for_the_person_any_more(clinic: Any) -> None:
    assert clinic.emma.get("/users/profile").status_code == 200
    erase(clinic)
    assert clinic.emma.get("/users/profile").status_code == 401
    login = {"identifier": "emma@demo.esante.example", "password": "Correct-Horse-7"}
    assert clinic.anonymous.post("/auth/login", json=login).status_code == 401


def test_what_was_merged_into_it_is_erased_too(clinic: Any) -> None:
    merge(clinic, "driss", "emma")
    assert erase(clinic, "emma").json()["error"]["code"] == "PATIENT_MERGED"
    assert erase(clinic, "driss").json()["records"] == 2
    said = str(clinic.rows("SELECT * FROM patient")).lower()
    assert "dubois" not in said
    assert "fassi" not in said


def test_once_and_with_a_reason(clinic: Any) -> None:
    assert erase(clinic, reason="x").status_code == 400
    assert erase(clinic).status_code == 200
    assert erase(clinic).json()["error"]["code"] == "WRONG_STATE"


def test_who_may_not(clinic: Any) -> None:
    for person in ("emma", "amina", "chloe", "farid"):
        assert erase(clinic, person=person).status_code == 403
    assert erase(clinic, person="anonymous").status_code == 401
    clinic.ids["nobody"] = "nobody"
    assert erase(clinic, "nobody").status_code == 404
