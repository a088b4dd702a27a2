"""Two hundred at once (SPEC ID-08, ID-20): one code has one winner, one refresh token one successor."""

from typing import Any

from tests.identity.test_refresh import DEVICE, refresh
from tests.identity.test_second_factor import code_now, enrol, ticket_of

CROWD = 200


def test_one_code_of_the_app_has_one_winner(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    tickets = [ticket_of(clinic, "amina") for _ in range(CROWD)]
    code = code_now(clinic, secret)
    logins = len(clinic.audit("user.login"))
    answers = clinic.together(
        [
            (clinic.anonymous, "POST", "/auth/login/second-factor", {"json": {"ticket": one, "code": code}})
            for one in tickets
        ]
    )
    assert sorted(one.status_code for one in answers) == [200] + [401] * (CROWD - 1)
    assert len(clinic.audit("user.login")) == logins + 1


def test_one_ticket_and_one_recovery_code_have_one_winner(clinic: Any) -> None:
    _, codes = enrol(clinic, clinic.amina)
    body = {"ticket": ticket_of(clinic, "amina"), "code": codes[0]}
    answers = clinic.together([(clinic.anonymous, "POST", "/auth/login/second-factor", {"json": body})] * CROWD)
    assert [one.status_code for one in answers].count(200) == 1
    assert clinic.rows("SELECT count(*) AS used FROM recovery_code WHERE used_at IS NOT NULL") == [{"used": 1}]


def test_one_code_steps_up_once(clinic: Any) -> None:
    secret, _ = enrol(clinic, clinic.amina)
    body = {"code": code_now(clinic, secret)}
    answers = clinic.together([(clinic.amina, "POST", "/auth/step-up", {"json": body})] * CROWD)
    assert [one.status_code for one in answers].count(200) == 1


def test_one_refresh_token_has_one_successor_and_its_reuse_ends_the_family(clinic: Any) -> None:
    """The same device within 20 s: one rotation, the same successor for all. Later: everybody out, and on record."""
    first = clinic.driss.sign_in(deviceId=DEVICE)["refreshToken"]
    body = {"refreshToken": first, "deviceId": DEVICE}
    answers = clinic.together([(clinic.anonymous, "POST", "/auth/refresh-token", {"json": body})] * CROWD)
    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["refreshToken"] for one in answers}) == 1
    assert len(clinic.audit("auth.refreshed")) == 1
    clinic.clock.advance(seconds=20)
    second = answers[0].json()
    assert refresh(clinic, first).json()["refreshToken"] == second["refreshToken"]
    clinic.clock.advance(seconds=1)
    assert refresh(clinic, first).status_code == 401
    assert refresh(clinic, second["refreshToken"]).status_code == 401
    access = {"authorization": f"Bearer {second['accessToken']}"}
    assert clinic.anonymous.get("/auth/me", headers=access).status_code == 401
    reused = clinic.audit("auth.token_reused")
    assert [(line["severity"], line["actor"]) for line in reused] == [("critical", clinic.accounts["driss"])]


def test_two_devices_with_one_token_end_it(clinic: Any) -> None:
    first = clinic.driss.sign_in(deviceId=DEVICE)["refreshToken"]
    calls = [
        (clinic.anonymous, "POST", "/auth/refresh-token", {"json": {"refreshToken": first, "deviceId": device}})
        for device in [DEVICE, "the-thief-of-it"] * (CROWD // 2)
    ]
    answers = clinic.together(calls)
    assert len({one.json()["refreshToken"] for one in answers if one.status_code == 200}) == 1
    assert len(clinic.audit("auth.token_reused")) == 1
    assert clinic.rows("SELECT end_reason FROM session ORDER BY id DESC LIMIT 1")[0]["end_reason"] == "token_reused"
