"""What an assistant may do at a site, until they leave or are removed (SPEC WA-08 to WA-11)."""

from typing import Any

from tests.conftest import Clinic
from tests.workplaces.desk import invite, invited, newcomer, respond, site, told


def assigned(clinic: Clinic, place: str | None = None, **more: Any) -> tuple[Any, str]:
    """Hugo assists; he and his assignment's id."""
    hugo = newcomer(clinic)
    respond(hugo, invited(clinic, clinic.amina, place=place, **more))
    listed = clinic.amina.get("/doctors/assistants").json()["items"]
    return hugo, next(one["id"] for one in listed if one["email"].startswith("hugo"))


def board(clinic: Clinic) -> str:
    return f"/appointments/board/{clinic.clock.now().date()}"


def test_it_works(clinic: Clinic) -> None:
    hugo, id = assigned(clinic)
    assert hugo.get(board(clinic)).status_code == 200
    removed = clinic.amina.post(f"/doctors/assistants/{id}/remove", json={"reason": "the season is over"})
    assert (removed.status_code, removed.json()["endReason"]) == (200, "the season is over")
    assert hugo.get(board(clinic)).status_code == 403
    assert hugo.get("/assistants/workplaces").json()["items"] == []
    assert told(clinic, "hugo") == ["assistant_invited", "assistant_ended"]
    line = clinic.audit("assistant.ended")[0]
    assert (line["actor"], line["reason"]) == (clinic.accounts["amina"], "the season is over")


def test_history_is_kept_and_they_may_be_asked_again(clinic: Clinic) -> None:
    hugo, id = assigned(clinic)
    clinic.amina.post(f"/doctors/assistants/{id}/remove", json={"reason": "for now"})
    again = clinic.amina.post(f"/doctors/assistants/{id}/remove", json={"reason": "for now"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "WRONG_STATE")
    assert respond(hugo, invited(clinic, clinic.amina)).status_code == 200
    past = clinic.amina.get("/doctors/assistants", params={"ended": True}).json()["items"]
    assert [one["endedSide"] for one in past if one["email"].startswith("hugo")] == [None, "clinic"]
    now = clinic.amina.get("/doctors/assistants").json()["items"]
    assert len([one for one in now if one["email"].startswith("hugo")]) == 1


def test_leaving_tells_the_doctor(clinic: Clinic) -> None:
    hugo, _ = assigned(clinic)
    left = hugo.post("/assistants/leave", json={"workplaceId": clinic.made.workplace_id, "reason": "I move away"})
    assert left.status_code == 200, left.text
    assert told(clinic, "amina") == ["assistant_accepted", "assistant_left"]
    again = hugo.post("/assistants/leave", json={"workplaceId": clinic.made.workplace_id, "reason": "I move away"})
    assert again.status_code == 404


def test_a_closed_account_assists_nowhere(clinic: Clinic) -> None:
    assigned(clinic)
    closed = clinic.gwen.request(
        "DELETE", f"/admin/users/{clinic.accounts['hugo']}", json={"reason": "has left the town"}
    )
    assert closed.status_code == 200, closed.text
    assert clinic.rows("SELECT 1 FROM assistant_scope WHERE account_id = ?", clinic.accounts["hugo"]) == []
    assert told(clinic, "amina") == ["assistant_accepted", "assistant_left"]


def test_leaving_needs_a_reason(clinic: Clinic) -> None:
    hugo, id = assigned(clinic)
    assert hugo.post("/assistants/leave", json={"workplaceId": clinic.made.workplace_id}).status_code == 400
    assert clinic.amina.post(f"/doctors/assistants/{id}/remove", json={"reason": "  "}).status_code == 400


def test_scopes_change_from_the_next_request_on(clinic: Clinic) -> None:
    hugo, id = assigned(clinic, scopes=["billing"])
    assert hugo.get(board(clinic)).status_code == 403
    changed = clinic.amina.patch(
        f"/doctors/assistants/{id}", json={"scopes": ["schedule.read"]}, headers={"if-match": '"1"'}
    )
    assert (changed.status_code, changed.json()["scopes"]) == (200, ["schedule.read"])
    assert hugo.get(board(clinic)).status_code == 200
    stale = clinic.amina.patch(f"/doctors/assistants/{id}", json={"scopes": ["billing"]}, headers={"if-match": '"1"'})
    assert stale.status_code == 412


def test_a_scope_in_one_workplace_gives_nothing_in_another(clinic: Clinic) -> None:
    elsewhere = site(clinic, clinic.amina)["id"]
    hugo, _ = assigned(clinic, place=elsewhere, scopes=["schedule.read", "schedule.write"])
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.made.types["consultation"],
        "startsAt": "2026-11-17T10:00:00",
        "patientId": clinic.ids["driss"],
    }
    booked = clinic.chloe.post("/appointments", json=wish)
    assert booked.status_code == 201, booked.text
    id = booked.json()["id"]
    assert clinic.chloe.get(f"/appointments/{id}").status_code == 200
    assert hugo.get(f"/appointments/{id}").status_code == 404
    assert hugo.get("/appointments").json()["items"] == []
    cancelled = hugo.post(f"/appointments/{id}/cancel", json={"reason": "not mine to cancel"})
    assert cancelled.status_code == 404
    assert hugo.post("/appointments", json=wish | {"startsAt": "2026-11-17T11:00:00"}).status_code == 403


def test_what_an_assistant_does_is_done_on_behalf_of_the_doctor(clinic: Clinic) -> None:
    wish = {
        "practitionerId": clinic.ids["bruno"],
        "typeId": clinic.made.types["checkup"],
        "startsAt": "2026-11-17T10:00:00",
        "patientId": clinic.ids["driss"],
    }
    assert clinic.chloe.post("/appointments", json=wish).status_code == 201
    line = clinic.audit("appointment.confirmed")[-1]
    assert (line["actor"], line["on_behalf_of"]) == (clinic.accounts["chloe"], clinic.ids["bruno"])


def test_two_sites_two_assignments(clinic: Clinic) -> None:
    elsewhere = site(clinic, clinic.amina)["id"]
    hugo, _ = assigned(clinic)
    respond(hugo, invited(clinic, clinic.amina, place=elsewhere, scopes=["billing"]))
    places = hugo.get("/assistants/workplaces").json()["items"]
    assert sorted(len(one["scopes"]) for one in places) == [1, 5]
    hugo.post("/assistants/leave", json={"workplaceId": elsewhere, "reason": "too far away"})
    assert hugo.get(board(clinic)).status_code == 200


def test_dashboard(clinic: Clinic) -> None:
    hugo, _ = assigned(clinic)
    elsewhere = site(clinic, clinic.amina)["id"]
    invite(clinic, clinic.amina, place=elsewhere)
    seen = hugo.get("/assistants/dashboard")
    assert seen.status_code == 200, seen.text
    shown = seen.json()
    assert {one["lastName"] for one in shown["doctors"]} == {"Benali"}
    assert [one["workplaceId"] for one in shown["workplaces"]] == [clinic.made.workplace_id]
    assert [one["workplaceId"] for one in shown["invitations"]] == [elsewhere]
    assert shown["today"] == []


def test_an_invitation_makes_nobody_more_than_an_assistant(clinic: Clinic) -> None:
    hugo, id = assigned(clinic)
    assert hugo.get("/doctors/assistants").status_code == 403
    assert hugo.patch(f"/doctors/assistants/{id}", json={"scopes": ["records.read"]}).status_code == 403


def test_strangers(clinic: Clinic) -> None:
    own = site(clinic, clinic.amina)["id"]
    _, id = assigned(clinic, place=own)
    why = {"reason": "not mine to remove"}
    assert clinic.bruno.post(f"/doctors/assistants/{id}/remove", json=why).status_code == 404
    assert clinic.bruno.get("/doctors/assistants").json()["items"] != []
    assert id not in {one["id"] for one in clinic.bruno.get("/doctors/assistants").json()["items"]}
    for person in (clinic.chloe, clinic.driss, clinic.farid):
        assert person.post(f"/doctors/assistants/{id}/remove", json=why).status_code == 403
        assert person.get("/doctors/assistants").status_code == 403
    for person in (clinic.amina, clinic.driss):
        assert person.get("/assistants/workplaces").status_code == 403
        assert person.get("/assistants/dashboard").status_code == 403
    assert clinic.anonymous.get("/assistants/invitations").status_code == 401
    assert clinic.gwen.post(f"/doctors/assistants/{id}/remove", json=why).status_code == 200


def test_a_colleague_sees_but_does_not_remove(clinic: Clinic) -> None:
    _, id = assigned(clinic)
    assert id in {one["id"] for one in clinic.bruno.get("/doctors/assistants").json()["items"]}
    answer = clinic.bruno.post(f"/doctors/assistants/{id}/remove", json={"reason": "not mine to remove"})
    assert answer.status_code == 403
