"""The kiosk: closed unless the clinic wants it; known by mobile, birth date and a code; check in, see, call off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from esante.kernel.actor import house
from esante.scheduling.kiosk import service as kiosk

if TYPE_CHECKING:
    from tests.conftest import Clinic

MOBILE, BORN = "+33612345678", "1984-05-17"
TEN = "2026-11-16T10:00:00+01:00"


@pytest.fixture
def open_clinic(clinic: Clinic) -> Clinic:
    """With a kiosk, and a mobile number of Driss."""
    version = clinic.gwen.get("/settings/featureKiosk").headers["etag"]
    changed = clinic.gwen.put("/settings/featureKiosk", json={"value": True}, headers={"If-Match": version})
    assert changed.status_code == 200, changed.text
    clinic.tamper("UPDATE patient SET mobile_e164 = ? WHERE id = ?", MOBILE, clinic.ids["driss"])
    return clinic


def booked(clinic: Clinic, starts_at: str = TEN, patient: str = "driss") -> dict[str, Any]:
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids[patient],
        "startsAt": starts_at,
    }
    kept: dict[str, Any] = clinic.chloe.post("/appointments", json=wish).json()
    return kept


def start(clinic: Clinic, mobile: str = "06 12 34 56 78", born: str = BORN) -> str:
    answer = clinic.anonymous.post("/kiosk/start", json={"mobileNumber": mobile, "birthDate": born})
    assert answer.status_code == 202, answer.text
    assert set(answer.json()) == {"id", "endsAt"}
    return str(answer.json()["id"])


def code(clinic: Clinic, visit: str) -> str:
    """What the mail would say."""
    found = clinic.read(house("test"), kiosk.pending_code, visit)
    return found or "000000"


def token(clinic: Clinic) -> str:
    visit = start(clinic)
    opened = clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": code(clinic, visit)})
    assert opened.status_code == 200, opened.text
    return str(opened.json()["token"])


def test_it_works(open_clinic: Clinic) -> None:
    clinic = open_clinic
    today, later = booked(clinic), booked(clinic, "2026-11-18T10:00:00+01:00")
    booked(clinic, "2026-11-18T11:00:00+01:00", "emma")
    key = token(clinic)
    listed = clinic.anonymous.post("/kiosk/appointments", json={"token": key})
    assert [line["id"] for line in listed.json()["items"]] == [today["id"], later["id"]], listed.text
    here = clinic.anonymous.post("/kiosk/check-in", json={"token": key, "appointmentId": today["id"]})
    assert (here.status_code, here.json()["status"]) == (200, "checked_in"), here.text
    off = clinic.anonymous.post(
        "/kiosk/cancel", json={"token": key, "appointmentId": later["id"], "reason": "I cannot come"}
    )
    assert (off.status_code, off.json()["status"]) == (200, "cancelled"), off.text
    line = clinic.audit("appointment.checked_in")[-1]
    assert (line["role"], line["actor"].split(":")[0]) == ("patient", "kiosk")


def test_it_is_closed_unless_the_clinic_wants_it(clinic: Clinic) -> None:
    for path, body in (
        ("start", {"mobileNumber": MOBILE, "birthDate": BORN}),
        ("open", {"id": "x", "code": "123456"}),
        ("appointments", {"token": "x"}),
        ("check-in", {"token": "x", "appointmentId": "x"}),
        ("cancel", {"token": "x", "appointmentId": "x", "reason": "Because"}),
    ):
        assert clinic.anonymous.post(f"/kiosk/{path}", json=body).status_code == 404
    assert clinic.chloe.post(f"/kiosk/codes/{clinic.ids['driss']}").status_code == 404


def test_the_code_is_mailed_and_kept_nowhere(open_clinic: Clinic) -> None:
    clinic = open_clinic
    visit = start(clinic)
    known = code(clinic, visit)
    clinic.run_jobs()
    mails = clinic.rows("SELECT account_id, one_time_id FROM delivery WHERE kind = 'kiosk'")
    assert mails == [{"account_id": clinic.accounts["driss"], "one_time_id": visit}]
    for table in ("kiosk_visit", "audit", "delivery", "notification", "job"):
        assert known not in str(clinic.rows(f"SELECT * FROM {table}"))


@pytest.mark.parametrize(("mobile", "born"), [("06 99 99 99 99", BORN), (MOBILE, "1984-05-18"), ("nonsense", BORN)])
def test_whom_nothing_fits_gets_the_same_answer(open_clinic: Clinic, mobile: str, born: str) -> None:
    visit = start(open_clinic, mobile, born)
    assert open_clinic.audit("kiosk.started") == []
    answer = open_clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": "123456"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WRONG_CODE")


def test_five_wrong_codes_end_it(open_clinic: Clinic) -> None:
    clinic = open_clinic
    visit = start(clinic)
    right = code(clinic, visit)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        answer = clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": wrong})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WRONG_CODE"), answer.text
    assert clinic.anonymous.post("/kiosk/open", json={"id": visit, "code": right}).status_code == 400
    assert [line["detail"]["attempts"] for line in clinic.audit("kiosk.refused")] == [1, 2, 3, 4, 5]


def test_a_code_works_once_and_for_ten_minutes(open_clinic: Clinic) -> None:
    clinic = open_clinic
    visit = start(clinic)
    body = {"id": visit, "code": code(clinic, visit)}
    assert clinic.anonymous.post("/kiosk/open", json=body).status_code == 200
    assert clinic.anonymous.post("/kiosk/open", json=body).status_code == 400
    clinic.clock.advance(minutes=2)
    visit = start(clinic)
    body = {"id": visit, "code": code(clinic, visit)}
    clinic.clock.advance(minutes=10)
    assert clinic.anonymous.post("/kiosk/open", json=body).status_code == 400


def test_a_code_is_sent_once_a_minute_and_five_times_an_hour(open_clinic: Clinic) -> None:
    clinic = open_clinic
    for minutes in (0, 0, 2, 2, 2, 2, 2, 2):
        clinic.clock.advance(minutes=minutes)
        start(clinic)
    assert len(clinic.audit("kiosk.started")) == 5


def test_the_pass_closes_by_itself(open_clinic: Clinic) -> None:
    clinic = open_clinic
    kept, key = booked(clinic), token(clinic)
    clinic.clock.advance(minutes=5)
    answer = clinic.anonymous.post("/kiosk/check-in", json={"token": key, "appointmentId": kept["id"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "KIOSK_CLOSED")
    assert clinic.anonymous.post("/kiosk/appointments", json={"token": key[:-1]}).status_code == 401


def test_somebody_elses_visits_are_not_there(open_clinic: Clinic) -> None:
    clinic = open_clinic
    theirs, key = booked(clinic, patient="emma"), token(clinic)
    for path, more in (("check-in", {}), ("cancel", {"reason": "Because"})):
        body = {"token": key, "appointmentId": theirs["id"]} | more
        assert clinic.anonymous.post(f"/kiosk/{path}", json=body).status_code == 404


def test_the_rules_of_patients_hold(open_clinic: Clinic) -> None:
    clinic = open_clinic
    soon, tomorrow = booked(clinic, "2026-11-16T09:00:00+01:00"), booked(clinic, "2026-11-17T09:00:00+01:00")
    key = token(clinic)
    late = clinic.anonymous.post("/kiosk/cancel", json={"token": key, "appointmentId": soon["id"], "reason": "Because"})
    assert late.json()["error"]["code"] == "TOO_LATE_TO_CANCEL"
    early = clinic.anonymous.post("/kiosk/check-in", json={"token": key, "appointmentId": tomorrow["id"]})
    assert early.json()["error"]["code"] == "OTHER_DAY"


def test_the_desk_reads_the_code_to_who_received_none(open_clinic: Clinic) -> None:
    clinic = open_clinic
    assert clinic.chloe.post(f"/kiosk/codes/{clinic.ids['driss']}").status_code == 404
    visit = start(clinic)
    shown = clinic.chloe.post(f"/kiosk/codes/{clinic.ids['driss']}")
    assert (shown.json()["id"], shown.json()["code"]) == (visit, code(clinic, visit)), shown.text
    assert clinic.audit("kiosk.code_seen")[-1]["patient_id"] == clinic.ids["driss"]
    assert clinic.emma.post(f"/kiosk/codes/{clinic.ids['driss']}").status_code == 403
    assert clinic.anonymous.post(f"/kiosk/codes/{clinic.ids['driss']}").status_code == 401


def test_yesterdays_visits_are_forgotten(open_clinic: Clinic) -> None:
    clinic = open_clinic
    start(clinic)
    clinic.clock.advance(days=2)
    clinic.run_jobs()
    assert clinic.rows("SELECT count(*) AS n FROM kiosk_visit") == [{"n": 0}]
