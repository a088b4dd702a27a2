"""Self-registration (SPEC ID-01, ID-02, R25, rows 8 and 12): the same answer for known and unknown."""

from typing import Any

import pytest

from esante.people import service as people
from esante.people.structs import NewPatient
from tests.identity.secrets_of import HOUSE, account_id, mailed

PATIENT = {
    "role": "patient",
    "email": "nora@example.org",
    "password": "Correct-Horse-8",
    "firstName": "Nora",
    "lastName": "Bensaïd",
    "birthDate": "1990-04-01",
    "gender": "female",
    "mobileNumber": "06 39 98 12 34",
}
DOCTOR = {
    "role": "doctor",
    "email": "hugo@example.org",
    "password": "Correct-Horse-8",
    "firstName": "Hugo",
    "lastName": "Petit",
    "specialty": "Cardiology",
    "licenceNumber": "RPPS-1",
    "licenceAuthority": "Ordre",
}
SAME = (202, {"accepted": True})


def register(clinic: Any, body: dict[str, Any], **more: Any) -> Any:
    return clinic.anonymous.post("/auth/register", json=body | more)


def counts(clinic: Any) -> tuple[int, int, int]:
    return tuple(  # type: ignore[return-value]
        clinic.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in ("account", "patient", "practitioner")
    )


def test_it_works(clinic: Any) -> None:
    answer = register(clinic, PATIENT)
    assert (answer.status_code, answer.json()) == SAME
    account = account_id(clinic, PATIENT["email"])
    login = {"identifier": PATIENT["email"], "password": PATIENT["password"]}
    assert clinic.anonymous.post("/auth/login", json=login).json()["error"]["code"] == "EMAIL_NOT_VERIFIED"
    clinic.anonymous.post("/auth/verify-email", json={"token": mailed(clinic, account).token})
    body = clinic.anonymous.post("/auth/login", json=login | {"identifier": "+33 6 39 98 12 34"}).json()
    headers = {"authorization": f"Bearer {body['accessToken']}"}
    profile = clinic.anonymous.get("/users/profile", headers=headers).json()
    assert (profile["lastName"], profile["mobileE164"], profile["source"]) == ("Bensaïd", "+33639981234", "self")
    registered = [
        line["action"] for line in clinic.audit() if line["action"] in ("patient.registered", "user.registered")
    ]
    assert registered[-2:] == ["patient.registered", "user.registered"]


def test_a_doctor_waits_for_confirmation_and_for_the_admin(clinic: Any) -> None:
    assert register(clinic, DOCTOR).status_code == 202
    found = clinic.gwen.get("/doctors/pending").json()["items"]
    assert [one["practitioner"]["lastName"] for one in found] == ["Petit"]
    assert clinic.anonymous.get("/doctors", params={"name": "petit"}).json()["items"] == []


def test_a_known_address_makes_nothing_and_its_owner_is_told(clinic: Any) -> None:
    before = counts(clinic)
    answer = register(clinic, PATIENT, email="Driss@demo.esante.example")
    assert (answer.status_code, answer.json()) == SAME
    assert counts(clinic) == before
    assert clinic.audit("auth.address_known")[-1]["subject"] == clinic.accounts["driss"]


def test_known_and_unknown_cost_the_same_hashing(clinic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    true_hash = clinic.parts.passwords.hash
    monkeypatch.setattr(clinic.parts.passwords, "hash", lambda password: (hashed.append(1), true_hash(password))[1])
    register(clinic, PATIENT)
    register(clinic, PATIENT)
    assert len(hashed) == 2


def test_a_known_mobile_number_makes_nothing_either(clinic: Any) -> None:
    register(clinic, PATIENT)
    before = counts(clinic)
    answer = register(clinic, PATIENT, email="other@example.org")
    assert (answer.status_code, answer.json()) == SAME
    assert counts(clinic) == before
    assert clinic.audit("auth.address_known")[-1]["subject"] == account_id(clinic, PATIENT["email"])


def test_the_number_of_a_patient_without_account_is_for_the_desk(clinic: Any) -> None:
    desk = NewPatient(first_name="Nora", last_name="Bensaïd", mobile_number=PATIENT["mobileNumber"])
    patient = clinic.write(HOUSE, people.add_patient, desk, source="desk")
    before = counts(clinic)
    answer = register(clinic, PATIENT)
    assert (answer.status_code, answer.json()) == SAME
    assert counts(clinic) == before
    assert clinic.audit("registration.held")[-1]["subject"] == patient


def test_a_known_licence_makes_nothing_either(clinic: Any) -> None:
    before = counts(clinic)
    answer = register(clinic, DOCTOR, licenceNumber="DEMO-amina", licenceAuthority="Demo Medical Council")
    assert (answer.status_code, answer.json()) == SAME
    assert counts(clinic) == before
    assert clinic.audit("auth.address_known")[-1]["subject"] == clinic.accounts["amina"]


@pytest.mark.parametrize(
    "more",
    [
        {"role": "admin"},
        {"role": "assistant"},
        {"status": "active"},
        {"isVerified": True},
        {"verified": True},
        {"rating": 5},
        {"scopes": ["patient.read"]},
        {"version": 7},
        {"id": "me"},
    ],
)
def test_no_client_sets_role_status_or_verification(clinic: Any, more: dict[str, Any]) -> None:
    """Row 8."""
    before = counts(clinic)
    for body in (PATIENT, DOCTOR):
        assert register(clinic, body, **more).status_code == 400
    assert counts(clinic) == before


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"birthDate": None}, "birthDate"),
        ({"gender": None}, "gender"),
        ({"birthDate": "2030-01-01"}, "birthDate"),
        ({"mobileNumber": "12"}, "mobileNumber"),
        ({"mobileNumber": "0612"}, "mobileNumber"),
        ({"email": "nowhere"}, "email"),
        ({"firstName": " "}, "firstName"),
        ({"firstName": "x" * 51}, "firstName"),
        ({"password": "password1"}, "password"),
        ({"password": "Password123"}, "password"),
        ({"specialty": "Cardiology"}, "specialty"),
    ],
)
def test_what_is_wrong_is_named(clinic: Any, more: dict[str, Any], field: str) -> None:
    answer = register(clinic, PATIENT, **more)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


def test_a_doctor_needs_specialty_and_licence(clinic: Any) -> None:
    for name in ("specialty", "licenceNumber", "licenceAuthority"):
        answer = register(clinic, {key: value for key, value in DOCTOR.items() if key != name})
        assert answer.json()["error"]["details"][0]["field"] == name


def test_the_clinic_may_switch_it_off(clinic: Any) -> None:
    clinic.stop()
    clinic.tamper(
        "INSERT INTO setting (key, value, updated_at, updated_by)"
        " VALUES ('patientRegistration', 'false', '2026-01-01T00:00:00.000Z', 'test')"
    )
    clinic.start()
    answer = register(clinic, PATIENT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "REGISTRATION_OFF")
    assert register(clinic, DOCTOR).status_code == 202


def test_twenty_at_once_make_one_account(clinic: Any) -> None:
    before = counts(clinic)
    answers = clinic.together([(clinic.anonymous, "POST", "/auth/register", {"json": PATIENT}) for _ in range(20)])
    assert {one.status_code for one in answers} == {202}
    assert counts(clinic) == (before[0] + 1, before[1] + 1, before[2])


def test_an_address_has_no_line_break(clinic: Any) -> None:
    assert register(clinic, PATIENT, email="nora@example.org\n").status_code == 400
