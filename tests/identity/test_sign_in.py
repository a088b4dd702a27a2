"""Signing in (SPEC ID-06, R10): right or wrong, and nobody learns more than that."""

from typing import Any

from argon2 import PasswordHasher

from esante.identity import service as identity
from esante.kernel.actor import house
from tests.conftest import PASSWORD

EMAIL = "driss@demo.esante.example"
KNOWN = "device-of-driss"


def log_in(clinic: Any, identifier: str = EMAIL, password: str = PASSWORD, **more: Any) -> Any:
    return clinic.anonymous.post("/auth/login", json={"identifier": identifier, "password": password, **more})


def test_it_works(clinic: Any) -> None:
    answer = log_in(clinic, device="Pixel", deviceId=KNOWN)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["expiresIn"] == 900
    assert body["session"]["device"] == "Pixel"
    assert body["account"]["role"] == "patient"
    assert body["account"]["personId"] == clinic.ids["driss"]
    me = clinic.anonymous.get("/auth/me", headers={"authorization": f"Bearer {body['accessToken']}"})
    assert me.json()["email"] == EMAIL
    assert clinic.audit("user.login")[-1]["subject"] == clinic.accounts["driss"]


def test_case_of_the_address_does_not_matter(clinic: Any) -> None:
    assert log_in(clinic, "  DRISS@demo.Esante.example").status_code == 200


def test_the_mobile_number_signs_in_too(clinic: Any) -> None:
    clinic.tamper("UPDATE account SET mobile_e164 = '+33639980001' WHERE id = ?", clinic.accounts["driss"])
    assert log_in(clinic, "06 39 98 00 01").status_code == 200


def test_unknown_and_wrong_are_the_same_answer_and_cost_the_same(clinic: Any) -> None:
    checks = clinic.parts.passwords.checks
    unknown = log_in(clinic, "nobody@demo.esante.example", "Wrong-Horse-7")
    unknown_checks = clinic.parts.passwords.checks - checks
    wrong = log_in(clinic, EMAIL, "Wrong-Horse-7")
    assert clinic.parts.passwords.checks - checks == 2 * unknown_checks == 2
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json()["error"]["code"] == wrong.json()["error"]["code"] == "INVALID_CREDENTIALS"
    assert unknown.json()["error"]["message"] == wrong.json()["error"]["message"]
    failed = clinic.audit("auth.login_failed")
    assert [line["subject"] for line in failed[-2:]] == ["unknown", clinic.accounts["driss"]]
    assert failed[-1]["severity"] == "warning"


def test_that_an_account_is_unconfirmed_or_suspended_is_told_after_the_right_password_only(clinic: Any) -> None:
    clinic.tamper("UPDATE account SET status = 'pending_confirmation' WHERE id = ?", clinic.accounts["driss"])
    assert log_in(clinic, password="Wrong-Horse-7").json()["error"]["code"] == "INVALID_CREDENTIALS"
    assert log_in(clinic).json()["error"]["code"] == "EMAIL_NOT_VERIFIED"
    clinic.write(house("cli:test"), identity.suspend_account, clinic.accounts["emma"], "left the clinic")
    emma = log_in(clinic, "emma@demo.esante.example")
    assert (emma.status_code, emma.json()["error"]["code"]) == (403, "ACCOUNT_DEACTIVATED")


def test_five_failures_lock_unknown_devices_for_a_quarter_of_an_hour(clinic: Any) -> None:
    assert log_in(clinic, deviceId=KNOWN).status_code == 200
    for _ in range(5):
        assert log_in(clinic, password="Wrong-Horse-7", deviceId="somebody-else").status_code == 401
    locked = clinic.audit("auth.locked")
    assert [line["severity"] for line in locked] == ["critical"]
    assert log_in(clinic, deviceId="somebody-else").json()["error"]["code"] == "INVALID_CREDENTIALS"
    assert log_in(clinic).status_code == 401
    clinic.clock.advance(minutes=15, seconds=1)
    assert log_in(clinic, deviceId="somebody-else").status_code == 200


def test_a_known_device_is_never_locked_by_others(clinic: Any) -> None:
    log_in(clinic, deviceId=KNOWN)
    for _ in range(6):
        log_in(clinic, password="Wrong-Horse-7")
    assert log_in(clinic, deviceId=KNOWN).status_code == 200


def test_failures_ten_minutes_apart_do_not_add_up(clinic: Any) -> None:
    for _ in range(6):
        log_in(clinic, password="Wrong-Horse-7")
        clinic.clock.advance(minutes=6)
    assert clinic.audit("auth.locked") == []


def test_an_outgrown_hash_is_made_anew(clinic: Any) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=16).hash(PASSWORD)
    clinic.tamper("UPDATE account SET password_hash = ? WHERE id = ?", weak, clinic.accounts["driss"])
    assert log_in(clinic).status_code == 200
    now = clinic.rows("SELECT password_hash FROM account WHERE id = ?", clinic.accounts["driss"])[0]["password_hash"]
    assert now != weak
    assert log_in(clinic).status_code == 200


def test_who_has_several_roles_chooses_one(clinic: Any) -> None:
    clinic.write(house("cli:test"), identity.add_role, clinic.accounts["gwen"], "pharmacist")
    asked = log_in(clinic, "gwen@demo.esante.example")
    assert (asked.status_code, asked.json()["error"]["code"]) == (409, "ROLE_NEEDED")
    assert asked.json()["error"]["extra"]["roles"] == ["admin", "pharmacist"]
    assert log_in(clinic, "gwen@demo.esante.example", role="admin").json()["account"]["role"] == "admin"
    assert log_in(clinic, "gwen@demo.esante.example", role="doctor").json()["error"]["code"] == "ROLE_MISSING"


def test_switching_the_role_opens_a_new_session_and_ends_the_old(clinic: Any) -> None:
    clinic.write(house("cli:test"), identity.add_role, clinic.accounts["gwen"], "pharmacist")
    clinic.gwen.sign_in(role="admin")
    old = dict(clinic.gwen.headers)
    assert clinic.gwen.post("/auth/switch-role", json={"role": "doctor"}).json()["error"]["code"] == "ROLE_MISSING"
    answer = clinic.gwen.post("/auth/switch-role", json={"role": "pharmacist"})
    assert answer.json()["account"]["role"] == "pharmacist"
    assert clinic.anonymous.get("/auth/me", headers=old).status_code == 401
    fresh = {"authorization": f"Bearer {answer.json()['accessToken']}"}
    assert clinic.anonymous.get("/auth/me", headers=fresh).json()["role"] == "pharmacist"


def test_a_field_too_many_is_refused_by_name(clinic: Any) -> None:
    answer = log_in(clinic, isAdmin=True)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "isAdmin"
