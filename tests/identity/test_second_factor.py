"""The second factor (SPEC ID-20): an app's code works once, recovery codes stand in, and dangerous acts ask again."""

from typing import Any

import pyotp
import pytest

from esante.identity import service as identity
from esante.kernel.actor import house
from tests.conftest import PASSWORD, Person
from tests.identity.secrets_of import HOUSE, set_setting, wrong

WHY = {"reason": "left the clinic"}


def code_now(clinic: Any, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(clinic.clock.now().timestamp()) + 30 * steps)


def enrol(clinic: Any, person: Person) -> tuple[str, list[str]]:
    """The secret and the recovery codes; the clock moves on, so that the next code is a fresh one."""
    person.sign_in()
    begun = person.post("/auth/second-factor")
    assert begun.status_code == 201, begun.text
    secret = begun.json()["secret"]
    done = person.post("/auth/second-factor/confirm", json={"code": code_now(clinic, secret)})
    assert done.status_code == 200, done.text
    clinic.clock.advance(seconds=30)
    return secret, done.json()["recoveryCodes"]


def log_in(clinic: Any, name: str, **more: Any) -> Any:
    body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD} | more
    return clinic.anonymous.post("/auth/login", json=body)


def ticket_of(clinic: Any, name: str, **more: Any) -> str:
    answer = log_in(clinic, name, **more)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["ticket"])


def finish(clinic: Any, ticket: str, code: str) -> Any:
    return clinic.anonymous.post("/auth/login/second-factor", json={"ticket": ticket, "code": code})


def test_it_works(clinic: Any) -> None:
    secret, codes = enrol(clinic, clinic.amina)
    assert len(secret) == 32
    assert len(codes) == len(set(codes)) == 10
    answer = log_in(clinic, "amina")
    assert answer.json() == {"ticket": answer.json()["ticket"], "expiresIn": 300}
    opened = finish(clinic, answer.json()["ticket"], code_now(clinic, secret))
    assert opened.status_code == 200, opened.text
    headers = {"authorization": f"Bearer {opened.json()['accessToken']}"}
    assert clinic.anonymous.get("/auth/me", headers=headers).json()["role"] == "doctor"
    assert [line["actor"] for line in clinic.audit("user.login")[-1:]] == [clinic.accounts["amina"]]


def test_the_uri_names_the_clinic_and_the_account(clinic: Any) -> None:
    clinic.amina.sign_in()
    begun = clinic.amina.post("/auth/second-factor").json()
    parsed = pyotp.parse_uri(begun["uri"])
    assert (parsed.secret, parsed.name, parsed.issuer) == (begun["secret"], "amina@demo.esante.example", "esante")


def test_a_browser_gets_its_cookie_at_the_end_only(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    half = log_in(clinic, "amina", cookie=True)
    assert "set-cookie" not in half.headers
    whole = finish(clinic, half.json()["ticket"], code_now(clinic, secret))
    assert whole.headers["set-cookie"].startswith("__Host-esante=")
    assert "accessToken" not in whole.json()


def test_a_code_works_once_and_each_ticket_too(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    first, second = ticket_of(clinic, "amina"), ticket_of(clinic, "amina")
    code = code_now(clinic, secret)
    assert finish(clinic, first, code).status_code == 200
    assert finish(clinic, second, code).json()["error"]["code"] == "CODE_INVALID"
    clinic.clock.advance(seconds=30)
    assert finish(clinic, first, code_now(clinic, secret)).json()["error"]["code"] == "TICKET_INVALID"
    assert finish(clinic, second, code_now(clinic, secret)).status_code == 200


def test_a_telephone_may_be_half_a_minute_off_and_no_more(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    clinic.clock.advance(minutes=5)
    for steps, status in ((-2, 401), (2, 401), (-1, 200), (1, 200)):
        answer = finish(clinic, ticket_of(clinic, "amina"), code_now(clinic, secret, steps))
        assert answer.status_code == status, steps


def test_a_code_of_an_earlier_step_than_one_used_is_refused(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    clinic.clock.advance(minutes=5)
    assert finish(clinic, ticket_of(clinic, "amina"), code_now(clinic, secret, 1)).status_code == 200
    assert finish(clinic, ticket_of(clinic, "amina"), code_now(clinic, secret)).status_code == 401


def test_a_ticket_lasts_five_minutes_and_five_tries(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    late = ticket_of(clinic, "amina")
    clinic.clock.advance(minutes=5)
    assert finish(clinic, late, code_now(clinic, secret)).json()["error"]["code"] == "TICKET_INVALID"
    clinic.clock.advance(minutes=20)
    tried = ticket_of(clinic, "amina")
    for _ in range(5):
        assert finish(clinic, tried, wrong(code_now(clinic, secret))).json()["error"]["code"] == "CODE_INVALID"
    assert finish(clinic, tried, code_now(clinic, secret)).json()["error"]["code"] == "TICKET_INVALID"
    assert clinic.audit("auth.second_factor_refused")[-1]["subject"] == clinic.accounts["amina"]


def test_wrong_codes_lock_unknown_devices_like_wrong_passwords(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    known = ticket_of(clinic, "amina", deviceId="phone-of-amina")
    assert finish(clinic, known, code_now(clinic, secret)).status_code == 200
    clinic.clock.advance(seconds=30)
    tried = ticket_of(clinic, "amina")
    for _ in range(5):
        finish(clinic, tried, wrong(code_now(clinic, secret)))
    assert len(clinic.audit("auth.locked")) == 1
    assert log_in(clinic, "amina").status_code == 401
    again = ticket_of(clinic, "amina", deviceId="phone-of-amina")
    assert finish(clinic, again, code_now(clinic, secret)).status_code == 200


def test_a_forged_ticket_opens_nothing(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    ticket = ticket_of(clinic, "amina")
    for forged in (ticket[:-2] + "AA", "nonsense", ticket.partition(".")[0] + "."):
        assert finish(clinic, forged, code_now(clinic, secret)).json()["error"]["code"] == "TICKET_INVALID"


def test_a_ticket_dies_with_the_password_and_with_the_account(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    before = ticket_of(clinic, "amina")
    hashed = clinic.rows("SELECT password_hash FROM account WHERE id = ?", clinic.accounts["amina"])[0]
    clinic.write(HOUSE, identity.set_password, clinic.accounts["amina"], hashed["password_hash"])
    assert finish(clinic, before, code_now(clinic, secret)).json()["error"]["code"] == "TICKET_INVALID"
    before = ticket_of(clinic, "amina")
    clinic.write(HOUSE, identity.suspend_account, clinic.accounts["amina"], "left the clinic")
    assert finish(clinic, before, code_now(clinic, secret)).json()["error"]["code"] == "TICKET_INVALID"


def test_a_recovery_code_stands_in_once_however_it_is_written(clinic: Any) -> None:
    _, codes = enrol(clinic, clinic.amina)
    written = codes[3].replace("-", " ").lower()
    assert finish(clinic, ticket_of(clinic, "amina"), written).status_code == 200
    assert finish(clinic, ticket_of(clinic, "amina"), codes[3]).status_code == 401
    clinic.run_jobs()
    assert clinic.audit("auth.recovery_code_used")[-1]["detail"]["left"] == 9
    assert clinic.notifications("amina")[-1]["kind"] == "recovery_code_used"


def test_new_recovery_codes_end_the_old_ones(clinic: Any) -> None:
    _, old = enrol(clinic, clinic.amina)
    new = clinic.amina.post("/auth/second-factor/recovery-codes").json()["recoveryCodes"]
    assert not set(old) & set(new)
    assert clinic.amina.get("/auth/second-factor").json()["recoveryCodesLeft"] == 10
    assert finish(clinic, ticket_of(clinic, "amina"), old[0]).status_code == 401
    assert finish(clinic, ticket_of(clinic, "amina"), new[0]).status_code == 200


def test_no_code_and_no_ticket_is_kept(clinic: Any) -> None:
    _, codes = enrol(clinic, clinic.amina)
    ticket = ticket_of(clinic, "amina").partition(".")[2]
    for table in ("recovery_code", "login_ticket", "audit", "job", "second_factor"):
        for row in clinic.rows(f"SELECT * FROM {table}"):
            assert ticket not in str(row)
            assert not any(code in str(row) or code.replace("-", "") in str(row) for code in codes)


def test_before_it_is_confirmed_nothing_is_asked(clinic: Any) -> None:
    clinic.amina.sign_in()
    secret = clinic.amina.post("/auth/second-factor").json()["secret"]
    refused = clinic.amina.post("/auth/second-factor/confirm", json={"code": wrong(code_now(clinic, secret))})
    assert refused.json()["error"]["code"] == "CODE_INVALID"
    assert log_in(clinic, "amina").status_code == 200
    assert clinic.amina.get("/auth/second-factor").json()["enabled"] is False
    fresh = clinic.amina.post("/auth/second-factor").json()["secret"]
    assert fresh != secret
    late = clinic.amina.post("/auth/second-factor/confirm", json={"code": code_now(clinic, secret)})
    assert late.status_code == 400


def test_the_code_that_confirmed_does_not_sign_in(clinic: Any) -> None:
    clinic.amina.sign_in()
    secret = clinic.amina.post("/auth/second-factor").json()["secret"]
    code = code_now(clinic, secret)
    clinic.amina.post("/auth/second-factor/confirm", json={"code": code})
    assert finish(clinic, ticket_of(clinic, "amina"), code).status_code == 401


def test_once_on_it_is_not_begun_again_nor_confirmed_again(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    assert clinic.amina.post("/auth/second-factor").json()["error"]["code"] == "SECOND_FACTOR_ON"
    again = clinic.amina.post("/auth/second-factor/confirm", json={"code": code_now(clinic, secret)})
    assert again.json()["error"]["code"] == "NOT_ENROLLING"


def test_enrolling_and_removing_need_a_fresh_password(clinic: Any) -> None:
    clinic.amina.sign_in()
    clinic.clock.advance(minutes=11)
    assert clinic.amina.post("/auth/second-factor").json()["error"]["code"] == "STEP_UP_REQUIRED"
    assert clinic.amina.post("/auth/step-up", json={"password": PASSWORD}).status_code == 200
    assert clinic.amina.post("/auth/second-factor").status_code == 201
    enrol(clinic, clinic.bruno)
    clinic.clock.advance(minutes=11)
    assert clinic.bruno.delete("/auth/second-factor").json()["error"]["code"] == "STEP_UP_REQUIRED"
    clinic.bruno.post("/auth/step-up", json={"password": PASSWORD})
    assert clinic.bruno.delete("/auth/second-factor").status_code == 204
    assert log_in(clinic, "bruno").status_code == 200
    assert clinic.bruno.delete("/auth/second-factor").json()["error"]["code"] == "SECOND_FACTOR_OFF"


def test_it_is_for_staff(clinic: Any) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/recovery-codes")):
        assert clinic.driss.request(method, f"/auth/second-factor{path}").status_code == 403
        assert clinic.anonymous.request(method, f"/auth/second-factor{path}").status_code == 401
    assert clinic.anonymous.post("/auth/step-up", json={"code": "123456"}).status_code == 401


# ---------------------------------------------------------------------------- required of admins


def test_an_admin_without_one_may_only_enrol_when_the_clinic_wants_it(clinic: Any) -> None:
    set_setting(clinic, "adminSecondFactor", "true")
    assert clinic.gwen.sign_in()["enrolling"] is True
    refused = clinic.gwen.get("/admin/users")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "SECOND_FACTOR_REQUIRED")
    assert clinic.gwen.get("/auth/me").status_code == 200
    secret = clinic.gwen.post("/auth/second-factor").json()["secret"]
    done = clinic.gwen.post("/auth/second-factor/confirm", json={"code": code_now(clinic, secret)})
    assert done.status_code == 200
    assert clinic.gwen.get("/admin/users").status_code == 200
    assert clinic.gwen.delete("/auth/second-factor").json()["error"]["code"] == "SECOND_FACTOR_REQUIRED"
    assert clinic.amina.sign_in()["enrolling"] is False


def test_a_switch_to_admin_is_no_way_around_it(clinic: Any) -> None:
    set_setting(clinic, "adminSecondFactor", "true")
    clinic.write(HOUSE, identity.add_role, clinic.accounts["farid"], "admin")
    clinic.farid.sign_in(role="pharmacist")
    switched = clinic.farid.post("/auth/switch-role", json={"role": "admin"}).json()
    assert switched["enrolling"] is True
    headers = {"authorization": f"Bearer {switched['accessToken']}"}
    assert clinic.anonymous.get("/admin/users", headers=headers).status_code == 403


def test_off_by_default(clinic: Any) -> None:
    assert clinic.gwen.sign_in()["enrolling"] is False
    assert clinic.gwen.get("/admin/users").status_code == 200


# ------------------------------------------------------------------------------------- step-up


def test_dangerous_acts_ask_who_has_a_second_factor_again_after_ten_minutes(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.gwen)
    path = f"/admin/users/{clinic.accounts['driss']}"
    clinic.clock.advance(minutes=10)
    for answer in (
        clinic.gwen.post(f"{path}/suspend", json=WHY),
        clinic.gwen.post(f"{path}/reactivate"),
        clinic.gwen.post(f"{path}/reset"),
        clinic.gwen.request("DELETE", path, json=WHY),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "STEP_UP_REQUIRED")
    assert clinic.gwen.get("/admin/users").status_code == 200
    fresh = clinic.gwen.post("/auth/step-up", json={"code": code_now(clinic, secret)})
    assert fresh.status_code == 200, fresh.text
    assert clinic.gwen.post(f"{path}/suspend", json=WHY).status_code == 200
    clinic.clock.advance(minutes=4)
    assert clinic.gwen.post(f"{path}/reactivate").status_code == 200


def test_a_code_steps_up_once_and_a_wrong_password_does_not(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.gwen)
    code = code_now(clinic, secret)
    assert clinic.gwen.post("/auth/step-up", json={"code": code}).status_code == 200
    assert clinic.gwen.post("/auth/step-up", json={"code": code}).json()["error"]["code"] == "CODE_INVALID"
    refused = clinic.gwen.post("/auth/step-up", json={"password": "Wrong-Horse-7"})
    assert refused.json()["error"]["code"] == "WRONG_PASSWORD"
    for body in ({}, {"password": PASSWORD, "code": code}):
        assert clinic.gwen.post("/auth/step-up", json=body).status_code == 400


def test_who_has_none_is_not_asked(clinic: Any) -> None:
    clinic.gwen.sign_in()
    clinic.clock.advance(minutes=14)
    assert clinic.gwen.post(f"/admin/users/{clinic.accounts['driss']}/suspend", json=WHY).status_code == 200


def test_refreshing_and_switching_roles_prove_nothing(clinic: Any) -> None:
    clinic.write(HOUSE, identity.add_role, clinic.accounts["gwen"], "pharmacist")
    clinic.gwen.sign_in(role="pharmacist")
    secret = clinic.gwen.post("/auth/second-factor").json()["secret"]
    clinic.gwen.post("/auth/second-factor/confirm", json={"code": code_now(clinic, secret)})
    clinic.clock.advance(minutes=11)
    switched = clinic.gwen.post("/auth/switch-role", json={"role": "admin"}).json()
    headers = {"authorization": f"Bearer {switched['accessToken']}"}
    path = f"/admin/users/{clinic.accounts['driss']}/suspend"
    assert clinic.anonymous.post(path, json=WHY, headers=headers).json()["error"]["code"] == "STEP_UP_REQUIRED"


# ------------------------------------------------------------------------------ console and mail


def test_the_console_removes_it_and_ends_the_sessions(clinic: Any) -> None:
    enrol(clinic, clinic.amina)
    assert clinic.write(house("cli:test"), identity.disable_second_factor, clinic.accounts["amina"]) is True
    assert clinic.amina.get("/auth/me").status_code == 401
    assert log_in(clinic, "amina").status_code == 200
    assert clinic.write(house("cli:test"), identity.disable_second_factor, clinic.accounts["amina"]) is False


def test_only_the_console_may(clinic: Any) -> None:
    with pytest.raises(Exception, match="Only the console"):
        clinic.write(clinic.actor("gwen"), identity.disable_second_factor, clinic.accounts["amina"])


def test_its_owner_is_told_and_nobody_else(clinic: Any) -> None:
    enrol(clinic, clinic.amina)
    clinic.amina.delete("/auth/second-factor")
    clinic.run_jobs()
    kinds = [one["kind"] for one in clinic.notifications("amina")]
    assert kinds[-2:] == ["second_factor_enabled", "second_factor_disabled"]
    others = clinic.notifications("gwen") + clinic.notifications("bruno")
    assert not [one for one in others if "second_factor" in one["kind"]]
