"""Dangerous acts in other rooms ask for a fresh proof too (SPEC ID-20), and settings of identity are in force at once."""

from typing import Any

import pytest

from tests.conftest import PASSWORD
from tests.identity.test_second_factor import enrol

WHY = {"reason": "two records of one person"}


def change(clinic: Any, key: str, value: Any) -> Any:
    read = clinic.gwen.get(f"/settings/{key}")
    assert read.status_code == 200, read.text
    return clinic.gwen.put(f"/settings/{key}", json={"value": value}, headers={"if-match": read.headers["etag"]})


def dangerous(clinic: Any, act: str) -> Any:
    if act == "setting":
        return change(clinic, "patientCancelHours", 3)
    if act == "merge":
        body = {"otherId": clinic.ids["emma"]} | WHY
        return clinic.gwen.post(f"/patients/{clinic.ids['driss']}/merge", json=body)
    return clinic.gwen.post(f"/doctors/{clinic.ids['bruno']}/suspend", json=WHY)


@pytest.mark.parametrize("act", ["setting", "merge", "doctor"])
def test_it_works(clinic: Any, act: str) -> None:
    enrol(clinic, clinic.gwen)
    clinic.clock.advance(minutes=10)
    refused = dangerous(clinic, act)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "STEP_UP_REQUIRED")
    assert clinic.gwen.post("/auth/step-up", json={"password": PASSWORD}).status_code == 200
    done = dangerous(clinic, act)
    assert done.status_code == 200, done.text


def test_the_settings_of_identity_are_changed_like_any_other(clinic: Any) -> None:
    clinic.chloe.sign_in()
    assert change(clinic, "idleLockMinutes", {"assistant": 5}).status_code == 200
    clinic.clock.advance(minutes=6)
    assert clinic.chloe.get("/auth/me").status_code == 423
    assert change(clinic, "adminSecondFactor", True).status_code == 200
    assert clinic.gwen.sign_in()["enrolling"] is True


@pytest.mark.parametrize("value", [{"assistant": -1}, {"assistant": 721}, {"king": 5}, 5, {"assistant": "soon"}])
def test_what_is_out_of_bounds_is_refused(clinic: Any, value: Any) -> None:
    clinic.gwen.sign_in()
    assert change(clinic, "idleLockMinutes", value).status_code == 400
