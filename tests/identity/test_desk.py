"""The shared desk (SPEC ID-24): locked when left, opened with a PIN on the same device, ended after five wrong ones."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import PASSWORD, Person
from tests.identity.secrets_of import set_setting

DESK = "the-reception-desk"
PIN = "271828"


def at_the_desk(clinic: Any, pin: str | None = PIN) -> dict[str, Any]:
    tokens = clinic.chloe.sign_in(deviceId=DESK)
    if pin:
        chosen = clinic.chloe.put("/auth/pin", json={"pin": pin})
        assert chosen.status_code == 204, chosen.text
    return dict(tokens)


def unlock(person: Person, pin: str = PIN) -> Any:
    return person.post("/auth/unlock", json={"pin": pin})


def is_locked(person: Person) -> bool:
    answer = person.get("/auth/me")
    if answer.status_code == 423:
        assert answer.json()["error"]["code"] == "SESSION_LOCKED"
        return True
    assert answer.status_code == 200, answer.text
    return False


def test_it_works(clinic: Any) -> None:
    at_the_desk(clinic)
    assert clinic.chloe.post("/auth/lock").status_code == 204
    assert is_locked(clinic.chloe)
    assert clinic.chloe.post("/auth/lock").status_code == 204
    assert unlock(clinic.chloe).status_code == 204
    assert not is_locked(clinic.chloe)
    assert [line["action"] for line in clinic.audit() if "session_" in line["action"]][-2:] == [
        "auth.session_locked",
        "auth.session_unlocked",
    ]


def test_locked_only_unlocking_and_leaving_are_open(clinic: Any) -> None:
    at_the_desk(clinic)
    clinic.chloe.post("/auth/lock")
    for method, path in (
        ("GET", "/appointments"),
        ("POST", "/auth/logout-all"),
        ("PUT", "/auth/pin"),
        ("GET", "/auth/sessions"),
    ):
        assert clinic.chloe.request(method, path, json={"pin": "111222"}).status_code == 423, path
    assert clinic.chloe.get("/doctors").status_code == 200  # what everybody may see
    assert clinic.chloe.post("/auth/logout").status_code == 204
    assert clinic.chloe.get("/auth/me").status_code == 401


def test_a_lock_survives_a_restart_and_a_refresh(clinic: Any) -> None:
    tokens = at_the_desk(clinic)
    clinic.chloe.post("/auth/lock")
    clinic.stop()
    clinic.start()
    assert is_locked(Person(clinic, "chloe")) is False  # somebody who signs in anew
    body = {"refreshToken": tokens["refreshToken"], "deviceId": DESK}
    fresh = clinic.anonymous.post("/auth/refresh-token", json=body).json()
    again = Person(clinic, "chloe")
    again.headers = {"authorization": f"Bearer {fresh['accessToken']}"}
    assert is_locked(again)
    assert unlock(again).status_code == 204
    assert not is_locked(again)


def test_after_five_wrong_pins_the_session_is_ended(clinic: Any) -> None:
    at_the_desk(clinic)
    clinic.chloe.post("/auth/lock")
    for _ in range(4):
        wrong = unlock(clinic.chloe, "314159")
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "PIN_INVALID")
    assert unlock(clinic.chloe, "314159").status_code == 400
    assert unlock(clinic.chloe).status_code == 401
    assert clinic.audit("user.session_revoked")[-1]["detail"]["why"] == "pin"
    assert len(clinic.audit("auth.pin_refused")) == 5
    assert clinic.chloe.get("/auth/me").status_code == 401
    assert Person(clinic, "chloe").sign_in(deviceId=DESK)


def test_a_right_pin_gives_five_tries_again(clinic: Any) -> None:
    at_the_desk(clinic)
    for _ in range(3):
        clinic.chloe.post("/auth/lock")
        for _ in range(4):
            unlock(clinic.chloe, "314159")
        assert unlock(clinic.chloe).status_code == 204


def test_a_hundred_guesses_at_once_get_five(clinic: Any) -> None:
    at_the_desk(clinic)
    clinic.chloe.post("/auth/lock")
    checks = clinic.parts.passwords.checks
    calls = [(clinic.chloe, "POST", "/auth/unlock", {"json": {"pin": f"{number:06d}"}}) for number in range(100)]
    answers = clinic.together(calls)
    assert clinic.parts.passwords.checks - checks <= 5
    assert {one.status_code for one in answers} <= {400, 401, 429}
    assert clinic.chloe.get("/auth/me").status_code == 401


def test_a_pin_is_bound_to_account_and_device(clinic: Any) -> None:
    at_the_desk(clinic)
    elsewhere = Person(clinic, "chloe")
    elsewhere.sign_in(deviceId="another-device")
    elsewhere.post("/auth/lock")
    assert unlock(elsewhere).json()["error"]["code"] == "NO_PIN"
    clinic.gwen.sign_in(deviceId=DESK)
    clinic.gwen.post("/auth/lock")
    assert unlock(clinic.gwen).json()["error"]["code"] == "NO_PIN"


def test_a_session_without_a_device_has_no_pin(clinic: Any) -> None:
    clinic.chloe.sign_in()
    assert clinic.chloe.put("/auth/pin", json={"pin": PIN}).json()["error"]["code"] == "NO_DEVICE"


@pytest.mark.parametrize("pin", ["111111", "123456", "987654", "12345", "1234567", "12345a", "123456\n"])
def test_what_is_easy_to_guess_or_no_pin_is_refused(clinic: Any, pin: str) -> None:
    clinic.chloe.sign_in(deviceId=DESK)
    assert clinic.chloe.put("/auth/pin", json={"pin": pin}).status_code == 400


def test_choosing_one_needs_a_fresh_password(clinic: Any) -> None:
    clinic.chloe.sign_in(deviceId=DESK)
    clinic.clock.advance(minutes=11)
    assert clinic.chloe.put("/auth/pin", json={"pin": PIN}).json()["error"]["code"] == "STEP_UP_REQUIRED"
    clinic.chloe.post("/auth/step-up", json={"password": PASSWORD})
    assert clinic.chloe.put("/auth/pin", json={"pin": PIN}).status_code == 204


def test_it_is_changed_and_removed(clinic: Any) -> None:
    at_the_desk(clinic)
    clinic.chloe.put("/auth/pin", json={"pin": "161803"})
    clinic.chloe.post("/auth/lock")
    assert unlock(clinic.chloe).status_code == 400
    assert unlock(clinic.chloe, "161803").status_code == 204
    assert clinic.chloe.delete("/auth/pin").status_code == 204
    assert clinic.chloe.delete("/auth/pin").status_code == 404
    clinic.chloe.post("/auth/lock")
    assert unlock(clinic.chloe, "161803").json()["error"]["code"] == "NO_PIN"


def test_it_is_kept_as_a_hash(clinic: Any) -> None:
    at_the_desk(clinic)
    row = clinic.rows("SELECT * FROM pin")[0]
    assert row["pin_hash"].startswith("$argon2id$")
    assert PIN not in str(clinic.rows("SELECT detail FROM audit"))


def test_strangers_and_patients(clinic: Any) -> None:
    assert clinic.driss.put("/auth/pin", json={"pin": PIN}).status_code == 403
    for method, path in (("PUT", "pin"), ("DELETE", "pin"), ("POST", "lock"), ("POST", "unlock")):
        assert clinic.anonymous.request(method, f"/auth/{path}", json={"pin": PIN}).status_code == 401


# --------------------------------------------------------------------------------- left alone


def test_a_desk_left_alone_is_locked_by_the_setting_of_its_role(clinic: Any) -> None:
    set_setting(clinic, "idleLockMinutes", '{"assistant": 10}')
    at_the_desk(clinic)
    clinic.amina.sign_in()
    clinic.clock.advance(minutes=10)
    assert not is_locked(clinic.chloe)
    clinic.clock.advance(minutes=4)
    assert not is_locked(clinic.amina)  # other roles: never
    clinic.chloe.sign_in(deviceId=DESK)
    clinic.clock.advance(minutes=10, milliseconds=1)
    assert is_locked(clinic.chloe)
    assert is_locked(clinic.chloe)  # asking is no use of it
    assert unlock(clinic.chloe).status_code == 204
    assert not is_locked(clinic.chloe)


def test_whoever_works_is_not_locked(clinic: Any) -> None:
    set_setting(clinic, "idleLockMinutes", '{"assistant": 2}')
    at_the_desk(clinic)
    for _ in range(8):
        clinic.clock.advance(seconds=100)
        assert not is_locked(clinic.chloe)


def test_refreshing_is_no_use(clinic: Any) -> None:
    set_setting(clinic, "idleLockMinutes", '{"assistant": 10}')
    tokens = at_the_desk(clinic)
    clinic.clock.advance(minutes=11)
    body = {"refreshToken": tokens["refreshToken"], "deviceId": DESK}
    fresh = clinic.anonymous.post("/auth/refresh-token", json=body).json()
    clinic.chloe.headers = {"authorization": f"Bearer {fresh['accessToken']}"}
    assert is_locked(clinic.chloe)
    clinic.stop()
    clinic.start()
    person = Person(clinic, "chloe")
    person.headers = {"authorization": f"Bearer {fresh['accessToken']}"}
    assert is_locked(person)


def test_never_by_default(clinic: Any) -> None:
    at_the_desk(clinic)
    clinic.clock.advance(minutes=14)
    assert not is_locked(clinic.chloe)


def test_the_last_use_is_written_every_five_minutes_at_most(clinic: Any) -> None:
    at_the_desk(clinic)
    start = clinic.clock.now()

    def written() -> timedelta:
        clinic.run(clinic.db.write(clinic.actor("chloe"), lambda tx: None))
        found = clinic.rows("SELECT last_seen_at FROM session ORDER BY id DESC LIMIT 1")[0]["last_seen_at"]
        return datetime.fromisoformat(found) - start

    seen = set()
    for _ in range(14):
        clinic.clock.advance(minutes=1)
        clinic.chloe.get("/auth/me")
        seen.add(written())
    assert seen == {timedelta(0), timedelta(minutes=5), timedelta(minutes=10)}


def test_the_list_of_sessions_says_when_each_was_last_used(clinic: Any) -> None:
    at_the_desk(clinic)
    clinic.clock.advance(minutes=6)
    clinic.chloe.get("/auth/me")
    clinic.run(clinic.db.write(clinic.actor("chloe"), lambda tx: None))
    found = clinic.chloe.get("/auth/sessions").json()["items"][0]
    assert found["lastSeenAt"] == "2026-11-16T07:06:00Z"
