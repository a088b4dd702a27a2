"""Confirming an address (SPEC R9, ID-04, ID-05, rows 12 and 13): by link, by code, once, and nothing is given away."""

from typing import Any

import pytest

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from tests.identity.secrets_of import HOUSE, mailed, wrong

EMAIL = "new@example.org"


@pytest.fixture
def new(clinic: Any) -> str:
    """An account that waits for its confirmation."""
    hashed = clinic.rows("SELECT password_hash FROM account LIMIT 1")[0]["password_hash"]
    made = NewAccount(email=EMAIL, password_hash=hashed, role="patient", person_id=clinic.ids["driss"])
    return str(clinic.write(HOUSE, identity.create_account, made))


def status(clinic: Any, account: str) -> str:
    return str(clinic.rows("SELECT status FROM account WHERE id = ?", account)[0]["status"])


def by_code(clinic: Any, code: str, email: str = EMAIL) -> Any:
    return clinic.anonymous.post("/auth/verify-otp", json={"email": email, "code": code})


def by_link(clinic: Any, token: str) -> Any:
    return clinic.anonymous.post("/auth/verify-email", json={"token": token})


def resend(clinic: Any, email: str = EMAIL) -> Any:
    return clinic.anonymous.post("/auth/resend-otp", json={"email": email})


def test_it_works(clinic: Any, new: str) -> None:
    assert status(clinic, new) == "pending_confirmation"
    assert by_link(clinic, mailed(clinic, new).token).status_code == 200
    assert status(clinic, new) == "active"
    assert clinic.audit("user.email_verified")[-1]["subject"] == new


def test_the_code_confirms_too(clinic: Any, new: str) -> None:
    assert by_code(clinic, mailed(clinic, new).code, EMAIL.upper()).status_code == 200
    assert status(clinic, new) == "active"


def test_a_link_works_once_and_for_24_hours(clinic: Any, new: str) -> None:
    token = mailed(clinic, new).token
    clinic.clock.advance(hours=24)
    assert by_link(clinic, token).status_code == 410
    resend(clinic)
    token = mailed(clinic, new).token
    assert by_link(clinic, token).status_code == 200
    assert by_link(clinic, token).json()["error"]["code"] == "LINK_INVALID"


def test_a_code_works_for_ten_minutes(clinic: Any, new: str) -> None:
    code = mailed(clinic, new).code
    clinic.clock.advance(minutes=10)
    assert by_code(clinic, code).json()["error"]["code"] == "CODE_INVALID"


def test_after_five_wrong_tries_the_right_code_is_dead(clinic: Any, new: str) -> None:
    code = mailed(clinic, new).code
    for _ in range(5):
        assert by_code(clinic, wrong(code)).status_code == 400
    assert by_code(clinic, code).status_code == 400
    assert status(clinic, new) == "pending_confirmation"
    assert len(clinic.audit("auth.code_refused")) == 6


def test_a_fifth_try_that_is_right_works(clinic: Any, new: str) -> None:
    code = mailed(clinic, new).code
    for _ in range(4):
        by_code(clinic, wrong(code))
    assert by_code(clinic, code).status_code == 200


def test_a_new_code_ends_the_old_one(clinic: Any, new: str) -> None:
    old = mailed(clinic, new).code
    clinic.clock.advance(seconds=61)
    resend(clinic)
    assert mailed(clinic, new).code != old
    assert by_code(clinic, old).status_code == 400


def test_a_reset_code_does_not_confirm(clinic: Any, new: str) -> None:
    clinic.anonymous.post("/auth/forgot-password", json={"email": EMAIL})
    reset = mailed(clinic, new, "reset")
    assert by_code(clinic, reset.code).status_code == 400
    assert by_link(clinic, reset.token).status_code == 410


def test_resending_is_once_a_minute_and_five_times_an_hour(clinic: Any, new: str) -> None:
    def sent() -> int:
        return len(clinic.rows("SELECT id FROM one_time WHERE account_id = ?", new))

    assert resend(clinic).status_code == 202
    assert sent() == 1
    for _ in range(8):
        clinic.clock.advance(seconds=61)
        assert resend(clinic).status_code == 202
    assert sent() == 5
    clinic.clock.advance(hours=1)
    resend(clinic)
    assert sent() == 6


def test_known_and_unknown_addresses_get_the_same_answer(clinic: Any, new: str) -> None:
    known, unknown = resend(clinic), resend(clinic, "nobody@example.org")
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    known, unknown = by_code(clinic, "000000"), by_code(clinic, "000000", "nobody@example.org")
    assert known.status_code == unknown.status_code == 400
    assert known.json()["error"]["message"] == unknown.json()["error"]["message"]


def test_neither_code_nor_token_is_kept_anywhere(clinic: Any, new: str) -> None:
    """Row 13."""
    made = mailed(clinic, new)
    by_code(clinic, made.code)
    secret = made.token.partition(".")[2]
    for table in ("one_time", "audit", "job", "account", "session"):
        for row in clinic.rows(f"SELECT * FROM {table}"):
            assert secret not in str(row)
            assert made.code not in [str(value) for value in row.values()]
            assert f'"{made.code}"' not in str(row)


def test_an_admin_confirms_in_person(clinic: Any, new: str) -> None:
    assert clinic.gwen.post(f"/admin/users/{new}/confirm").json()["status"] == "active"
    assert clinic.driss.post(f"/admin/users/{new}/confirm").status_code == 403


def test_old_rows_are_swept(clinic: Any, new: str) -> None:
    clinic.clock.advance(days=30)
    assert clinic.write(HOUSE, identity.forget_old_secrets) == 0
    clinic.clock.advance(seconds=1)
    assert clinic.write(HOUSE, identity.forget_old_secrets) == 1
