"""Before the day of a visit: papers checked (SC-18), a yes to a time that the staff chose (SC-15), insurance (PE-06)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.workplaces.desk import invited, newcomer, respond, site

if TYPE_CHECKING:
    from tests.conftest import Clinic

THURSDAY = "2026-11-19"


def booked(clinic: Clinic, at: str = f"{THURSDAY}T10:00:00", doctor: str = "amina", **more: Any) -> dict[str, Any]:
    body = {
        "practitionerId": clinic.ids[doctor],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids["driss"],
        "startsAt": at,
    }
    answer = clinic.gwen.post("/appointments", json=body | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def put(clinic: Clinic, key: str, value: Any) -> None:
    version = clinic.gwen.get(f"/settings/{key}").headers["etag"]
    answer = clinic.gwen.put(f"/settings/{key}", json={"value": value}, headers={"if-match": version})
    assert answer.status_code == 200, answer.text


def code(answer: Any) -> str:
    return str(answer.json()["error"]["code"])


# ------------------------------------------------------------------------- papers


def test_it_works(clinic: Clinic) -> None:
    kept = booked(clinic)
    marked = clinic.chloe.post(f"/appointments/{kept['id']}/pre-check")
    assert (marked.status_code, marked.json()["status"]) == (200, "confirmed"), marked.text
    assert marked.json()["preCheckedAt"] is not None
    line = clinic.chloe.get(f"/appointments/board/{THURSDAY}").json()["expected"][0]
    assert line["preCheckedAt"] == marked.json()["preCheckedAt"]
    assert clinic.audit("appointment.pre_checked")[-1]["on_behalf_of"] == clinic.ids["amina"]
    again = clinic.chloe.post(f"/appointments/{kept['id']}/pre-check")
    assert again.json()["version"] == marked.json()["version"]
    taken_back = clinic.chloe.delete(f"/appointments/{kept['id']}/pre-check")
    assert taken_back.json()["preCheckedAt"] is None
    assert clinic.audit("appointment.pre_checked")[-1]["detail"]["withdrawn"] is True


def test_a_move_takes_the_mark_away(clinic: Clinic) -> None:
    kept = booked(clinic)
    clinic.chloe.post(f"/appointments/{kept['id']}/pre-check")
    moved = clinic.chloe.post(f"/appointments/{kept['id']}/reschedule", json={"startsAt": f"{THURSDAY}T11:00:00"})
    assert moved.json()["preCheckedAt"] is None


def test_only_a_confirmed_visit_has_papers_to_check(clinic: Clinic) -> None:
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": f"{THURSDAY}T10:00:00",
        "reason": "A cough",
    }
    pending = clinic.driss.post("/appointments", json=wish).json()["id"]
    refused = clinic.chloe.post(f"/appointments/{pending}/pre-check")
    assert (refused.status_code, code(refused)) == (409, "WRONG_STATE")


def test_checking_in_is_still_a_matter_of_the_day(clinic: Clinic) -> None:
    kept = booked(clinic)
    clinic.chloe.post(f"/appointments/{kept['id']}/pre-check")
    assert code(clinic.chloe.post(f"/appointments/{kept['id']}/check-in")) == "OTHER_DAY"


def test_strangers_check_no_papers(clinic: Clinic) -> None:
    kept = booked(clinic)
    path = f"/appointments/{kept['id']}/pre-check"
    for person, status in ((clinic.driss, 403), (clinic.farid, 403), (clinic.bruno, 404), (clinic.anonymous, 401)):
        assert person.post(path).status_code == status
        assert person.delete(path).status_code == status


# ----------------------------------------------------------------- a yes to a new time


@pytest.fixture
def asking(clinic: Clinic) -> Clinic:
    """A clinic that asks whether a new time suits, and waits for a day."""
    put(clinic, "reconfirmMovedHours", 24)
    return clinic


def moved(clinic: Clinic, kept: dict[str, Any], at: str = f"{THURSDAY}T15:00:00") -> dict[str, Any]:
    answer = clinic.chloe.post(f"/appointments/{kept['id']}/reschedule", json={"startsAt": at})
    assert answer.status_code == 200, answer.text
    clinic.run_jobs()
    return dict(answer.json())


def test_the_patient_is_asked_and_says_yes(asking: Clinic) -> None:
    clinic = asking
    mark = moved(clinic, booked(clinic))
    assert (mark["status"], mark["reconfirmUntil"]) == ("confirmed", "2026-11-17T07:00:00Z")
    told = clinic.notifications("driss")[-1]
    assert (told["kind"], "convient" in told["body"]) == ("appointment_rescheduled", True)
    yes = clinic.driss.post(f"/appointments/{mark['id']}/reconfirm")
    assert (yes.status_code, yes.json()["reconfirmUntil"]) == (200, None), yes.text
    assert clinic.audit("appointment.reconfirmed")[-1]["actor"] == clinic.accounts["driss"]
    assert code(clinic.driss.post(f"/appointments/{mark['id']}/reconfirm")) == "NOT_ASKED"
    clinic.clock.advance(hours=25)
    clinic.run_jobs()
    assert clinic.audit("appointment.reconfirmation_missed") == []


def test_nobody_is_asked_unless_the_clinic_wants_it(clinic: Clinic) -> None:
    assert moved(clinic, booked(clinic))["reconfirmUntil"] is None


def test_who_asked_for_the_time_is_not_asked_again(asking: Clinic) -> None:
    clinic = asking
    kept = booked(clinic)
    path = f"/appointments/{kept['id']}/reschedule-requests"
    assert clinic.driss.post(path, json={"startsAt": f"{THURSDAY}T15:00:00"}).status_code == 201
    approved = clinic.chloe.post(f"{path}/approve")
    assert (approved.status_code, approved.json()["reconfirmUntil"]) == (200, None), approved.text


def test_without_an_answer_the_visit_stays_and_the_desk_is_told(asking: Clinic) -> None:
    clinic = asking
    mark = moved(clinic, booked(clinic))
    clinic.clock.advance(hours=24)
    clinic.run_jobs()
    clinic.run_jobs()
    assert len(clinic.audit("appointment.reconfirmation_missed")) == 1
    for name in ("amina", "chloe"):
        assert clinic.notifications(name)[-1]["kind"] == "reconfirmation_missed"
    for name in ("bruno", "driss", "emma", "farid"):
        assert "reconfirmation_missed" not in {one["kind"] for one in clinic.notifications(name)}
    clinic.chloe.headers = {}
    assert clinic.chloe.get(f"/appointments/{mark['id']}").json()["status"] == "confirmed"
    late = clinic.chloe.post(f"/appointments/{mark['id']}/reconfirm")  # a call to the patient has helped
    assert late.json()["reconfirmUntil"] is None


def test_a_second_move_asks_anew(asking: Clinic) -> None:
    clinic = asking
    first = moved(clinic, booked(clinic))
    clinic.clock.advance(hours=12)
    clinic.chloe.headers = {}
    moved(clinic, first, f"{THURSDAY}T16:00:00")
    clinic.clock.advance(hours=13)
    clinic.run_jobs()
    assert clinic.audit("appointment.reconfirmation_missed") == []
    clinic.clock.advance(hours=11)
    clinic.run_jobs()
    assert len(clinic.audit("appointment.reconfirmation_missed")) == 1


def test_who_is_asked_may_say_no_at_short_notice(asking: Clinic) -> None:
    clinic = asking
    mark = moved(clinic, booked(clinic), "2026-11-16T09:30:00")
    off = clinic.driss.post(f"/appointments/{mark['id']}/cancel", json={"reason": "that is too early"})
    assert (off.status_code, off.json()["reconfirmUntil"]) == (200, None), off.text
    again = moved(clinic, booked(clinic, f"{THURSDAY}T12:00:00"), "2026-11-16T09:30:00")
    clinic.driss.post(f"/appointments/{again['id']}/reconfirm")
    late = clinic.driss.post(f"/appointments/{again['id']}/cancel", json={"reason": "that is too early"})
    assert code(late) == "TOO_LATE_TO_CANCEL"


def test_strangers_say_nothing(asking: Clinic) -> None:
    clinic = asking
    path = f"/appointments/{moved(clinic, booked(clinic))['id']}/reconfirm"
    for person, status in ((clinic.emma, 404), (clinic.bruno, 404), (clinic.farid, 403), (clinic.anonymous, 401)):
        assert person.post(path).status_code == status


# ---------------------------------------------------------------------------- insurance


def insured(clinic: Clinic, *policies: tuple[str, str | None]) -> None:
    version = clinic.gwen.get(f"/patients/{clinic.ids['driss']}").headers["etag"]
    body = [{"provider": name, "policyNumber": "1", "validTo": until} for name, until in policies]
    path = f"/patients/{clinic.ids['driss']}"
    assert clinic.gwen.patch(path, json={"insurances": body}, headers={"if-match": version}).status_code == 200


@pytest.mark.parametrize(
    ("policies", "accepted", "warning"),
    [
        ((), [], None),
        ((("CPAM", "2026-11-18"),), [], "expired"),
        ((("CPAM", THURSDAY),), [], None),
        ((("CPAM", "2020-01-01"), ("MGEN", None)), [], None),
        ((("CPAM", None),), ["MGEN"], "not_accepted"),
        ((("mgen", None),), ["MGEN"], None),
        ((("MGEN", "2020-01-01"), ("CPAM", None)), ["MGEN"], "not_accepted"),
    ],
)
def test_insurance_is_flagged_at_booking_and_nobody_turned_away(
    clinic: Clinic, policies: tuple[tuple[str, str | None], ...], accepted: list[str], warning: str | None
) -> None:
    insured(clinic, *policies)
    place = clinic.made.workplace_id
    version = clinic.gwen.get(f"/workplaces/{place}").headers["etag"]
    clinic.gwen.patch(f"/workplaces/{place}", json={"insurances": accepted}, headers={"if-match": version})
    kept = booked(clinic)
    assert kept["insuranceWarning"] == warning
    line = clinic.chloe.get(f"/appointments/by-date/{THURSDAY}").json()["items"][0]
    assert line["insuranceWarning"] == warning


# ------------------------------------------------------------------- who of the desk is told


def test_the_desk_that_may_answer_is_told_of_requests(clinic: Clinic) -> None:
    hugo, nina = newcomer(clinic, "hugo"), newcomer(clinic, "nina")
    respond(hugo, invited(clinic, clinic.bruno, "hugo"))
    respond(nina, invited(clinic, clinic.amina, "nina", scopes=["schedule.read"]))
    private = site(clinic, clinic.amina)["id"]
    olga = newcomer(clinic, "olga")
    respond(olga, invited(clinic, clinic.amina, "olga", place=private))
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": f"{THURSDAY}T10:00:00",
        "reason": "A cough",
    }
    kept = clinic.driss.post("/appointments", json=wish).json()["id"]
    path = f"/appointments/{kept}/reschedule-requests"
    assert clinic.driss.post(path, json={"startsAt": f"{THURSDAY}T15:00:00"}).status_code == 201
    clinic.run_jobs()
    kinds = {"new_appointment_request", "reschedule_requested"}
    for name in ("amina", "chloe"):
        assert kinds <= {one["kind"] for one in clinic.notifications(name)}, name
    for name in ("hugo", "nina", "olga", "bruno", "gwen", "emma"):
        assert not kinds & {one["kind"] for one in clinic.notifications(name)}, name
