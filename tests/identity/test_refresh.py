"""Refresh tokens (SPEC R6, ID-08, row 11): one-time, rotating, and a copy ends the session."""

from typing import Any

DEVICE = "phone-of-driss"


def refresh(clinic: Any, token: str, device: str | None = DEVICE) -> Any:
    body = {"refreshToken": token} | ({"deviceId": device} if device else {})
    return clinic.anonymous.post("/auth/refresh-token", json=body)


def signed_in(clinic: Any) -> dict[str, Any]:
    return clinic.driss.sign_in(deviceId=DEVICE)


def test_it_works(clinic: Any) -> None:
    first = signed_in(clinic)
    clinic.clock.advance(minutes=16)
    assert clinic.driss.get("/auth/me").status_code == 401  # the access token has run out
    second = refresh(clinic, first["refreshToken"])
    assert second.status_code == 200, second.text
    assert second.json()["refreshToken"] != first["refreshToken"]
    headers = {"authorization": f"Bearer {second.json()['accessToken']}"}
    assert clinic.anonymous.get("/auth/me", headers=headers).status_code == 200


def test_the_same_old_token_within_20_seconds_yields_the_same_successor(clinic: Any) -> None:
    first = signed_in(clinic)["refreshToken"]
    second = refresh(clinic, first).json()["refreshToken"]
    clinic.clock.advance(seconds=19)
    assert refresh(clinic, first).json()["refreshToken"] == second
    assert refresh(clinic, second).status_code == 200


def test_an_old_token_that_comes_back_late_ends_the_session(clinic: Any) -> None:
    first = signed_in(clinic)["refreshToken"]
    second = refresh(clinic, first).json()
    clinic.clock.advance(seconds=21)
    assert refresh(clinic, first).status_code == 401
    assert refresh(clinic, second["refreshToken"]).status_code == 401
    headers = {"authorization": f"Bearer {second['accessToken']}"}
    assert clinic.anonymous.get("/auth/me", headers=headers).status_code == 401
    reused = clinic.audit("auth.token_reused")
    assert [line["severity"] for line in reused] == ["critical"]


def test_an_old_token_from_another_device_ends_the_session(clinic: Any) -> None:
    first = signed_in(clinic)["refreshToken"]
    second = refresh(clinic, first).json()["refreshToken"]
    assert refresh(clinic, first, "another-phone").status_code == 401
    assert refresh(clinic, second).status_code == 401
    assert len(clinic.audit("auth.token_reused")) == 1


def test_a_token_of_two_generations_ago_ends_the_session_even_at_once(clinic: Any) -> None:
    first = signed_in(clinic)["refreshToken"]
    second = refresh(clinic, first).json()["refreshToken"]
    refresh(clinic, second)
    assert refresh(clinic, first).status_code == 401
    assert len(clinic.audit("auth.token_reused")) == 1


def test_a_forged_token_is_refused_and_ends_nobodys_session(clinic: Any) -> None:
    token = signed_in(clinic)["refreshToken"]
    assert refresh(clinic, token[:-3] + "AAA").status_code == 401
    assert refresh(clinic, "nonsense").status_code == 401
    assert clinic.audit("auth.token_reused") == []
    assert refresh(clinic, token).status_code == 200


def test_seven_days_without_a_refresh_are_the_end(clinic: Any) -> None:
    token = signed_in(clinic)["refreshToken"]
    clinic.clock.advance(days=7, seconds=1)
    assert refresh(clinic, token).status_code == 401


def test_thirty_days_are_the_end_however_often_one_refreshes(clinic: Any) -> None:
    token = signed_in(clinic)["refreshToken"]
    for _ in range(5):
        clinic.clock.advance(days=6)
        answer = refresh(clinic, token)
        token = answer.json().get("refreshToken", token)
    assert answer.status_code == 401


def test_no_token_is_in_the_database(clinic: Any) -> None:
    token = signed_in(clinic)["refreshToken"]
    secret = token.partition(".")[2]
    for table in ("session", "audit", "job", "one_time"):
        for row in clinic.rows(f"SELECT * FROM {table}"):
            assert secret not in str(row)


def test_many_at_once_get_the_same_successor(clinic: Any) -> None:
    body = {"refreshToken": signed_in(clinic)["refreshToken"], "deviceId": DEVICE}
    calls = [(clinic.anonymous, "POST", "/auth/refresh-token", {"json": body}) for _ in range(20)]
    answers = clinic.together(calls)
    assert {one.status_code for one in answers} == {200}
    assert len({one.json()["refreshToken"] for one in answers}) == 1
