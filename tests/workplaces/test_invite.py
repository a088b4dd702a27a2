"""Inviting an assistant, and the answer (SPEC WA-05 to WA-12; row 44 of the defect checklist)."""

from typing import Any

import pytest

from esante.kernel.config import Config, Limits
from tests.conftest import Clinic, Person
from tests.workplaces.desk import invite, invited, newcomer, respond, site, told, wait


def test_it_works(clinic: Clinic) -> None:
    hugo = newcomer(clinic)
    made = invite(clinic, clinic.amina, name="HUGO", message="Mornings?", scopes=["schedule.read"])
    assert made.status_code == 201, made.text
    assert made.json()["code"] is None
    invitation = made.json()["invitation"]
    assert (invitation["status"], invitation["practitionerName"], invitation["message"]) == (
        "pending", "Amina Benali", "Mornings?",
    )  # fmt: skip
    assert told(clinic, "hugo") == ["assistant_invited"]
    waiting = hugo.get("/assistants/invitations", params={"status": "pending"}).json()["items"]
    assert [one["id"] for one in waiting] == [invitation["id"]]
    answered = respond(hugo, invitation["id"])
    assert (answered.status_code, answered.json()["status"]) == (200, "accepted")
    assert [one["scopes"] for one in hugo.get("/assistants/workplaces").json()["items"]] == [["schedule.read"]]
    doctors = hugo.get("/assistants/doctors").json()["items"]
    assert [one["lastName"] for one in doctors] == ["Benali"]
    assert told(clinic, "amina") == ["assistant_accepted"]
    actions = [line["action"] for line in clinic.audit() if line["subject"] == invitation["id"]]
    assert actions == ["assistant.invited", "assistant.accepted"]


def test_row_44_duplicate_late_cancel_leave(clinic: Clinic) -> None:
    """A duplicate is 409, an answer after the expiry 410, only a pending one is cancelled, the end is at once."""
    hugo = newcomer(clinic)
    first = invited(clinic, clinic.amina)
    again = invite(clinic, clinic.bruno, name="Hugo")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "INVITATION_OPEN")
    wait(clinic, days=7)
    assert (late := respond(hugo, first)).status_code == 410, late.text
    cancelled = clinic.amina.post(f"/doctors/invitations/{first}/cancel")
    assert cancelled.status_code == 410

    second = invited(clinic, clinic.amina)
    assert respond(hugo, second).status_code == 200
    for verb in (
        lambda: clinic.amina.post(f"/doctors/invitations/{second}/cancel"),
        lambda: respond(hugo, second, accept=False),
    ):
        wrong = verb()
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (409, "WRONG_STATE")
        assert wrong.json()["error"]["extra"]["state"] == "accepted"

    board = f"/appointments/board/{clinic.clock.now().date()}"
    assert hugo.get(board).status_code == 200
    left = hugo.post("/assistants/leave", json={"workplaceId": clinic.made.workplace_id, "reason": "I move away"})
    assert (left.status_code, left.json()["endedSide"]) == (200, "assistant")
    assert hugo.get(board).status_code == 403
    assert hugo.get("/auth/me").status_code == 200, "the session stays"


def test_the_sweep_tells_the_world(clinic: Clinic) -> None:
    newcomer(clinic)
    id = invited(clinic, clinic.amina)
    wait(clinic, days=6, hours=23)
    clinic.run_jobs()
    assert clinic.audit("assistant.expired") == []
    wait(clinic, hours=1, minutes=15)
    clinic.run_jobs()
    clinic.run_jobs()
    assert [line["subject"] for line in clinic.audit("assistant.expired")] == [id]
    assert clinic.audit("assistant.expired")[0]["actor"] == "job:workplaces.expire_invitations"
    assert told(clinic, "amina") == ["assistant_expired"]
    assert clinic.amina.get("/doctors/invitations").json()["items"][0]["status"] == "expired"


def test_only_the_two_parties_are_told(clinic: Clinic) -> None:
    hugo = newcomer(clinic)
    respond(hugo, invited(clinic, clinic.amina))
    hugo.post("/assistants/leave", json={"workplaceId": clinic.made.workplace_id, "reason": "I move away"})
    assert told(clinic, "hugo") == ["assistant_invited"]
    assert told(clinic, "amina") == ["assistant_accepted", "assistant_left"]
    for stranger in ("bruno", "chloe", "driss", "emma", "farid", "gwen"):
        assert told(clinic, stranger) == []
    text = clinic.notifications("amina")[-1]["body"]
    assert "hugo@demo.esante.example" in text
    assert "move away" not in text, "the reason is read in the list"


def test_how_long_it_is_open_is_a_setting(clinic: Clinic) -> None:
    hugo = newcomer(clinic)
    answer = clinic.gwen.put("/settings/invitationDays", json={"value": 1}, headers={"if-match": '"0"'})
    assert answer.status_code == 200, answer.text
    id = invited(clinic, clinic.amina)
    wait(clinic, days=1)
    assert respond(hugo, id).status_code == 410


def test_no_is_told_and_may_be_asked_again(clinic: Clinic) -> None:
    hugo = newcomer(clinic)
    assert respond(hugo, invited(clinic, clinic.amina), accept=False).json()["status"] == "rejected"
    assert told(clinic, "amina") == ["assistant_rejected"]
    assert hugo.get("/assistants/workplaces").json()["items"] == []
    invited(clinic, clinic.amina)


def test_cancelled_is_told_and_may_be_asked_again(clinic: Clinic) -> None:
    hugo = newcomer(clinic)
    id = invited(clinic, clinic.amina)
    assert clinic.amina.post(f"/doctors/invitations/{id}/cancel").json()["status"] == "cancelled"
    assert clinic.amina.post(f"/doctors/invitations/{id}/cancel").status_code == 409
    assert respond(hugo, id).status_code == 409
    assert told(clinic, "hugo") == ["assistant_invited", "assistant_cancelled"]
    invited(clinic, clinic.amina)
    listed = clinic.amina.get("/doctors/invitations").json()["items"]
    assert [one["status"] for one in listed] == ["pending", "cancelled"], "history is kept"


def test_asked_again_before_the_sweep(clinic: Clinic) -> None:
    newcomer(clinic)
    first = invited(clinic, clinic.amina)
    wait(clinic, days=7, seconds=1)
    second = invited(clinic, clinic.amina)
    assert first != second
    assert [line["subject"] for line in clinic.audit("assistant.expired")] == [first]


def test_who_assists_already_is_not_invited(clinic: Clinic) -> None:
    answer = invite(clinic, clinic.amina, name="chloe")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ALREADY_ASSISTANT")
    own = invite(clinic, clinic.amina, name="amina")
    assert own.json()["error"]["code"] == "OWN_ACCOUNT"


def test_a_patient_may_become_an_assistant_too(clinic: Clinic) -> None:
    id = invited(clinic, clinic.amina, name="emma")
    assert respond(clinic.emma, id).json()["status"] == "accepted"
    switched = clinic.emma.sign_in(role="assistant")
    assert switched
    assert clinic.emma.get("/assistants/workplaces").json()["items"][0]["workplaceId"] == clinic.made.workplace_id


def test_a_repeat_on_a_bad_line_invites_once(clinic: Clinic) -> None:
    body = {"workplaceId": clinic.made.workplace_id, "email": "new@demo.esante.example"}
    answers = [
        clinic.amina.post("/doctors/invite-assistant", json=body, headers={"idempotency-key": "k1"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    kept = clinic.rows("SELECT result FROM idempotency WHERE key = 'k1'")
    assert answers[0].json()["code"] not in kept[0]["result"], "the code is derived, never stored"


def test_200_yeses_at_once_make_one_assistant(clinic: Clinic) -> None:
    hugo = newcomer(clinic)
    body = {"json": {"invitationId": invited(clinic, clinic.amina), "accept": True}}
    hugo.sign_in()
    answers = clinic.together([(hugo, "POST", "/assistants/respond-invite", body) for _ in range(200)])
    assert sorted({answer.status_code for answer in answers}) == [200, 409]
    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert len(clinic.audit("assistant.accepted")) == 1


def test_a_yes_looks_again_at_the_inviter(clinic: Clinic) -> None:
    hugo = newcomer(clinic)
    id = invited(clinic, clinic.amina)
    answer = clinic.gwen.post(f"/doctors/{clinic.ids['amina']}/suspend", json={"reason": "licence withdrawn"})
    assert answer.status_code == 200, answer.text
    assert respond(hugo, id).status_code == 410
    assert clinic.audit("assistant.accepted") == []


def test_strangers(clinic: Clinic) -> None:
    hugo = newcomer(clinic)
    id = invited(clinic, clinic.amina)
    for stranger in (clinic.chloe, clinic.driss):
        assert respond(stranger, id).status_code == 404
        assert stranger.get("/assistants/invitations").json()["items"] == []
    assert clinic.bruno.post(f"/doctors/invitations/{id}/cancel").status_code == 404
    for person in (clinic.chloe, clinic.driss, clinic.farid, hugo):
        assert invite(clinic, person, name="other").status_code == 403
    assert invite(clinic, clinic.anonymous, name="other").status_code == 401
    assert clinic.gwen.post(f"/doctors/invitations/{id}/cancel").status_code == 200
    own = site(clinic, clinic.bruno)["id"]
    assert invite(clinic, clinic.amina, name="other", place=own).status_code == 403
    assert invite(clinic, clinic.amina, name="other", place="nowhere").status_code == 404


@pytest.mark.parametrize(
    "faulty",
    [
        {"email": "no address"},
        {"scopes": []},
        {"scopes": ["audit"]},
        {"status": "accepted"},
        {"message": ""},
        {"message": "x" * 501},
    ],
)
def test_what_makes_no_sense_is_refused(clinic: Clinic, faulty: dict[str, Any]) -> None:
    answer = invite(clinic, clinic.amina, **faulty)
    assert answer.status_code == 400, answer.text


def test_an_unverified_doctor_invites_nobody(clinic: Clinic) -> None:
    suspended = clinic.gwen.post(f"/doctors/{clinic.ids['amina']}/suspend", json={"reason": "licence withdrawn"})
    assert suspended.status_code == 200
    answer = invite(clinic, clinic.amina)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "NOT_VERIFIED")


# ------------------------------------------------------------------------------ by code


def join(clinic: Clinic, code: str, name: str = "nina", **more: Any) -> Any:
    body = {"email": f"{name}@demo.esante.example", "code": code, "password": "Correct-Horse-7"} | more
    return clinic.anonymous.post("/assistants/join", json=body)


def test_who_has_no_account_joins_by_code(clinic: Clinic) -> None:
    made = invite(clinic, clinic.amina, name="nina").json()
    joined = join(clinic, made["code"].lower().replace("-", " "), name="NINA")
    assert joined.status_code == 201, joined.text
    assert joined.json()["scopes"] == made["invitation"]["scopes"]
    nina = Person(clinic, "nina")
    assert nina.get("/assistants/workplaces").json()["items"][0]["workplaceId"] == clinic.made.workplace_id
    assert told(clinic, "amina") == ["assistant_accepted"]
    again = join(clinic, made["code"])
    assert (again.status_code, again.json()["error"]["code"]) == (410, "CODE_REFUSED")


def test_a_wrong_code_is_noted(clinic: Clinic) -> None:
    invite(clinic, clinic.amina, name="nina")
    for name in ("nina", "nobody"):
        answer = join(clinic, "0000-0000-0000", name=name)
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "CODE_REFUSED")
    assert len(clinic.audit("assistant.code_refused")) == 2


@pytest.mark.parametrize("config", [Config(limits=Limits(connections_per_address=100_000))])
def test_guessing_has_to_wait(clinic: Clinic) -> None:
    made = invite(clinic, clinic.amina, name="nina").json()
    answers = [join(clinic, "0000-0000-0000").status_code for _ in range(6)]
    assert answers == [410] * 5 + [429]
    assert join(clinic, made["code"]).status_code == 429
    wait(clinic, minutes=16)
    assert join(clinic, made["code"]).status_code == 201


def test_a_code_runs_out_with_its_invitation(clinic: Clinic) -> None:
    made = invite(clinic, clinic.amina, name="nina").json()
    wait(clinic, days=7)
    assert join(clinic, made["code"]).status_code == 410
    other = invite(clinic, clinic.amina, name="nina").json()
    clinic.amina.post(f"/doctors/invitations/{other['invitation']['id']}/cancel")
    assert join(clinic, other["code"]).status_code == 410


def test_who_has_an_account_by_now_signs_in(clinic: Clinic) -> None:
    made = invite(clinic, clinic.amina, name="nina").json()
    nina = newcomer(clinic, "nina", role="pharmacist")
    answer = join(clinic, made["code"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ACCOUNT_EXISTS")
    assert respond(nina, made["invitation"]["id"]).json()["status"] == "accepted"


def test_a_weak_password_is_refused(clinic: Clinic) -> None:
    made = invite(clinic, clinic.amina, name="nina").json()
    answer = join(clinic, made["code"], password="password1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WEAK_PASSWORD")
    assert join(clinic, made["code"]).status_code == 201
