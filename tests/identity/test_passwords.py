"""Passwords (SPEC R7, ID-11, ID-12, ID-19, row 11): good enough, changed by who knows them, reset by who holds the secret."""

from itertools import pairwise
from typing import Any

import pytest

from esante.identity.passwords.rules import check_password, common_passwords
from esante.kernel.errors import Invalid
from esante.kernel.settings import ClinicSettings
from tests.conftest import PASSWORD, Person
from tests.identity.secrets_of import mailed, wrong

EMAIL = "driss@demo.esante.example"
NEW = "Another-Horse-8"


def change(person: Person, new: str, current: str = PASSWORD) -> Any:
    return person.post("/auth/change-password", json={"currentPassword": current, "newPassword": new})


def log_in(clinic: Any, password: str) -> int:
    answer = clinic.anonymous.post("/auth/login", json={"identifier": EMAIL, "password": password})
    return int(answer.status_code)


def forget(clinic: Any, email: str = EMAIL) -> Any:
    return clinic.anonymous.post("/auth/forgot-password", json={"email": email})


def reset(clinic: Any, **body: Any) -> Any:
    return clinic.anonymous.post("/auth/reset-password", json={"password": NEW} | body)


def test_it_works(clinic: Any) -> None:
    assert forget(clinic).status_code == 202
    token = mailed(clinic, clinic.accounts["driss"], "reset").token
    assert reset(clinic, token=token).status_code == 200
    assert (log_in(clinic, PASSWORD), log_in(clinic, NEW)) == (401, 200)
    assert clinic.audit("user.password_reset")[-1]["subject"] == clinic.accounts["driss"]


@pytest.mark.parametrize(
    "weak",
    ["Short1a", "a" * 65 + "A1", "alllower1", "ALLUPPER1", "NoDigitsHere", "Password123", "pASSWORD1", "Azerty123"],
)
def test_a_weak_password_is_refused(weak: str) -> None:
    with pytest.raises(Invalid):
        check_password(weak, None, ClinicSettings())


def test_the_address_is_no_password_and_a_symbol_may_be_needed() -> None:
    with pytest.raises(Invalid):
        check_password("Driss1@x.org", "driss1@X.org", ClinicSettings())
    check_password("Quite4Long", None, ClinicSettings())
    with pytest.raises(Invalid):
        check_password("Quite4Long", None, ClinicSettings(password_symbol=True))
    assert len(common_passwords()) > 1_000


def test_changing_ends_the_other_sessions(clinic: Any) -> None:
    other = Person(clinic, "driss")
    assert other.get("/auth/me").status_code == 200
    assert change(clinic.driss, NEW).status_code == 200
    assert clinic.driss.get("/auth/me").status_code == 200
    assert other.get("/auth/me").status_code == 401
    assert log_in(clinic, NEW) == 200


def test_changing_needs_the_current_password(clinic: Any) -> None:
    answer = change(clinic.driss, NEW, "Wrong-Horse-7")
    assert answer.json()["error"]["code"] == "WRONG_PASSWORD"
    assert clinic.audit("auth.login_failed")[-1]["actor"] == clinic.accounts["driss"]
    assert (
        clinic.anonymous.post(
            "/auth/change-password", json={"currentPassword": PASSWORD, "newPassword": NEW}
        ).status_code
        == 401
    )


def test_the_current_and_the_last_three_are_refused(clinic: Any) -> None:
    passwords = [PASSWORD, "Second-Horse-2", "Third-Horse-3", "Fourth-Horse-4"]
    for old, new in pairwise(passwords):
        assert change(clinic.driss, new, old).status_code == 200
    for old in passwords:
        assert change(clinic.driss, old, passwords[-1]).json()["error"]["code"] == "PASSWORD_REUSED"
    assert change(clinic.driss, "Fifth-Horse-5", passwords[-1]).status_code == 200
    assert change(clinic.driss, PASSWORD, "Fifth-Horse-5").status_code == 200


def test_a_reset_ends_every_session(clinic: Any) -> None:
    tokens = clinic.driss.sign_in()
    forget(clinic)
    code = mailed(clinic, clinic.accounts["driss"], "reset").code
    assert reset(clinic, email=EMAIL, code=code).status_code == 200
    assert clinic.driss.get("/auth/me").status_code == 401
    answer = clinic.anonymous.post("/auth/refresh-token", json={"refreshToken": tokens["refreshToken"]})
    assert answer.status_code == 401


def test_a_reset_works_once_and_for_an_hour(clinic: Any) -> None:
    forget(clinic)
    first = mailed(clinic, clinic.accounts["driss"], "reset")
    assert reset(clinic, token=first.token).status_code == 200
    assert reset(clinic, token=first.token, password="Third-Horse-3").status_code == 410
    clinic.clock.advance(minutes=2)
    forget(clinic)
    late = mailed(clinic, clinic.accounts["driss"], "reset")
    clinic.clock.advance(hours=1)
    assert reset(clinic, token=late.token, password="Third-Horse-3").status_code == 410


def test_a_wrong_code_counts_and_tells_nothing_about_old_passwords(clinic: Any) -> None:
    forget(clinic)
    code = mailed(clinic, clinic.accounts["driss"], "reset").code
    for _ in range(5):
        answer = reset(clinic, email=EMAIL, code=wrong(code), password=PASSWORD)
        assert answer.json()["error"]["code"] == "RESET_INVALID"
    assert reset(clinic, email=EMAIL, code=code).status_code == 410
    assert log_in(clinic, PASSWORD) == 200


def test_a_reset_to_the_same_password_is_refused_and_the_link_still_works(clinic: Any) -> None:
    forget(clinic)
    token = mailed(clinic, clinic.accounts["driss"], "reset").token
    assert reset(clinic, token=token, password=PASSWORD).json()["error"]["code"] == "PASSWORD_REUSED"
    assert reset(clinic, token=token).status_code == 200


def test_known_and_unknown_addresses_get_the_same_answer(clinic: Any) -> None:
    known, unknown = forget(clinic), forget(clinic, "nobody@example.org")
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (202, {"accepted": True})


def test_an_admin_prints_a_slip_and_never_sees_a_password(clinic: Any) -> None:
    answer = clinic.gwen.post(f"/admin/users/{clinic.accounts['driss']}/reset")
    slip = answer.json()
    assert slip["purpose"] == "reset"
    assert reset(clinic, token=slip["token"]).status_code == 200
    assert clinic.emma.post(f"/admin/users/{clinic.accounts['driss']}/reset").status_code == 403
