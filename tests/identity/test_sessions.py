"""Sessions (SPEC ID-09, ID-10, row 11): seen, ended, and ended at once."""

from typing import Any

from tests.conftest import Person


def test_it_works(clinic: Any) -> None:
    clinic.driss.sign_in(device="laptop")
    phone = Person(clinic, "driss")
    phone.sign_in(device="phone")
    found = clinic.driss.get("/auth/sessions").json()["items"]
    assert [(one["device"], one["current"]) for one in found] == [("phone", False), ("laptop", True)]
    assert clinic.driss.delete(f"/auth/sessions/{found[0]['id']}").status_code == 204
    assert phone.get("/auth/me").status_code == 401
    assert clinic.driss.get("/auth/me").status_code == 200


def test_logging_out_ends_the_session(clinic: Any) -> None:
    tokens = clinic.driss.sign_in()
    assert clinic.driss.post("/auth/logout").status_code == 204
    assert clinic.driss.get("/auth/me").status_code == 401
    assert (
        clinic.anonymous.post("/auth/refresh-token", json={"refreshToken": tokens["refreshToken"]}).status_code == 401
    )
    assert clinic.audit("user.session_revoked")[-1]["detail"]["why"] == "logout"


def test_logging_out_everywhere_ends_them_all(clinic: Any) -> None:
    clinic.driss.sign_in()
    other = Person(clinic, "driss")
    other.sign_in()
    assert other.get("/auth/me").status_code == 200
    assert clinic.driss.post("/auth/logout-all").status_code == 204
    assert clinic.driss.get("/auth/me").status_code == 401
    assert other.get("/auth/me").status_code == 401


def test_anybody_elses_session_is_not_there(clinic: Any) -> None:
    clinic.emma.sign_in()
    theirs = clinic.emma.get("/auth/sessions").json()["items"][0]["id"]
    assert clinic.driss.delete(f"/auth/sessions/{theirs}").status_code == 404
    assert clinic.emma.get("/auth/me").status_code == 200


def test_a_stranger_gets_401(clinic: Any) -> None:
    for path in ("/auth/me", "/users/me", "/auth/sessions"):
        assert clinic.anonymous.get(path).status_code == 401
    bad = {"authorization": "Bearer nonsense"}
    assert clinic.anonymous.get("/auth/me", headers=bad).status_code == 401
