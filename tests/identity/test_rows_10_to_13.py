"""Rows 10 to 13 of the defect checklist (SPEC 30), and row 19 where it concerns signing in."""

import asyncio
from typing import Any

import pytest

from tests.conftest import PASSWORD, Person
from tests.identity.secrets_of import mailed, wrong
from tests.identity.test_refresh import DEVICE, refresh

WHY = {"reason": "left the clinic"}
UNKNOWN = "nobody@demo.esante.example"
KNOWN = "driss@demo.esante.example"


def test_row_10_a_suspended_users_next_request_and_frame_fail(clinic: Any) -> None:
    tokens = clinic.driss.sign_in(deviceId=DEVICE)
    account, hub = clinic.accounts["driss"], clinic.parts.hub
    assert clinic.driss.get("/auth/me").status_code == 200

    async def open_socket() -> Any:
        listening = hub.listen(account, tokens["session"]["id"])
        return listening, listening.__enter__()

    _, frames = clinic.run(open_socket())
    assert clinic.gwen.post(f"/admin/users/{account}/suspend", json=WHY).status_code == 200
    assert clinic.driss.get("/auth/me").status_code == 401
    assert clinic.driss.post("/auth/switch-role", json={"role": "patient"}).status_code == 401
    assert refresh(clinic, tokens["refreshToken"]).status_code == 401
    assert clinic.run(asyncio.wait_for(frames.get(), 5)) is None  # hung up
    assert not hub.is_online(account)


@pytest.mark.parametrize("way", ["reset", "logout", "logout-all", "reuse", "change-password", "end-one"])
def test_row_11_reset_logout_and_reuse_kill_sessions(clinic: Any, way: str) -> None:
    tokens = clinic.driss.sign_in(deviceId=DEVICE)
    other = Person(clinic, "driss")
    other.sign_in()
    account = clinic.accounts["driss"]
    if way == "reset":
        clinic.anonymous.post("/auth/forgot-password", json={"email": KNOWN})
        body = {"token": mailed(clinic, account, "reset").token, "password": "Sunny-Garden-4"}
        assert clinic.anonymous.post("/auth/reset-password", json=body).status_code == 200
    elif way == "reuse":
        refresh(clinic, tokens["refreshToken"])
        clinic.clock.advance(seconds=21)
        refresh(clinic, tokens["refreshToken"])
    elif way == "change-password":
        body = {"currentPassword": PASSWORD, "newPassword": "Sunny-Garden-4"}
        assert other.post("/auth/change-password", json=body).status_code == 200
    elif way == "end-one":
        assert other.delete(f"/auth/sessions/{tokens['session']['id']}").status_code == 204
    else:
        assert clinic.driss.post(f"/auth/{way}").status_code == 204
    assert clinic.driss.get("/auth/me").status_code == 401
    assert refresh(clinic, tokens["refreshToken"]).status_code == 401
    everybody_out = way in ("reset", "logout-all")
    assert other.get("/auth/me").status_code == (401 if everybody_out else 200)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/login", {"identifier": "?", "password": "Wrong-Horse-7"}),
        ("/auth/forgot-password", {"email": "?"}),
        ("/auth/resend-otp", {"email": "?"}),
        ("/auth/verify-otp", {"email": "?", "code": "000000"}),
        ("/auth/reset-password", {"email": "?", "code": "000000", "password": "Sunny-Garden-4"}),
    ],
)
def test_row_12_known_and_unknown_addresses_get_one_answer_and_as_many_argon2_checks(
    clinic: Any, path: str, body: dict[str, str]
) -> None:
    def ask(address: str) -> tuple[Any, int]:
        before = clinic.parts.passwords.checks
        asked = {key: address if value == "?" else value for key, value in body.items()}
        answer = clinic.anonymous.post(path, json=asked)
        shown = answer.json()
        shown.get("error", {}).pop("requestId", None)
        names = sorted(name for name in answer.headers if name not in ("date", "content-length"))
        return (answer.status_code, shown, names), clinic.parts.passwords.checks - before

    known, unknown = ask(KNOWN), ask(UNKNOWN)
    assert known == unknown
    assert known[1] == (1 if path == "/auth/login" else 0)


def test_row_12_registration_says_nothing_either(clinic: Any) -> None:
    body = {
        "role": "patient", "password": "Sunny-Garden-4", "firstName": "Nadia", "lastName": "Ziani",
        "birthDate": "1990-04-12", "gender": "female",
    }  # fmt: skip
    answers = [clinic.anonymous.post("/auth/register", json=body | {"email": email}) for email in (KNOWN, UNKNOWN)]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()


def test_row_13_six_wrong_tries_are_dead_and_the_code_is_nowhere(clinic: Any) -> None:
    clinic.anonymous.post("/auth/forgot-password", json={"email": KNOWN})
    made = mailed(clinic, clinic.accounts["driss"], "reset")

    def tried(code: str) -> int:
        body = {"email": KNOWN, "code": code, "password": "Sunny-Garden-4"}
        return int(clinic.anonymous.post("/auth/reset-password", json=body).status_code)

    assert [tried(wrong(made.code)) for _ in range(5)] == [410] * 5
    assert tried(made.code) == 410
    clinic.run_jobs()
    for table in clinic.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT%'"):
        for row in clinic.rows(f"SELECT * FROM {table['name']}"):
            values = [str(value) for value in row.values()]
            assert made.code not in values, table
            assert not any(f'"{made.code}"' in value or made.token.partition(".")[2] in value for value in values), (
                table
            )


def test_row_19_a_sign_in_is_the_accounts_own_act(clinic: Any) -> None:
    tokens = clinic.driss.sign_in(deviceId=DEVICE)
    clinic.clock.advance(seconds=30)
    refresh(clinic, tokens["refreshToken"])
    for action in ("user.login", "auth.refreshed"):
        line = clinic.audit(action)[-1]
        assert (line["actor"], line["role"]) == (clinic.accounts["driss"], "patient"), action
        assert line["session_id"] == tokens["session"]["id"]
        assert line["address"] == "127.0.0.1"
