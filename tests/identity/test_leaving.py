"""Closing an account (SPEC ID-18): by its owner with the password, by an admin with a reason; records stay."""

from typing import Any

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from tests.conftest import PASSWORD
from tests.identity.secrets_of import HOUSE

WHY = {"reason": "asked for it at the desk"}
OWN = {"password": PASSWORD}


def log_in(clinic: Any, name: str) -> Any:
    body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD}
    return clinic.anonymous.post("/auth/login", json=body)


def test_it_works(clinic: Any) -> None:
    assert clinic.driss.request("DELETE", "/users/me", json=OWN).status_code == 204
    assert clinic.driss.get("/auth/me").status_code == 401
    assert log_in(clinic, "driss").status_code == 401
    assert clinic.audit("user.archived")[-1]["detail"]["byOwner"] is True
    assert clinic.audit("user.session_revoked")[-1]["detail"]["why"] == "archived"


def test_its_records_stay(clinic: Any) -> None:
    clinic.driss.request("DELETE", "/users/me", json=OWN)
    row = clinic.rows("SELECT archived_at FROM patient WHERE id = ?", clinic.ids["driss"])[0]
    assert row["archived_at"] is None
    assert clinic.gwen.get(f"/patients/{clinic.ids['driss']}").status_code == 200


def test_a_wrong_password_closes_nothing_and_is_audited(clinic: Any) -> None:
    answer = clinic.driss.request("DELETE", "/users/me", json={"password": "Wrong-Horse-7"})
    assert answer.json()["error"]["code"] == "WRONG_PASSWORD"
    assert clinic.driss.get("/auth/me").status_code == 200
    assert clinic.audit("auth.login_failed")[-1]["subject"] == clinic.accounts["driss"]


def test_an_admin_closes_somebody_elses_with_a_reason(clinic: Any) -> None:
    path = f"/admin/users/{clinic.accounts['driss']}"
    clinic.driss.sign_in()
    answer = clinic.gwen.request("DELETE", path, json=WHY)
    assert (answer.status_code, answer.json()["status"]) == (200, "archived")
    assert clinic.driss.get("/auth/me").status_code == 401
    line = clinic.audit("user.archived")[-1]
    assert (line["reason"], line["actor"]) == (WHY["reason"], clinic.accounts["gwen"])
    again = clinic.gwen.request("DELETE", path, json=WHY)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "WRONG_STATE")
    assert clinic.gwen.post(f"{path}/reactivate").json()["error"]["code"] == "WRONG_STATE"
    assert clinic.gwen.request("DELETE", path).status_code == 400


def test_a_suspended_account_is_closed_too(clinic: Any) -> None:
    path = f"/admin/users/{clinic.accounts['driss']}"
    clinic.gwen.post(f"{path}/suspend", json=WHY)
    assert clinic.gwen.request("DELETE", path, json=WHY).json()["status"] == "archived"


def test_the_address_is_free_again(clinic: Any) -> None:
    clinic.driss.request("DELETE", "/users/me", json=OWN)
    made = clinic.write(
        HOUSE, identity.create_account, NewAccount(email="Driss@demo.esante.example", role="patient", confirmed=True)
    )
    assert made != clinic.accounts["driss"]
    archived = clinic.gwen.get("/admin/users", params={"status": "archived"}).json()["items"]
    assert [one["email"] for one in archived] == ["driss@demo.esante.example"]


def test_the_last_admin_stays(clinic: Any) -> None:
    answer = clinic.gwen.request("DELETE", "/users/me", json=OWN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "LAST_ADMIN")
    own = clinic.gwen.request("DELETE", f"/admin/users/{clinic.accounts['gwen']}", json=WHY)
    assert own.json()["error"]["code"] == "OWN_ACCOUNT"
    clinic.write(HOUSE, identity.add_role, clinic.accounts["farid"], "admin")
    assert clinic.gwen.request("DELETE", "/users/me", json=OWN).status_code == 204


def test_only_its_owner_and_admins_may(clinic: Any) -> None:
    path = f"/admin/users/{clinic.accounts['driss']}"
    for person in (clinic.amina, clinic.chloe, clinic.emma, clinic.farid):
        assert person.request("DELETE", path, json=WHY).status_code == 403
    assert clinic.anonymous.request("DELETE", path, json=WHY).status_code == 401
    assert clinic.anonymous.request("DELETE", "/users/me", json=OWN).status_code == 401
    assert clinic.gwen.request("DELETE", "/admin/users/nobody", json=WHY).status_code == 404


def test_the_owner_is_told(clinic: Any) -> None:
    clinic.gwen.request("DELETE", f"/admin/users/{clinic.accounts['driss']}", json=WHY)
    clinic.run_jobs()
    assert clinic.notifications("driss")[-1]["kind"] == "account_archived"
    assert not [one for one in clinic.notifications("emma") if one["kind"] == "account_archived"]
