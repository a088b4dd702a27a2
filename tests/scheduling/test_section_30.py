"""The rows of SPEC section 30 that belong to the calendar, each by its number. Row 45 is in `test_statistics`, 52 in
`test_clock_changes`."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest

from esante.scheduling.states import TRANSITIONS
from esante.scheduling.structs import Status
from tests.scheduling.test_no_overlap import OVERLAPS

if TYPE_CHECKING:
    from tests.conftest import Clinic

WHY = {"reason": "Because"}
DAY = "2026-11-17"


def wish(clinic: Clinic, clock: str = "10:00", **more: Any) -> dict[str, Any]:
    return {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": f"{DAY}T{clock}:00+01:00",
        "reason": "A cough",
    } | more


def booked(clinic: Clinic, clock: str = "10:00", who: str = "driss", **more: Any) -> dict[str, Any]:
    answer = getattr(clinic, who).post("/appointments", json=wish(clinic, clock, **more))
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


def sure(clinic: Clinic, clock: str = "10:00", patient: str = "driss", **more: Any) -> dict[str, Any]:
    return booked(clinic, clock, "chloe", patientId=clinic.ids[patient], **more)


def taken(clinic: Clinic, kept: dict[str, Any]) -> int:
    rows = clinic.rows("SELECT count(*) AS n FROM occupancy WHERE appointment_id = ?", kept["id"])
    return int(rows[0]["n"])


def test_row_1_fifty_want_one_slot_and_one_gets_it(clinic: Clinic) -> None:
    people = (clinic.driss, clinic.emma)
    answers = clinic.together([(people[n % 2], "POST", "/appointments", {"json": wish(clinic)}) for n in range(50)])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}
    refused = next(answer for answer in answers if answer.status_code == 409).json()["error"]
    assert refused["code"] == "SLOT_TAKEN"
    assert len(refused["extra"]["nearest"]) == 3


@pytest.mark.parametrize("kind", ["consultation", "follow_up", "vaccination"])
@pytest.mark.parametrize("clock", ["09:45", "10:00", "10:05", "10:25"])
def test_row_2_overlaps_of_other_lengths_and_types_are_refused(clinic: Clinic, kind: str, clock: str) -> None:
    sure(clinic)
    body = wish(clinic, clock, typeId=clinic.types[kind], patientId=clinic.ids["emma"])
    answer = clinic.chloe.post("/appointments", json=body)
    ends = {"consultation": 30, "follow_up": 15, "vaccination": 10}[kind]
    touches = not (clock == "09:45" and ends <= 15)
    assert answer.status_code == (409 if touches else 201), answer.text
    same_patient = wish(
        clinic, clock, practitionerId=clinic.ids["bruno"], typeId=clinic.types[kind], patientId=clinic.ids["driss"]
    )
    assert clinic.chloe.post("/appointments", json=same_patient).status_code == (409 if touches else 201)
    assert list(clinic.rows(OVERLAPS)[0].values()) == [0]


def test_row_3_saving_availability_again_never_frees_a_booked_time(clinic: Clinic) -> None:
    kept = sure(clinic)
    template = clinic.amina.get("/availability/template").json()["rows"]
    assert clinic.amina.put("/availability/template", json={"rows": template}).json()["conflicts"] == []
    exception = f"/availability/exceptions/{DAY}"
    clinic.amina.put(exception, json={"extra": [{"from": "18:00", "to": "20:00"}]})
    clinic.amina.put(exception, json={"extra": [{"from": "18:00", "to": "20:00"}]})
    assert clinic.amina.put("/availability/template", json={"rows": []}).json()["conflicts"][0]["id"] == kept["id"]
    clinic.amina.put("/availability/template", json={"rows": template})
    bulk = {"from": DAY, "to": DAY, "dayOff": True, "keepBooked": True, "skipExisting": False}
    answer = clinic.amina.post("/availability/bulk", json=bulk)
    assert answer.json()["updated"] == [DAY], answer.text
    clinic.amina.delete(exception)
    assert taken(clinic, kept) == 2
    slots = clinic.emma.get(f"/doctors/{clinic.ids['amina']}/slots?from={DAY}&to={DAY}").json()["items"]
    assert f"{DAY}T10:00:00" not in [slot["localStart"] for slot in slots]
    assert clinic.emma.post("/appointments", json=wish(clinic)).status_code == 409


def test_row_4_two_open_wishes_for_one_slot_and_one_wins(clinic: Clinic) -> None:
    mine, theirs = sure(clinic, "09:00"), sure(clinic, "11:00", "emma")
    body = {"startsAt": f"{DAY}T14:00:00+01:00"}
    asked = clinic.driss.post(f"/appointments/{mine['id']}/reschedule-requests", json=body)
    assert asked.status_code == 201, asked.text
    refused = clinic.emma.post(f"/appointments/{theirs['id']}/reschedule-requests", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "SLOT_TAKEN")
    approved = clinic.amina.post(f"/appointments/{mine['id']}/reschedule-requests/approve")
    assert approved.json()["startsAt"] == f"{DAY}T13:00:00Z"


def test_row_4_approving_checks_again(clinic: Clinic) -> None:
    """A wish that has lapsed, and whose time somebody else has since, is not approved."""
    mine = sure(clinic, "09:00")
    clinic.driss.post(f"/appointments/{mine['id']}/reschedule-requests", json={"startsAt": "2026-11-19T14:00:00+01:00"})
    clinic.clock.advance(hours=24)
    for person in (clinic.chloe, clinic.amina, clinic.emma):
        person.sign_in()
    assert (
        clinic.emma.post("/appointments", json=wish(clinic) | {"startsAt": "2026-11-19T14:00:00+01:00"}).status_code
        == 201
    )
    answer = clinic.amina.post(f"/appointments/{mine['id']}/reschedule-requests/approve")
    assert answer.status_code in (404, 409), answer.text
    assert clinic.amina.get(f"/appointments/{mine['id']}").json()["startsAt"] == mine["startsAt"]


@pytest.mark.parametrize("who", ["driss", "chloe", "amina", "gwen"])
@pytest.mark.parametrize("how", ["cancel", "reject", "withdraw", "move", "expire"])
def test_row_5_time_is_freed_exactly_once(clinic: Clinic, who: str, how: str) -> None:
    kept = booked(clinic)
    path = f"/appointments/{kept['id']}"
    person = getattr(clinic, who)
    if how == "expire":
        clinic.clock.advance(hours=24)
        for one in (clinic.chloe, clinic.emma):
            one.sign_in()
        clinic.run_jobs()
        clinic.run_jobs()
        assert [line["role"] for line in clinic.audit("appointment.expired")] == ["system"]
    elif who == "driss" and how != "cancel":
        assert person.post(f"{path}/{how}", json=WHY).status_code in (403, 404, 405)
        return
    elif how == "withdraw":
        answers = [person.delete(path).status_code for _ in range(2)]
        assert answers == [200, 409]
    elif how == "move":
        answer = person.post(f"{path}/reschedule", json={"startsAt": f"{DAY}T15:00:00+01:00"})
        assert (answer.status_code, taken(clinic, kept)) == (200, 2)
    else:
        answers = [person.post(f"{path}/{how}", json=WHY).status_code for _ in range(2)]
        assert answers == [200, 409]
    ends = ("cancelled", "rejected", "expired", "rescheduled")
    assert sum(len(clinic.audit(f"appointment.{one}")) for one in ends) == 1
    assert taken(clinic, kept) == (2 if how == "move" else 0)
    assert clinic.emma.post("/appointments", json=wish(clinic)).status_code in (201, 400)
    assert taken(clinic, kept) == (2 if how == "move" else 0)


VERBS = {
    "confirm": ("confirm", None),
    "reject": ("reject", WHY),
    "cancel": ("cancel", WHY),
    "move": ("reschedule", {"startsAt": "2026-11-17T16:00:00+01:00"}),
    "check_in": ("check-in", None),
    "start": ("start", None),
    "complete": ("complete", None),
    "no_show": ("no-show", None),
}


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["amina", "gwen"])
def test_row_6_every_transition_outside_section_25_is_409(clinic: Clinic, status: Status, verb: str, who: str) -> None:
    """Also for admins: only documented edges (SC-29)."""
    if status in TRANSITIONS[verb]:  # type: ignore[index]
        return
    kept = sure(clinic)
    clinic.tamper(
        "UPDATE appointment SET status = ?, hold_until = CASE ? WHEN 'pending' THEN '2026-11-17T09:00:00.000Z' END WHERE id = ?",
        status,
        status,
        kept["id"],
    )
    path, body = VERBS[verb]
    person = getattr(clinic, who)
    if who == "gwen" and verb in ("start", "complete"):
        assert person.post(f"/appointments/{kept['id']}/{path}").status_code == 403
        return
    answer = person.post(f"/appointments/{kept['id']}/{path}", **({"json": body} if body else {}))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["extra"]["state"]) == (409, "WRONG_STATE", status), answer.text
    assert error["extra"]["possible"] == sorted(
        name for name, rows in TRANSITIONS.items() if status in rows and name != "expire"
    )
    assert clinic.rows("SELECT status FROM appointment WHERE id = ?", kept["id"]) == [{"status": status}]


def test_row_20_a_reminder_is_sent_once_only_confirmed_and_moves_with_its_visit(clinic: Clinic) -> None:
    stays, goes, moves = sure(clinic, "10:00"), sure(clinic, "11:00"), sure(clinic, "14:00")
    pending = booked(clinic, "15:00")
    clinic.run_jobs()
    clinic.chloe.post(f"/appointments/{goes['id']}/cancel", json=WHY)
    clinic.chloe.post(f"/appointments/{moves['id']}/reschedule", json={"startsAt": "2026-11-18T14:00:00+01:00"})
    clinic.run_jobs()
    for minutes in range(0, 60 * 72, 30):
        clinic.clock.set(datetime(2026, 11, 16, 7, 0, tzinfo=UTC) + timedelta(minutes=minutes))
        clinic.run_jobs()
    told = [one for one in clinic.notifications("driss") if one["kind"] == "appointment_reminder"]
    assert Counter(one["subject"] for one in told) == {stays["id"]: 2, moves["id"]: 2}
    assert pending["id"] not in {one["subject"] for one in told}
    mails = clinic.rows("SELECT subject FROM delivery WHERE kind = 'appointment_reminder'")
    assert Counter(one["subject"] for one in mails) == {stays["id"]: 2, moves["id"]: 2}


def test_row_50_no_literal_route_is_shadowed_by_a_parameter(clinic: Clinic) -> None:
    """Every path leads to its own handler, whatever parameter stands beside its words."""
    app = clinic.app.litestar
    samples = {"date": DAY, "int": "1", "uuid": "01a1f787-92f6-7161-83f5-1662eb6d6643"}
    checked, shadowed = 0, []
    for route in app.routes:
        if not route.path.startswith("/api/v1") or not hasattr(route, "route_handler_map"):
            continue
        path = re.sub(r"\{\w+:(\w+)\}", lambda found: samples.get(found.group(1), "zzz"), route.path)
        for method in route.route_handler_map:
            template = app.asgi_router.handle_routing(path=path, method=method)[-1]
            checked += 1
            if template != route.path_format:
                shadowed.append(f"{method} {route.path} is taken for {template}")
    assert shadowed == []
    assert checked > 100


def test_row_50_words_beside_ids_are_words(clinic: Clinic) -> None:
    """Where a parameter could take the word for an id: the answer is the word's."""
    for person, path, status in (
        (clinic.amina, "/doctors/statistics", 200),
        (clinic.amina, "/doctors/appointments", 200),
        (clinic.amina, "/doctors/calendar-feed", 404),
        (clinic.chloe, f"/appointments/by-date/{DAY}", 200),
        (clinic.chloe, f"/appointments/board/{DAY}", 200),
        (clinic.gwen, "/admin/statistics/appointments", 200),
    ):
        answer = person.get(path)
        assert answer.status_code == status, answer.text
        assert "appointment" not in answer.json().get("error", {}).get("message", "")
    assert clinic.chloe.post("/appointments/series", json={}).json()["error"]["code"] == "VALIDATION_ERROR"
