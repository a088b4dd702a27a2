"""An admin lets somebody in: staff, and patients and doctors whom the clinic knows already (SPEC ID-01, R24)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from tests.conftest import Clinic


def add(clinic: Clinic, person: str = "gwen", **body: Any) -> Any:
    return getattr(clinic, person).post("/admin/users", json=body)


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def patient(clinic: Clinic) -> str:
    made = clinic.chloe.post("/patients", json={"firstName": "Zoé", "lastName": "Nouvelle", "birthDate": "1990-01-02"})
    return str(made.json()["id"])


def test_it_works(clinic: Clinic) -> None:
    made = add(clinic, role="pharmacist", email="nadia@example.org", language="en")
    assert made.status_code == 201, made.text
    account, slip = made.json()["account"], made.json()["slip"]
    assert (account["roles"], account["status"], slip["purpose"]) == (["pharmacist"], "active", "reset")
    chosen = clinic.anonymous.post("/auth/reset-password", json={"token": slip["token"], "password": PASSWORD})
    assert chosen.status_code == 200, chosen.text
    body = {"identifier": "nadia@example.org", "password": PASSWORD}
    assert clinic.anonymous.post("/auth/login", json=body).status_code == 200
    line = clinic.audit("user.registered")[-1]
    assert (line["actor"], line["subject"]) == (clinic.accounts["gwen"], account["id"])
    for table in ("audit", "one_time", "idempotency"):
        assert slip["code"] not in str(clinic.rows(f"SELECT * FROM {table}"))


def test_a_patient_of_the_desk_gets_an_account(clinic: Clinic) -> None:
    zoe = patient(clinic)
    made = add(clinic, role="patient", personId=zoe, email="zoe@example.org")
    assert made.status_code == 201, made.text
    token = made.json()["slip"]["token"]
    clinic.anonymous.post("/auth/reset-password", json={"token": token, "password": PASSWORD})
    body = {"identifier": "zoe@example.org", "password": PASSWORD}
    access = clinic.anonymous.post("/auth/login", json=body).json()["accessToken"]
    own = clinic.anonymous.get("/users/profile", headers={"authorization": f"Bearer {access}"})
    assert own.json()["id"] == zoe
    assert error(add(clinic, role="patient", personId=zoe, email="other@example.org")) == (409, "HAS_ACCOUNT")


def test_an_account_may_have_a_further_role(clinic: Clinic) -> None:
    zoe = patient(clinic)
    made = add(clinic, role="patient", personId=zoe, accountId=clinic.accounts["bruno"])
    assert (made.status_code, made.json()["slip"]) == (201, None), made.text
    assert sorted(made.json()["account"]["roles"]) == ["doctor", "patient"]
    assert error(add(clinic, role="doctor", personId=clinic.ids["amina"], accountId=clinic.accounts["bruno"])) == (
        409,
        "HAS_ACCOUNT",
    )


def test_what_does_not_fit_is_refused(clinic: Clinic) -> None:
    zoe = patient(clinic)
    for body in (
        {"role": "pharmacist"},
        {"role": "patient", "email": "zoe@example.org"},
        {"role": "admin", "email": "zoe@example.org", "personId": zoe},
        {"role": "admin", "email": "zoe@example.org", "accountId": clinic.accounts["farid"]},
        {"role": "admin", "mobileNumber": "12"},
        {"role": "owner", "email": "zoe@example.org"},
        {"role": "admin", "email": "zoe@example.org", "status": "active"},
    ):
        assert add(clinic, **body).status_code == 400, body
    assert error(add(clinic, role="admin", email="GWEN@demo.esante.example")) == (409, "EMAIL_TAKEN")
    assert add(clinic, role="patient", personId="nobody", email="zoe@example.org").status_code == 404
    assert add(clinic, role="doctor", personId=zoe, email="zoe@example.org").status_code == 404
    clinic.gwen.delete(f"/patients/{zoe}")
    assert error(add(clinic, role="patient", personId=zoe, email="zoe@example.org")) == (409, "PATIENT_ARCHIVED")


def test_nobody_else_lets_anybody_in(clinic: Clinic) -> None:
    zoe = patient(clinic)
    for person, status in (("chloe", 403), ("amina", 403), ("driss", 403), ("farid", 403), ("anonymous", 401)):
        assert add(clinic, person, role="patient", personId=zoe, email="mine@example.org").status_code == status
