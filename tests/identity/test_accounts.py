"""The admin's list of accounts, and making them."""

from typing import Any

import pytest

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel.errors import Conflict, NotFound
from tests.identity.secrets_of import HOUSE


def emails(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["email"].partition("@")[0] for one in answer.json()["items"]]


def test_it_works(clinic: Any) -> None:
    found = emails(clinic.gwen.get("/admin/users"))
    assert found == ["gwen", "farid", "emma", "driss", "chloe", "bruno", "amina"]
    line = clinic.audit("user.listed")[-1]
    assert (line["actor"], line["detail"]["count"]) == (clinic.accounts["gwen"], 7)


def test_by_role_status_and_a_part_of_the_address(clinic: Any) -> None:
    assert emails(clinic.gwen.get("/admin/users", params={"role": "doctor"})) == ["bruno", "amina"]
    assert emails(clinic.gwen.get("/admin/users", params={"search": "EMM"})) == ["emma"]
    assert emails(clinic.gwen.get("/admin/users", params={"search": "%"})) == []
    assert emails(clinic.gwen.get("/admin/users", params={"status": "suspended"})) == []


def test_page_by_page_nobody_is_left_out(clinic: Any) -> None:
    seen, cursor = [], None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        answer = clinic.gwen.get("/admin/users", params=params)
        seen += emails(answer)
        cursor = answer.json()["nextCursor"]
        if cursor is None:
            break
    assert seen == ["gwen", "farid", "emma", "driss", "chloe", "bruno", "amina"]


def test_what_is_out_of_bounds_is_refused(clinic: Any) -> None:
    for params in ({"limit": 101}, {"limit": 0}, {"role": "king"}, {"cursor": "zz"}):
        assert clinic.gwen.get("/admin/users", params=params).status_code == 400


def test_only_an_admin_sees_it(clinic: Any) -> None:
    for person in (clinic.amina, clinic.chloe, clinic.driss, clinic.farid):
        assert person.get("/admin/users").status_code == 403
    assert clinic.anonymous.get("/admin/users").status_code == 401


def test_an_address_is_unique_whatever_the_case(clinic: Any) -> None:
    for email in ("DRISS@demo.esante.example", "driss@DEMO.esante.example"):
        with pytest.raises(Conflict):
            clinic.write(HOUSE, identity.create_account, NewAccount(email=email, role="patient"))


def test_contacts_of_a_person(clinic: Any) -> None:
    found = clinic.read(HOUSE, identity.accounts_of_person, clinic.ids["driss"])
    assert [(one.account_id, one.role) for one in found] == [(clinic.accounts["driss"], "patient")]
    assert clinic.read(HOUSE, identity.contact, clinic.accounts["gwen"]).role == "admin"
    with pytest.raises(NotFound):
        clinic.read(HOUSE, identity.contact, "nobody")
