"""What people write as their telephone number (SPEC PE-02, R25)."""

from typing import Any

import pytest


def enter(clinic: Any, number: str) -> Any:
    body = {"firstName": "Paul", "lastName": "Petit", "mobileNumber": number, "confirmedNew": True}
    return clinic.chloe.post("/patients", json=body)


@pytest.mark.parametrize("written", ["06 39 98 00 01", "+33 6 39 98 00 01", "0033639980001", "06.39.98.00.01"])
def test_it_works_however_it_is_written(clinic: Any, written: str) -> None:
    made = enter(clinic, written)
    assert made.status_code == 201, made.text
    assert clinic.rows("SELECT mobile_e164 FROM patient WHERE id = ?", made.json()["id"]) == [
        {"mobile_e164": "+33639980001"}
    ]


@pytest.mark.parametrize("written", ["12", "06 39 98", "not a number", "+99 1 2 3"])
def test_what_is_no_number_is_refused_with_the_country_that_was_assumed(clinic: Any, written: str) -> None:
    refused = enter(clinic, written)
    assert refused.status_code == 400, refused.text
    error = refused.json()["error"]
    assert [fault["field"] for fault in error["details"]] == ["mobileNumber"]
    assert clinic.rows("SELECT 1 FROM patient WHERE first_name = 'Paul'") == []


def test_the_country_is_the_clinics(clinic: Any) -> None:
    assert "FR" in enter(clinic, "12 34").json()["error"]["message"]
    changed = clinic.gwen.put("/settings/country", json={"value": "MA"}, headers={"if-match": '"0"'})
    assert changed.status_code == 200, changed.text
    assert "MA" in enter(clinic, "12 34").json()["error"]["message"]
