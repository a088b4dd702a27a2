"""The reading room of the audit log."""

from typing import Any

import pytest

from esante.people import service as people


@pytest.fixture
def read(clinic: Any) -> Any:
    """Amina treats Driss, and has opened his record; Emma has tried to."""
    clinic.write(
        clinic.made.actor("amina"),
        people.open_care,
        clinic.ids["driss"],
        clinic.ids["amina"],
        source="appointment",
        source_id="v",
    )
    assert clinic.amina.get(f"/patients/{clinic.ids['driss']}").status_code == 200
    assert clinic.emma.get(f"/patients/{clinic.ids['driss']}").status_code == 404
    return clinic


def lines(clinic: Any, **params: Any) -> list[dict[str, Any]]:
    return clinic.gwen.get("/audit", params=params).json()["items"]  # type: ignore[no-any-return]


def test_it_works(read: Any) -> None:
    [line] = lines(read, action="patient.accessed")
    assert line["actorName"] == "Amina Benali"
    assert (line["role"], line["outcome"], line["patientId"]) == ("doctor", "done", read.ids["driss"])
    assert line["requestId"]
    assert line["sessionId"]
    assert line["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("params", "there"),
    [
        ({"category": "patient"}, True),
        ({"category": "pat"}, False),
        ({"severity": "critical"}, False),
        ({"outcome": "refused"}, False),
        ({"from": "2026-11-16T07:00:00Z", "to": "2026-11-16T07:00:01Z"}, True),
        ({"to": "2026-11-16T06:00:00Z"}, False),
    ],
)
def test_every_filter_holds(read: Any, params: dict[str, Any], there: bool) -> None:
    assert ("patient.accessed" in [line["action"] for line in lines(read, limit=500, **params)]) is there


def test_of_one_user_and_of_one_patient(read: Any) -> None:
    of_user = read.gwen.get(f"/audit/users/{read.accounts['amina']}").json()["items"]
    assert {line["actor"] for line in of_user} == {read.accounts["amina"]}
    of_patient = read.gwen.get(f"/audit/patients/{read.ids['driss']}").json()["items"]
    assert {line["patientId"] for line in of_patient} == {read.ids["driss"]}


def test_what_was_refused_is_there_and_names_who_asked(read: Any) -> None:
    [line] = [one for one in lines(read, action="access.denied") if one["actor"] == read.accounts["emma"]]
    assert line["detail"]["status"] == 404
    assert read.ids["driss"] in line["detail"]["asked"].values()
    assert line["patientId"] is None


def test_security_events_leave_the_rest_out(read: Any) -> None:
    read.anonymous.post("/auth/login", json={"identifier": "gwen@demo.esante.example", "password": "wrong"})
    actions = {line["action"] for line in read.gwen.get("/audit/security-events?limit=500").json()["items"]}
    assert "auth.login_failed" in actions
    assert "patient.accessed" not in actions


def test_reading_the_log_is_in_the_log(read: Any) -> None:
    lines(read, patientId=read.ids["driss"])
    line = read.audit("audit.read")[-1]
    assert (line["actor"], line["patient_id"]) == (read.accounts["gwen"], read.ids["driss"])


def test_pages_go_on_without_gaps(read: Any) -> None:
    seen, cursor = [], None
    until = read.audit()[-1]["seq"]
    while True:
        params = {"limit": 7, "to": "2026-11-16T07:00:01Z"} | ({"cursor": cursor} if cursor else {})
        page = read.gwen.get("/audit", params=params).json()
        seen += [line["seq"] for line in page["items"]]
        if (cursor := page["nextCursor"]) is None:
            break
    assert [seq for seq in seen if seq <= until] == list(range(until, 0, -1))


def test_a_patient_sees_who_opened_the_record(read: Any) -> None:
    found = read.driss.get(f"/patients/{read.ids['driss']}/accesses").json()
    assert ("Amina Benali", "doctor") in [(one["actorName"], one["role"]) for one in found]
    assert "Emma Dubois" not in [one["actorName"] for one in found]
    assert read.emma.get(f"/patients/{read.ids['driss']}/accesses").status_code == 404
    assert read.amina.get(f"/patients/{read.ids['driss']}/accesses").json(), "a doctor sees it for her own patients"
    assert read.bruno.get(f"/patients/{read.ids['driss']}/accesses").status_code == 404
    assert read.chloe.get(f"/patients/{read.ids['driss']}/accesses").status_code == 403


def test_a_doctor_who_may_read_every_patient_sees_who_opened_the_own_ones_only(read: Any) -> None:
    version = read.gwen.get("/settings/allPatientsVisibleToDoctors").headers["etag"]
    changed = read.gwen.put(
        "/settings/allPatientsVisibleToDoctors", json={"value": True}, headers={"if-match": version}
    )
    assert changed.status_code == 200
    assert read.bruno.get(f"/patients/{read.ids['driss']}").status_code == 200
    assert read.bruno.get(f"/patients/{read.ids['driss']}/accesses").status_code == 404


def test_only_an_admin_reads_the_log(read: Any) -> None:
    for path in ("/audit", "/audit/security-events", "/audit/verify", f"/audit/patients/{read.ids['driss']}"):
        for name in ("amina", "chloe", "driss", "farid"):
            assert getattr(read, name).get(path).status_code == 403
        assert read.anonymous.get(path).status_code == 401


def test_a_whole_log_is_verified_and_a_changed_line_is_named(read: Any) -> None:
    assert read.gwen.get("/audit/verify").json()["ok"] is True
    victim = read.audit("patient.accessed")[0]["seq"]
    read.tamper("DROP TRIGGER audit_is_not_changed")
    read.tamper("UPDATE audit SET actor = 'somebody else' WHERE seq = ?", victim)
    verdict = read.gwen.get("/audit/verify").json()
    assert (verdict["ok"], verdict["firstBad"]) == (False, victim)
    assert read.audit("audit.verify_failed")[-1]["severity"] == "critical"
