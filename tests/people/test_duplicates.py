"""The warning while somebody is entered (SPEC PE-03): candidates with a score and its reasons."""

from datetime import date
from typing import Any

import pytest

from esante.people import names
from esante.people import service as people
from esante.people.structs import ImportedPatient, NewPatient
from tests.identity.secrets_of import HOUSE

KNOWN = NewPatient(
    first_name="Élodie",
    last_name="Guérin",
    birth_date=date(1980, 2, 3),
    mobile_number="0639985555",
    email="elo@example.org",
)
ARABIC = NewPatient(first_name="محمد", last_name="الفاسي", birth_date=date(1975, 1, 9))


@pytest.fixture
def known(clinic: Any) -> str:
    clinic.write(HOUSE, people.add_patient, ARABIC, source="desk")
    return str(clinic.write(HOUSE, people.add_patient, KNOWN, source="desk"))


def found(clinic: Any, person: str = "chloe", **params: Any) -> list[dict[str, Any]]:
    answer = getattr(clinic, person).get("/patients/duplicates", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_it_works(clinic: Any, known: str) -> None:
    one = found(clinic, firstName="Élodie", lastName="Guérin", birthDate="1980-02-03")[0]
    assert (one["id"], one["score"], one["reasons"]) == (known, 90, ["sameName", "sameBirthDate"])
    assert (one["lastName"], one["birthDate"], one["mobileE164"]) == ("Guérin", "1980-02-03", "+33639985555")
    line = clinic.audit("patient.duplicates_listed")[-1]
    assert (line["detail"]["count"], line["patient_id"]) == (1, None)
    assert "gu" not in str(line["detail"]["filter"]).lower() or len(line["detail"]["filter"]) == 16


@pytest.mark.parametrize(
    ("params", "reasons", "score"),
    [
        ({"firstName": "elodie", "lastName": "GUERIN"}, ["accentsOrCase"], 55),
        ({"firstName": "Guerin", "lastName": "Elodie"}, ["swappedNames"], 53),
        (
            {"firstName": "Guerin", "lastName": "Elodie", "birthDate": "1980-02-03"},
            ["swappedNames", "sameBirthDate"],
            88,
        ),
        ({"firstName": "Elodie", "lastName": "Geurin"}, ["soundsAlike"], 50),
        ({"firstName": "Elodie", "lastName": "Guerrin"}, ["soundsAlike"], 50),
        ({"firstName": "Elodie", "lastName": "Gurrin"}, ["soundsAlike"], 50),
        ({"firstName": "Elodie", "lastName": "Guésin"}, ["typingSlip"], 42),
        ({"firstName": "Elodie", "lastName": "Guésin", "birthDate": "1980-02-03"}, ["typingSlip", "sameBirthDate"], 77),
        (
            {"firstName": "Elodie", "lastName": "Guérin", "birthDate": "1980-03-02"},
            ["accentsOrCase", "similarBirthDate"],
            77,
        ),
        (
            {"firstName": "Elodie", "lastName": "Guérin", "birthDate": "1980-02-08"},
            ["accentsOrCase", "similarBirthDate"],
            77,
        ),
        (
            {"firstName": "Elodie", "lastName": "Guérin-Petit", "birthDate": "1980-02-03"},
            ["partOfName", "sameBirthDate"],
            75,
        ),
        ({"firstName": "Xavier", "lastName": "Zola", "mobileNumber": "06 39 98 55 55"}, ["samePhone"], 40),
        (
            {"firstName": "Xavier", "lastName": "Zola", "mobileNumber": "0639985555", "birthDate": "1980-02-03"},
            ["sameBirthDate", "samePhone"],
            70,
        ),
        ({"firstName": "E", "lastName": "Guérin", "email": "ELO@example.org"}, ["sameEmail"], 40),
        ({"firstName": "Mohamed", "lastName": "El Fassi"}, ["otherAlphabet"], 50),
        ({"firstName": "Elfassi", "lastName": "Muhammad"}, ["swappedNames", "otherAlphabet"], 47),
        (
            {"firstName": "Mohammed", "lastName": "Alfassi", "birthDate": "1975-01-09"},
            ["otherAlphabet", "sameBirthDate"],
            85,
        ),
    ],
)
def test_what_speaks_for_it(clinic: Any, known: str, params: dict[str, str], reasons: list[str], score: int) -> None:
    first = found(clinic, **params)[0]
    assert (first["reasons"], first["score"]) == (reasons, score)


@pytest.mark.parametrize(
    "params",
    [
        {"firstName": "Xavier", "lastName": "Zola"},
        {"firstName": "Élodie", "lastName": "Guérin", "birthDate": "1999-12-24"},
        {"firstName": "Xavier", "lastName": "Zola", "birthDate": "1980-02-03"},
        {"firstName": "Paul", "lastName": "Guérin"},
        {"firstName": "Paul", "lastName": "Zola", "mobileNumber": "not a number"},
    ],
)
def test_what_is_no_warning(clinic: Any, known: str, params: dict[str, str]) -> None:
    assert found(clinic, **params) == []


def test_the_likeliest_comes_first(clinic: Any, known: str) -> None:
    other = clinic.write(HOUSE, people.add_patient, NewPatient(first_name="Elodie", last_name="Guerin"), source="desk")
    scores = found(clinic, firstName="Élodie", lastName="Guérin", birthDate="1980-02-03")
    assert [(one["id"], one["score"]) for one in scores] == [(known, 90), (other, 55)]


def test_a_changed_name_is_compared_and_the_old_one_not(clinic: Any, known: str) -> None:
    clinic.gwen.patch(f"/patients/{known}", json={"lastName": "Zamora"}, headers={"if-match": '"1"'})
    assert found(clinic, firstName="Elodie", lastName="Guerin") == []
    assert found(clinic, firstName="Elodie", lastName="Zamora")[0]["id"] == known


def test_an_archived_record_warns_nobody(clinic: Any, known: str) -> None:
    clinic.gwen.delete(f"/patients/{known}")
    assert found(clinic, firstName="Elodie", lastName="Guerin") == []


def test_registering_somebody_known_is_409_until_it_is_said_that_it_is_somebody_new(clinic: Any, known: str) -> None:
    same = {"firstName": "Elodie", "lastName": "Guerin", "birthDate": "1980-02-03"}
    answer = clinic.chloe.post("/patients", json=same)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "DUPLICATE_SUSPECTED")
    candidate = answer.json()["error"]["extra"]["candidates"][0]
    assert (candidate["id"], candidate["score"]) == (known, 90)
    assert clinic.chloe.post("/patients", json=same | {"confirmedNew": True}).status_code == 201


def test_a_likeness_that_may_be_chance_stops_nobody(clinic: Any, known: str) -> None:
    assert clinic.chloe.post("/patients", json={"firstName": "Elodie", "lastName": "Guerin"}).status_code == 201
    twin = {"firstName": "Rose", "lastName": "Guérin", "birthDate": "1980-02-03"}
    assert clinic.chloe.post("/patients", json=twin).status_code == 201


def test_a_number_that_is_taken_is_still_said_first(clinic: Any, known: str) -> None:
    same = {"firstName": "Elodie", "lastName": "Guerin", "birthDate": "1980-02-03", "mobileNumber": "0639985555"}
    assert clinic.chloe.post("/patients", json=same).json()["error"]["code"] == "MOBILE_TAKEN"


def test_an_imported_record_with_the_same_number_is_noticed(clinic: Any) -> None:
    clinic.write(
        HOUSE, people.import_patient, ImportedPatient(first_name="Ana", last_name="Sol", mobile_number="+33639981111")
    )
    answer = clinic.chloe.post("/patients", json={"firstName": "Ana", "lastName": "Sol", "mobileNumber": "0639981111"})
    assert answer.json()["error"]["code"] == "DUPLICATE_SUSPECTED"


def test_a_doctor_learns_that_there_is_one_not_who(clinic: Any, known: str) -> None:
    one = found(clinic, "amina", firstName="Élodie", lastName="Guérin", birthDate="1980-02-03")[0]
    assert (one["id"], one["score"], one["lastName"], one["birthDate"], one["mobileE164"]) == (
        known,
        90,
        None,
        None,
        None,
    )
    clinic.write(HOUSE, people.open_care, known, clinic.ids["amina"], source="appointment", source_id="a")
    assert found(clinic, "amina", firstName="Élodie", lastName="Guérin")[0]["lastName"] == "Guérin"


def test_records_from_before_get_their_keys_by_themselves(clinic: Any, known: str) -> None:
    clinic.tamper("DELETE FROM patient_name_key")
    clinic.tamper("UPDATE patient SET keyed = 0")
    assert found(clinic, firstName="Elodie", lastName="Guerin") == []
    clinic.clock.advance(minutes=11)
    clinic.run_jobs()
    clinic.chloe.headers = {}
    assert found(clinic, firstName="Elodie", lastName="Guerin")[0]["id"] == known


def test_who_may_not(clinic: Any) -> None:
    params = {"firstName": "A", "lastName": "B"}
    assert clinic.anonymous.get("/patients/duplicates", params=params).status_code == 401
    for person in (clinic.driss, clinic.farid):
        assert person.get("/patients/duplicates", params=params).status_code == 403
    assert clinic.gwen.get("/patients/duplicates", params={"firstName": "A"}).status_code == 400
    assert clinic.gwen.get("/patients/duplicates", params=params | {"birthDate": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mohammed", "محمد"),
        ("Muhamad", "Mohamed"),
        ("El Fassi", "الفاسي"),
        ("Khadija", "خديجة"),
        ("Aïcha", "عائشة"),
        ("Fatima", "فاطمة"),
        ("Abdallah", "عبد الله"),
        ("Chérif", "شريف"),
        ("Kacem", "قاسم"),
        ("Benjelloun", "Ben Jelloun"),
    ],
)
def test_names_that_sound_the_same(one: str, other: str) -> None:
    assert names.skeleton(one) == names.skeleton(other)


def test_slips_are_counted() -> None:
    assert names.distance("martin", "matrin", 2) == 1
    assert names.distance("martin", "martn", 2) == 1
    assert names.distance("martin", "mxrtix", 2) == 2
    assert names.distance("martin", "dupont", 2) == 3
    assert names.likeness("", "") == 1
