"""The kiosk for who is new, and for booking: known by the desk, bound by the rules of patients, and no list of who is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.scheduling.test_kiosk import BORN, MOBILE, code, open_clinic, start, token
from tests.workplaces.desk import invited, newcomer, respond

if TYPE_CHECKING:
    from tests.conftest import Clinic

__all__ = ["open_clinic"]

ZOE = {
    "mobileNumber": "06 98 76 54 32",
    "birthDate": "1990-01-02",
    "firstName": "Zoé",
    "lastName": "Nouvelle",
    "gender": "female",
}


def register(clinic: Clinic, **more: Any) -> str:
    answer = clinic.anonymous.post("/kiosk/register", json={**ZOE, **more})
    assert answer.status_code == 202, answer.text
    assert set(answer.json()) == {"id", "endsAt"}
    return str(answer.json()["id"])


def waiting(clinic: Clinic) -> list[dict[str, Any]]:
    answer = clinic.chloe.get("/kiosk/newcomers")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def error(answer: Any) -> str:
    return str(answer.json()["error"]["code"])


def wish(clinic: Clinic, key: str, **more: Any) -> dict[str, Any]:
    return {
        "token": key,
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": "2026-11-17T10:00:00",
        "reason": "A cough",
        **more,
    }


def test_it_works(open_clinic: Clinic) -> None:
    clinic = open_clinic
    visit = register(clinic)
    assert clinic.rows("SELECT 1 FROM patient WHERE last_name = 'Nouvelle'") == []
    (shown,) = waiting(clinic)
    assert (shown["id"], shown["lastName"], shown["seemsKnown"]) == (visit, "Nouvelle", False)
    opened = clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": shown["code"]})
    assert opened.status_code == 200, opened.text
    (made,) = clinic.rows("SELECT id, source, mobile_e164 FROM patient WHERE last_name = 'Nouvelle'")
    assert (made["source"], made["mobile_e164"]) == ("self", "+33698765432")
    assert waiting(clinic) == []
    key = opened.json()["token"]
    choices = clinic.anonymous.post("/kiosk/choices", json={"token": key}).json()
    assert clinic.types["consultation"] in {one["id"] for one in choices["types"]}
    assert {one["specialty"] for one in choices["specialties"]} == {"dentistry", "general practice"}
    doctors = clinic.anonymous.post("/kiosk/doctors", json={"token": key, "specialty": "general practice"})
    assert [one["id"] for one in doctors.json()["items"]] == [clinic.ids["amina"]]
    slots = {"token": key, "typeId": clinic.types["consultation"], "practitionerId": clinic.ids["amina"]}
    free = clinic.anonymous.post("/kiosk/slots", json=slots).json()["items"]
    assert len(free) == 50
    booked = clinic.anonymous.post("/kiosk/book", json=wish(clinic, key, startsAt=free[9]["startsAt"]))
    assert (booked.status_code, booked.json()["status"]) == (201, "pending"), booked.text
    assert booked.json()["patientId"] == made["id"]
    line = clinic.audit("appointment.requested")[-1]
    assert (line["actor"], line["role"], line["patient_id"]) == (f"kiosk:{visit}", "patient", made["id"])


def test_what_was_begun_is_in_the_audit_log_without_names(open_clinic: Clinic) -> None:
    clinic = open_clinic
    register(clinic)
    waiting(clinic)
    actions = [line["action"] for line in clinic.audit() if line["action"].startswith("kiosk.")]
    assert actions == ["kiosk.newcomer", "kiosk.code_seen"]
    assert "Nouvelle" not in str(clinic.audit())


def test_a_known_number_gets_the_same_answer_and_no_second_record(open_clinic: Clinic) -> None:
    clinic = open_clinic
    register(clinic, mobileNumber=MOBILE, birthDate="2001-01-01")
    assert waiting(clinic) == []
    assert clinic.audit("kiosk.started") == []
    visit = register(clinic, mobileNumber=MOBILE, birthDate=BORN)  # it is Driss, who forgot that he is known
    assert clinic.audit("kiosk.started")[-1]["patient_id"] == clinic.ids["driss"]
    opened = clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": code(clinic, visit)})
    assert opened.status_code == 200
    assert clinic.rows("SELECT count(*) AS n FROM patient WHERE mobile_e164 = ?", MOBILE) == [{"n": 1}]


def test_who_seems_to_be_known_is_the_desks_to_sort_out(open_clinic: Clinic) -> None:
    clinic = open_clinic
    visit = register(clinic, firstName="Driss", lastName="El Fassi", birthDate=BORN)
    (shown,) = waiting(clinic)
    assert shown["seemsKnown"] is True
    refused = clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": shown["code"]})
    assert (refused.status_code, error(refused)) == (409, "DUPLICATE_SUSPECTED")
    assert "candidates" not in refused.text


def test_five_wrong_codes_end_a_registration(open_clinic: Clinic) -> None:
    clinic = open_clinic
    visit = register(clinic)
    right = waiting(clinic)[0]["code"]
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        assert clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": wrong}).status_code == 400
    assert clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": right}).status_code == 400
    assert waiting(clinic) == []
    assert clinic.rows("SELECT 1 FROM patient WHERE last_name = 'Nouvelle'") == []


def test_what_is_no_number_or_no_birth_date_is_refused(open_clinic: Clinic) -> None:
    clinic = open_clinic
    for more in ({"mobileNumber": "12"}, {"mobileNumber": "nonsense"}, {"birthDate": "2027-01-01"}, {"firstName": ""}):
        assert clinic.anonymous.post("/kiosk/register", json={**ZOE, **more}).status_code == 400
    assert clinic.anonymous.post("/kiosk/register", json={**ZOE, "guardianId": "x"}).status_code == 400


def test_a_clinic_that_registers_at_the_desk_only(open_clinic: Clinic) -> None:
    clinic = open_clinic
    clinic.gwen.put("/settings/patientRegistration", json={"value": False}, headers={"if-match": "0"})
    refused = clinic.anonymous.post("/kiosk/register", json=ZOE)
    assert (refused.status_code, error(refused)) == (403, "REGISTRATION_OFF")


def test_the_rules_of_booking_hold(open_clinic: Clinic) -> None:
    clinic = open_clinic
    key = token(clinic)
    for more, wanted in (
        ({"startsAt": "2026-11-16T08:10:00"}, "TOO_SOON"),
        ({"startsAt": "2028-01-03T10:00:00"}, "TOO_FAR"),
        ({"startsAt": "2026-11-17T06:00:00"}, "NOT_OFFERED"),
    ):
        assert error(clinic.anonymous.post("/kiosk/book", json=wish(clinic, key, **more))) == wanted
    for more in ({"patientId": clinic.ids["emma"]}, {"overrideReason": "because"}, {"walkIn": True}):
        assert clinic.anonymous.post("/kiosk/book", json=wish(clinic, key, **more)).status_code == 400


def test_a_repeated_booking_is_one(open_clinic: Clinic) -> None:
    clinic = open_clinic
    key = token(clinic)
    headers = {"idempotency-key": "one"}
    first, again = (
        clinic.anonymous.post("/kiosk/book", json=wish(clinic, key), headers=headers).json()["id"] for _ in range(2)
    )
    assert first == again
    other = clinic.anonymous.post("/kiosk/book", json=wish(clinic, key, reason="Another"), headers=headers)
    assert (other.status_code, error(other)) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_one_address_begins_twenty_times_in_vain_and_then_waits(open_clinic: Clinic) -> None:
    clinic = open_clinic
    for _ in range(20):
        start(clinic, "06 00 00 00 01")
    for path, body in (("start", {"mobileNumber": MOBILE, "birthDate": BORN}), ("register", ZOE)):
        refused = clinic.anonymous.post(f"/kiosk/{path}", json=body)
        assert (refused.status_code, error(refused)) == (429, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) > 0
    clinic.clock.advance(minutes=15)
    assert start(clinic)


def test_who_is_known_by_a_right_code_does_not_count(open_clinic: Clinic) -> None:
    clinic = open_clinic
    clinic.tamper("UPDATE kiosk_visit SET opened_at = created_at")
    for _ in range(19):
        start(clinic, "06 00 00 00 01")
    token(clinic)
    assert start(clinic, "06 00 00 00 01")


def test_the_desk_alone_sees_who_waits(open_clinic: Clinic) -> None:
    clinic = open_clinic
    register(clinic)
    nina = newcomer(clinic, "nina")
    respond(nina, invited(clinic, clinic.amina, "nina", scopes=["schedule.read", "schedule.write"]))
    assert nina.get("/kiosk/newcomers").status_code == 403
    assert clinic.gwen.get("/kiosk/newcomers").status_code == 200
    for person, status in ((clinic.driss, 403), (clinic.amina, 403), (clinic.farid, 403), (clinic.anonymous, 401)):
        assert person.get("/kiosk/newcomers").status_code == status


def test_without_a_pass_there_is_nothing(open_clinic: Clinic) -> None:
    clinic = open_clinic
    slots = {"token": "x", "typeId": clinic.types["consultation"]}
    for path, body in (("choices", {"token": "x"}), ("doctors", {"token": "x"}), ("slots", slots)):
        assert error(clinic.anonymous.post(f"/kiosk/{path}", json=body)) == "KIOSK_CLOSED"
    assert error(clinic.anonymous.post("/kiosk/book", json=wish(clinic, "x"))) == "KIOSK_CLOSED"


@pytest.mark.parametrize("path", ["register", "choices", "doctors", "slots", "book"])
def test_it_is_closed_unless_the_clinic_wants_it(clinic: Clinic, path: str) -> None:
    bodies = {"register": ZOE, "book": wish(clinic, "x"), "slots": {"token": "x", "typeId": "x"}}
    assert clinic.anonymous.post(f"/kiosk/{path}", json=bodies.get(path, {"token": "x"})).status_code == 404
    assert clinic.gwen.get("/kiosk/newcomers").status_code == 404
