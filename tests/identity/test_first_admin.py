"""The first admin (SPEC ID-01): no default account, a code from the console."""

from typing import Any

import pytest

from esante.identity import service as identity
from esante.kernel.errors import Conflict, Forbidden
from tests.identity.secrets_of import HOUSE

NEW = {"email": "boss@example.org", "password": "Correct-Horse-8"}


@pytest.fixture
def code(clinic: Any) -> str:
    """The console's code, in a clinic that has lost its admin."""
    clinic.tamper("DELETE FROM account_role WHERE role = 'admin'")
    return str(clinic.write(HOUSE, identity.issue_first_admin_code))


def make(clinic: Any, code: str, **more: Any) -> Any:
    return clinic.anonymous.post("/auth/first-admin", json=NEW | {"code": code} | more)


def test_it_works(clinic: Any, code: str) -> None:
    assert make(clinic, code).status_code == 201
    body = {"identifier": NEW["email"], "password": NEW["password"]}
    assert clinic.anonymous.post("/auth/login", json=body).json()["account"]["role"] == "admin"
    assert clinic.audit("auth.first_admin_made")[-1]["severity"] == "warning"


def test_the_code_works_once(clinic: Any, code: str) -> None:
    make(clinic, code)
    assert make(clinic, code, email="second@example.org").json()["error"]["code"] == "CODE_INVALID"


def test_a_later_code_ends_the_earlier_one(clinic: Any, code: str) -> None:
    later = clinic.write(HOUSE, identity.issue_first_admin_code)
    assert make(clinic, code).status_code == 403
    assert make(clinic, later).status_code == 201


def test_a_day_later_it_works_no_more(clinic: Any, code: str) -> None:
    clinic.clock.advance(hours=24)
    assert make(clinic, code).status_code == 403


def test_with_an_admin_there_is_no_code(clinic: Any) -> None:
    with pytest.raises(Conflict):
        clinic.write(HOUSE, identity.issue_first_admin_code)


def test_nobody_but_the_console_gets_one(clinic: Any) -> None:
    with pytest.raises(Forbidden):
        clinic.write(clinic.actor("gwen"), identity.issue_first_admin_code)
    assert make(clinic, "nonsense").status_code == 403
