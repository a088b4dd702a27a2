"""Finding a patient (SPEC PE-15): beginnings of names, mobile digits, e-mail, birth date; accents and case do not matter."""

from typing import Any

import pytest

from esante.people import folding
from esante.people import service as people
from esante.people.structs import ImportedPatient, NewPatient
from tests.identity.secrets_of import HOUSE

MADE = [
    NewPatient(first_name="Élodie", last_name="Guérin", mobile_number="06 39 98 55 55", email="elo.g@example.org"),
    NewPatient(first_name="Anaïs", last_name="Østergård", mobile_number="+33639981111"),
    NewPatient(first_name="أحمد", last_name="الفاسي"),
]


@pytest.fixture
def patients(clinic: Any) -> None:
    for one in MADE:
        clinic.write(HOUSE, people.add_patient, one, source="desk")


def names(clinic: Any, q: str | None = None, person: str = "chloe") -> list[str]:
    answer = getattr(clinic, person).get("/patients", params={"q": q} if q is not None else {})
    assert answer.status_code == 200, answer.text
    return [one["lastName"] for one in answer.json()["items"]]


def test_it_works(clinic: Any, patients: None) -> None:
    assert names(clinic) == ["Dubois", "El Fassi", "Guérin", "Østergård", "الفاسي"]
    line = clinic.audit("patient.listed")[-1]
    assert line["detail"]["count"] == 5
    assert line["patient_id"] is None


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("guerin", ["Guérin"]),
        ("GUÉ elo", ["Guérin"]),
        ("e", ["Dubois", "El Fassi", "Guérin"]),
        ("0639985555", ["Guérin"]),
        ("06 39 98", ["Guérin", "Østergård"]),
        ("+33 6 39 98 11", ["Østergård"]),
        ("0639981111", ["Østergård"]),
        ("elo.g@example", ["Guérin"]),
        ("oster", ["Østergård"]),
        ("1984-05-17", ["El Fassi"]),
        ("17/05/1984", ["El Fassi"]),
        ("احمد", ["الفاسي"]),
        ("rin", ["Guérin"]),
        ("99855", ["Guérin"]),
        ("example.org", ["Guérin"]),
        ("lod uér", ["Guérin"]),
        ("فاسي", ["الفاسي"]),
        ("zzz", []),
        ('" OR 1=1 --', []),
        ("NEAR(", []),
        ("*", ["Dubois", "El Fassi", "Guérin", "Østergård", "الفاسي"]),
        ("", ["Dubois", "El Fassi", "Guérin", "Østergård", "الفاسي"]),
    ],
)
def test_what_is_found(clinic: Any, patients: None, q: str, found: list[str]) -> None:
    assert names(clinic, q) == found


def test_the_log_does_not_say_whom_one_looked_for(clinic: Any, patients: None) -> None:
    names(clinic, "guerin")
    assert "guerin" not in str(clinic.audit("patient.listed")[-1]).lower()


def test_a_changed_name_is_found_and_the_old_one_not(clinic: Any, patients: None) -> None:
    body = {"lastName": "Zamora"}
    clinic.driss.patch("/users/profile", json=body, headers={"if-match": '"1"'})
    assert names(clinic, "zam") == ["Zamora"]
    assert names(clinic, "fassi") == []


def test_imported_patients_are_found_too(clinic: Any) -> None:
    clinic.write(HOUSE, people.import_patient, ImportedPatient(first_name="Abraham100", last_name="Bauch723"))
    assert names(clinic, "bauch") == ["Bauch723"]


def test_doctors_find_whom_they_treat_only(clinic: Any, patients: None) -> None:
    assert names(clinic, person="amina") == []
    clinic.write(HOUSE, people.open_care, clinic.ids["driss"], clinic.ids["amina"], source="appointment", source_id="a")
    assert names(clinic, person="amina") == ["El Fassi"]
    assert names(clinic, "guerin", person="amina") == []


def test_page_by_page_nobody_is_left_out(clinic: Any, patients: None) -> None:
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        body = clinic.gwen.get("/patients", params=params).json()
        seen += [one["lastName"] for one in body["items"]]
        cursor = body["nextCursor"]
        if cursor is None:
            break
    assert seen == ["Dubois", "El Fassi", "Guérin", "Østergård", "الفاسي"]


def test_no_clinical_field_is_in_the_list(clinic: Any) -> None:
    one = clinic.gwen.get("/patients").json()["items"][0]
    assert set(one) == {"id", "firstName", "lastName", "birthDate", "gender", "email", "mobileE164", "guardianId"}


def test_who_may_not(clinic: Any) -> None:
    for person in (clinic.driss, clinic.farid):
        assert person.get("/patients").status_code == 403
    assert clinic.anonymous.get("/patients").status_code == 401
    assert clinic.gwen.get("/patients", params={"limit": 101}).status_code == 400
    assert clinic.gwen.get("/patients", params={"cursor": "nonsense"}).status_code == 400


def test_folding() -> None:
    assert folding.fold("  ÉLODIE   Œuvrard ") == "elodie oeuvrard"
    assert folding.fold("أحمد") == folding.fold("احمد") == folding.fold("إحمد")
    assert folding.query("-- ") is None
