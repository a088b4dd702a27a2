"""The doors of scheduling over HTTP: status codes, headers, roles, and what the jobs do afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Clinic

TEN = "2026-11-16T10:00:00+01:00"
WHY = {"reason": "Because"}


def wish(clinic: Clinic, starts_at: str = TEN, **more: Any) -> dict[str, Any]:
    return {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": starts_at,
        "reason": "A cough",
    } | more


def booked(clinic: Clinic, starts_at: str = TEN) -> dict[str, Any]:
    answer = clinic.driss.post("/appointments", json=wish(clinic, starts_at))
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


def test_it_works(clinic: Clinic) -> None:
    free = clinic.driss.get(
        f"/doctors/{clinic.ids['amina']}/slots?from=2026-11-16&to=2026-11-16&typeId={clinic.types['consultation']}"
    ).json()["items"]
    assert TEN[11:16] in [slot["localStart"][11:16] for slot in free]
    kept = booked(clinic)
    assert (kept["status"], kept["priceMinor"], kept["localDate"], kept["localTime"]) == (
        "pending",
        3000,
        "2026-11-16",
        "10:00",
    )
    path = f"/appointments/{kept['id']}"
    states = []
    for person, verb in ((clinic.chloe, "confirm"), (clinic.chloe, "check-in"), (clinic.amina, "start")):
        answer = person.post(f"{path}/{verb}")
        assert answer.status_code == 200, answer.text
        states.append(answer.json()["status"])
    clinic.clock.advance(hours=2, minutes=1)
    clinic.amina.sign_in()
    answer = clinic.amina.post(f"{path}/complete")
    assert answer.status_code == 200, answer.text
    assert [*states, answer.json()["status"]] == ["confirmed", "checked_in", "in_progress", "completed"]
    assert answer.headers["etag"] == '"5"'


def test_two_hundred_want_one_slot(clinic: Clinic) -> None:
    calls = [(person, "POST", "/appointments", {"json": wish(clinic)}) for person in (clinic.driss, clinic.emma) * 100]
    answers = clinic.together(calls)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 199
    refused = next(answer for answer in answers if answer.status_code == 409).json()["error"]
    assert refused["code"] == "SLOT_TAKEN"


def test_the_same_key_books_once(clinic: Clinic) -> None:
    first, second = (
        clinic.driss.post("/appointments", json=wish(clinic), headers={"Idempotency-Key": "one"}) for _ in range(2)
    )
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()


@pytest.mark.parametrize("field", ["priceMinor", "status", "endsAt", "feeMinor"])
def test_a_field_too_many_is_refused_by_name(clinic: Clinic, field: str) -> None:
    answer = clinic.driss.post("/appointments", json=wish(clinic) | {field: 1})
    assert answer.status_code == 400
    assert field in answer.text


def test_the_hold_expires_by_its_job(clinic: Clinic) -> None:
    kept = booked(clinic, "2026-11-20T10:00:00+01:00")
    clinic.clock.advance(hours=23)
    clinic.driss.sign_in()
    clinic.run_jobs()
    assert clinic.driss.get(f"/appointments/{kept['id']}").json()["status"] == "pending"
    clinic.clock.advance(hours=1)
    clinic.driss.sign_in()
    assert clinic.driss.get(f"/appointments/{kept['id']}").json()["status"] == "expired"
    assert clinic.audit("appointment.expired") == []
    clinic.run_jobs()
    assert [line["subject"] for line in clinic.audit("appointment.expired")] == [kept["id"]]
    clinic.run_jobs()
    assert len(clinic.audit("appointment.expired")) == 1


def test_a_wrong_state_says_what_is_possible(clinic: Clinic) -> None:
    kept = booked(clinic)
    answer = clinic.amina.post(f"/appointments/{kept['id']}/start")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "WRONG_STATE"
    assert "confirm" in answer.text


def test_reject_and_cancel_want_a_reason(clinic: Clinic) -> None:
    kept = booked(clinic, "2026-11-17T10:00:00+01:00")
    for verb in ("reject", "cancel"):
        assert clinic.amina.post(f"/appointments/{kept['id']}/{verb}", json={}).status_code == 400
        assert clinic.amina.post(f"/appointments/{kept['id']}/{verb}", json={"reason": "no"}).status_code == 400
        assert clinic.amina.post(f"/appointments/{kept['id']}/{verb}", json={"reason": "    "}).status_code == 400
    assert clinic.driss.post(f"/appointments/{kept['id']}/cancel", json=WHY).json()["status"] == "cancelled"


def test_moved_and_withdrawn(clinic: Clinic) -> None:
    kept = booked(clinic)
    path = f"/appointments/{kept['id']}"
    moved = clinic.chloe.post(f"{path}/reschedule", json={"startsAt": "2026-11-16T11:00:00"})
    assert moved.status_code == 200, moved.text
    assert (moved.json()["localTime"], moved.json()["moves"]) == ("11:00", 1)
    assert clinic.chloe.delete(path).json()["enteredInError"] is True
    assert clinic.chloe.get("/appointments").json()["items"] == []


def test_lists_days_and_the_board(clinic: Clinic) -> None:
    kept = booked(clinic)
    for person in (clinic.driss, clinic.amina, clinic.chloe, clinic.gwen):
        for path in ("/appointments?from=2026-11-16&to=2026-11-16&status=pending", "/appointments/by-date/2026-11-16"):
            answer = person.get(path)
            assert [line["id"] for line in answer.json()["items"]] == [kept["id"]], answer.text
    for person in (clinic.emma, clinic.bruno):
        assert person.get("/appointments").json()["items"] == []
    board = clinic.chloe.get("/appointments/board/2026-11-16").json()
    assert [line["id"] for line in board["toConfirm"]] == [kept["id"]]


def test_who_is_turned_away(clinic: Clinic) -> None:
    kept = booked(clinic)
    path = f"/appointments/{kept['id']}"
    assert clinic.anonymous.get("/appointments").status_code == 401
    assert clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}/slots").status_code == 401
    assert clinic.farid.get("/appointments").status_code == 403
    assert clinic.driss.post(f"{path}/confirm").status_code == 403
    assert clinic.driss.get("/appointments/board/2026-11-16").status_code == 403
    assert clinic.chloe.post(f"{path}/start").status_code == 403
    for person in (clinic.emma, clinic.bruno):
        assert person.get(path).status_code == 404
        assert person.post(f"{path}/cancel", json=WHY).status_code == 404
    assert clinic.amina.get("/appointments/nothing").status_code == 404


def test_availability_is_put_and_taken_back(clinic: Clinic) -> None:
    kept = booked(clinic)
    wanted = {"dayOff": True, "note": "Away"}
    refused = clinic.amina.put("/availability/exceptions/2026-11-16", json=wanted)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "BOOKED")
    off = clinic.amina.put("/availability/exceptions/2026-11-16", json=wanted | {"keepBooked": True})
    assert off.status_code == 200, off.text
    assert [line["id"] for line in off.json()["conflicts"]] == [kept["id"]]
    assert off.json()["exception"]["date"] == "2026-11-16"
    slots = f"/doctors/{clinic.ids['amina']}/slots?from=2026-11-16&to=2026-11-16"
    assert clinic.emma.get(slots).json()["items"] == []
    assert clinic.amina.get("/availability/exceptions/2026-11-16").json()["note"] == "Away"
    assert clinic.amina.delete("/availability/exceptions/2026-11-16").status_code == 200
    assert clinic.emma.get(slots).json()["items"] != []


def test_a_template_reads_as_it_was_put(clinic: Clinic) -> None:
    rows = [
        {
            "weekday": 1,
            "from": "08:00",
            "to": "12:00",
            "slotMinutes": 20,
            "validFrom": "2026-11-01",
            "validTo": None,
            "workplaceId": clinic.made.workplace_id,
        }
    ]
    path = f"/availability/template?practitionerId={clinic.ids['bruno']}"
    answer = clinic.chloe.put(path, json={"rows": rows})
    assert answer.status_code == 200, answer.text
    assert clinic.gwen.get(path).json() == {"practitionerId": clinic.ids["bruno"], "rows": rows}
    assert clinic.audit("availability.changed")[-1]["on_behalf_of"] == clinic.ids["bruno"]
    assert clinic.amina.get(path).status_code == 403
    assert clinic.driss.get(path).status_code == 403


def test_the_finder(clinic: Clinic) -> None:
    found = clinic.driss.get("/slots?specialty=Dentistry&limit=3").json()["items"]
    assert [slot["practitionerId"] for slot in found] == [clinic.ids["bruno"]] * 3


def test_types_are_kept_by_admins_under_their_version(clinic: Clinic) -> None:
    new = {"name": "Check-up", "priceMinor": 4000, "durationMinutes": 45, "color": "#00ff00"}
    made = clinic.gwen.post("/appointment-types", json=new)
    assert made.status_code == 201, made.text
    path = f"/appointment-types/{made.json()['id']}"
    assert clinic.gwen.patch(path, json={"priceMinor": 1}).status_code == 428
    assert clinic.gwen.patch(path, json={"priceMinor": 1}, headers={"If-Match": '"9"'}).status_code == 412
    changed = clinic.gwen.patch(path, json={"priceMinor": 1}, headers={"If-Match": made.headers["etag"]})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert clinic.gwen.delete(path).json()["isActive"] is False
    assert clinic.amina.post("/appointment-types", json=new).status_code == 403


def test_rooms_and_hours(clinic: Clinic) -> None:
    place = clinic.driss.get("/workplaces").json()["items"][0]
    hours = {"hours": [{"weekday": 1, "from": "09:00", "to": "12:00"}]}
    path = f"/workplaces/{place['id']}"
    changed = clinic.gwen.patch(path, json=hours, headers={"If-Match": f'"{place["version"]}"'})
    assert changed.json()["hours"] == hours["hours"], changed.text
    room = clinic.gwen.post(f"{path}/rooms", json={"name": "1", "kind": "chair"})
    assert room.status_code == 201, room.text
    renamed = clinic.gwen.patch(f"/rooms/{room.json()['id']}", json={"name": "2"}, headers={"If-Match": '"1"'})
    assert renamed.json()["name"] == "2"
    assert clinic.gwen.delete(f"/rooms/{room.json()['id']}").json()["isActive"] is False
    assert [found["name"] for found in clinic.chloe.get(f"{path}/rooms").json()["items"]] == ["2"]
    assert clinic.amina.patch(path, json=hours, headers={"If-Match": '"2"'}).status_code == 403


def test_the_desk_speaks_for_the_practitioner(clinic: Clinic) -> None:
    kept = booked(clinic)
    clinic.chloe.post(f"/appointments/{kept['id']}/confirm")
    line = clinic.audit("appointment.confirmed")[-1]
    assert (line["actor"], line["on_behalf_of"]) == (clinic.accounts["chloe"], clinic.ids["amina"])


@pytest.mark.parametrize(
    "path",
    [
        "/appointments?from=9999-12-31",
        "/appointments?to=9999-12-31",
        "/appointments/by-date/0001-01-01",
        "/appointments/board/9999-12-31",
        "/slots?from=9999-12-31",
        "/slots?from=0001-01-01&to=9999-12-31",
        "/slots?limit=0",
        "/appointments?limit=101",
        "/appointments?cursor=00",
        "/appointments?status=lost",
        "/appointments/by-date/2026-02-30",
        "/availability/exceptions/2026-13-01",
    ],
)
def test_days_and_numbers_that_make_no_sense(clinic: Clinic, path: str) -> None:
    assert clinic.amina.get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    "starts_at",
    ["9999-12-31T23:55:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:55:00", "2026-11-16", "soon", 12],
)
def test_starts_that_make_no_sense(clinic: Clinic, starts_at: object) -> None:
    body = wish(clinic, patientId=clinic.ids["driss"]) | {"startsAt": starts_at}
    assert clinic.chloe.post("/appointments", json=body).status_code == 400


def test_a_doctor_finds_the_own_list_under_doctors_too(clinic: Clinic) -> None:
    kept = booked(clinic)
    assert [line["id"] for line in clinic.amina.get("/doctors/appointments").json()["items"]] == [kept["id"]]


def test_a_type_is_replaced_whole(clinic: Clinic) -> None:
    path = f"/appointment-types/{clinic.types['vaccination']}"
    new = {"name": "Vaccination", "priceMinor": 1, "durationMinutes": 15}
    changed = clinic.gwen.put(path, json=new, headers={"If-Match": '"1"'}).json()
    assert (changed["priceMinor"], changed["autoConfirm"], changed["version"]) == (1, False, 2)
