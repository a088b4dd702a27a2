"""The watch: critical lines are told, bursts of refusals noted, odd accesses found."""

from typing import Any

from esante.audit.watch import service as watch
from esante.kernel.actor import house
from esante.people import service as people
from tests.conftest import START

WATCH = house("job:audit.watch")


def look(clinic: Any) -> None:
    clinic.write(WATCH, watch.watch)


def told(clinic: Any, name: str) -> list[str]:
    return [one["kind"] for one in clinic.notifications(name)]


def test_what_is_critical_is_told_once(clinic: Any) -> None:
    look(clinic)
    clinic.tamper("DROP TRIGGER audit_is_not_changed")
    clinic.tamper("UPDATE audit SET actor = 'somebody else' WHERE seq = 3")
    clinic.gwen.get("/audit/verify")
    look(clinic)
    look(clinic)
    assert told(clinic, "gwen").count("critical_event") == 1
    assert "critical_event" not in told(clinic, "amina") + told(clinic, "driss")


def test_a_burst_of_refusals_is_critical_once_an_hour(clinic: Any) -> None:
    for _ in range(19):
        clinic.emma.get(f"/patients/{clinic.ids['driss']}")
    look(clinic)
    assert clinic.audit("access.burst") == []
    clinic.emma.get(f"/patients/{clinic.ids['driss']}")
    look(clinic)
    clinic.emma.get(f"/patients/{clinic.ids['driss']}")
    look(clinic)
    [line] = clinic.audit("access.burst")
    assert (line["subject"], line["severity"]) == (clinic.accounts["emma"], "critical")
    clinic.clock.advance(minutes=61)
    look(clinic)
    assert len(clinic.audit("access.burst")) == 1, "what was refused long ago is no burst"


def test_a_burst_of_strangers_names_their_address(clinic: Any) -> None:
    for _ in range(20):
        clinic.anonymous.get("/patients")
    look(clinic)
    assert clinic.audit("access.burst")[0]["subject"] == "127.0.0.1"


def odd(clinic: Any, **params: Any) -> set[tuple[str, str]]:
    day = START.date().isoformat()
    found = clinic.gwen.get("/audit/odd", params={"from": day, "to": day} | params).json()
    return {(one["kind"], one["patientId"]) for one in found}


def opened(clinic: Any, treats: bool) -> str:
    patient = str(clinic.ids["driss"])
    who = clinic.made.actor("amina")
    clinic.write(who, people.open_care, patient, clinic.ids["amina"], source="appointment", source_id="v")
    assert clinic.amina.get(f"/patients/{patient}").status_code == 200
    if not treats:
        clinic.tamper("DELETE FROM care_relation")
    return patient


def test_a_treating_doctor_in_opening_hours_is_not_odd(clinic: Any) -> None:
    opened(clinic, treats=True)
    assert odd(clinic) == set()


def test_a_patient_without_a_visit_is_odd(clinic: Any) -> None:
    patient = opened(clinic, treats=False)
    assert odd(clinic) == {("no_visit", patient)}
    assert odd(clinic, kind="own_name") == set()
    assert clinic.audit("audit.read")[-1]["actor"] == clinic.accounts["gwen"]


def test_ones_own_name_is_odd_however_it_is_written(clinic: Any) -> None:
    patient = opened(clinic, treats=True)
    clinic.tamper("UPDATE patient SET last_name = 'BÉNALI' WHERE id = ?", patient)
    assert odd(clinic) == {("own_name", patient)}


def test_out_of_hours_is_odd(clinic: Any) -> None:
    patient = opened(clinic, treats=True)
    clinic.tamper("""UPDATE workplace SET hours = '[{"weekday": 7, "from": "10:00", "to": "11:00"}]'""")
    assert odd(clinic) == {("out_of_hours", patient)}


def test_too_long_a_time_and_strangers_are_refused(clinic: Any) -> None:
    assert clinic.gwen.get("/audit/odd", params={"from": "2026-01-01", "to": "2026-02-01"}).status_code == 400
    assert clinic.gwen.get("/audit/odd", params={"from": "2026-01-02", "to": "2026-01-01"}).status_code == 400
    for name in ("amina", "chloe", "driss"):
        answer = getattr(clinic, name).get("/audit/odd", params={"from": "2026-01-01", "to": "2026-01-02"})
        assert answer.status_code == 403
