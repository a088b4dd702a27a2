"""Suspending an account (SPEC ID-17, row 10): the next request fails."""

from typing import Any

WHY = {"reason": "left the clinic"}


def test_it_works(clinic: Any) -> None:
    assert clinic.driss.get("/auth/me").status_code == 200
    answer = clinic.gwen.post(f"/admin/users/{clinic.accounts['driss']}/suspend", json=WHY)
    assert (answer.status_code, answer.json()["status"]) == (200, "suspended")
    assert clinic.driss.get("/auth/me").status_code == 401
    line = clinic.audit("user.suspended")[-1]
    assert (line["severity"], line["reason"], line["actor"]) == ("warning", WHY["reason"], clinic.accounts["gwen"])
    assert clinic.audit("user.session_revoked")[-1]["detail"]["why"] == "suspended"


def test_reactivated_the_account_signs_in_again(clinic: Any) -> None:
    path = f"/admin/users/{clinic.accounts['driss']}"
    clinic.gwen.post(f"{path}/suspend", json=WHY)
    assert clinic.gwen.post(f"{path}/reactivate").json()["status"] == "active"
    assert clinic.driss.get("/auth/me").status_code == 200


def test_who_never_confirmed_has_still_to_confirm(clinic: Any) -> None:
    account = clinic.accounts["driss"]
    clinic.tamper("UPDATE account SET status = 'pending_confirmation' WHERE id = ?", account)
    clinic.gwen.post(f"/admin/users/{account}/suspend", json=WHY)
    assert clinic.gwen.post(f"/admin/users/{account}/reactivate").json()["status"] == "pending_confirmation"


def test_a_wrong_state_is_told_with_what_is_possible(clinic: Any) -> None:
    path = f"/admin/users/{clinic.accounts['driss']}"
    answer = clinic.gwen.post(f"{path}/reactivate")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "WRONG_STATE")
    clinic.gwen.post(f"{path}/suspend", json=WHY)
    again = clinic.gwen.post(f"{path}/suspend", json=WHY).json()["error"]
    assert again["extra"] == {"state": "suspended", "possible": ["reactivate"]}


def test_a_reason_is_needed_and_oneself_is_not_suspended(clinic: Any) -> None:
    path = f"/admin/users/{clinic.accounts['driss']}"
    assert clinic.gwen.post(f"{path}/suspend", json={"reason": "no"}).status_code == 400
    own = clinic.gwen.post(f"/admin/users/{clinic.accounts['gwen']}/suspend", json=WHY)
    assert own.json()["error"]["code"] == "OWN_ACCOUNT"


def test_only_an_admin_may(clinic: Any) -> None:
    path = f"/admin/users/{clinic.accounts['driss']}/suspend"
    for person in (clinic.amina, clinic.chloe, clinic.emma, clinic.farid):
        assert person.post(path, json=WHY).status_code == 403
    assert clinic.anonymous.post(path, json=WHY).status_code == 401
    assert clinic.gwen.post("/admin/users/nobody/suspend", json=WHY).status_code == 404


def test_a_suspended_doctor_is_neither_found_nor_booked(clinic: Any) -> None:
    clinic.gwen.post(f"/admin/users/{clinic.accounts['amina']}/suspend", json=WHY)
    assert clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").status_code == 404
