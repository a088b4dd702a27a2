"""What makes something bears being sent twice (`Idempotency-Key`): asked of every route that answers 201.

A new route is either in `MAKERS` and is tried here, or in `EXCUSED` with the reason; both are lists that were read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.records.visit import LINE, begin_visit, completed, prescribed
from tests.scheduling.test_kiosk import open_clinic, token
from tests.system.test_access import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Clinic

__all__ = ["open_clinic"]

EXCUSED = {
    "POST /api/v1/auth/first-admin": "under /auth: the console's code works once",
    "POST /api/v1/auth/second-factor": "under /auth: the answer is a secret, which is never kept",
    "POST /api/v1/admin/users": "the answer is a secret, which is never kept; a repeat is refused, the address being known",
    "POST /api/v1/assistants/join": "the code works once, and nobody is signed in",
    "POST /api/v1/doctors/calendar-feed": "the answer is a secret, which is never kept; a repeat revokes the link before",
}


class Maker(NamedTuple):
    """Who sends what where, and in which table there is then one row more."""

    person: str
    path: str
    body: dict[str, Any]
    table: str


TYPE = {"name": "Second opinion", "priceMinor": 4_000, "durationMinutes": 30}


def _wish(clinic: Clinic, **more: Any) -> dict[str, Any]:
    return {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": "2026-11-18T10:00:00",
        "reason": "A cough",
        **more,
    }


def _waits(clinic: Clinic) -> dict[str, Any]:
    return {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "from": "2026-11-17",
        "to": "2026-11-30",
    }


def _of_driss(clinic: Clinic, part: str, body: dict[str, Any], table: str, person: str = "gwen") -> Maker:
    return Maker(person, f"/patients/{clinic.ids['driss']}/{part}", body, table)


def _move(clinic: Clinic) -> Maker:
    visit = clinic.driss.post("/appointments", json=_wish(clinic)).json()["id"]
    path = f"/appointments/{visit}/reschedule-requests"
    return Maker("driss", path, {"startsAt": "2026-11-18T15:00:00"}, "reschedule_request")


def _accept(clinic: Clinic) -> Maker:
    kept = clinic.gwen.post("/appointments", json=_wish(clinic, patientId=clinic.ids["emma"])).json()["id"]
    entry = clinic.driss.post("/waitlist", json=_waits(clinic)).json()["id"]
    clinic.gwen.post(f"/appointments/{kept}/cancel", json={"reason": "somebody is ill"})
    clinic.run_jobs()
    return Maker("driss", f"/waitlist/{entry}/accept", {}, "appointment")


def _consultation(clinic: Clinic) -> Maker:
    visit = begin_visit(clinic, start=False)
    return Maker("amina", "/consultations", {"appointmentId": visit["id"], "chiefComplaint": "Cough"}, "consultation")


def _addendum(clinic: Clinic) -> Maker:
    kept = completed(clinic)
    return Maker("amina", f"/consultations/{kept['id']}/addenda", {"text": "It was worse"}, "consultation_addendum")


def _prescription(clinic: Clinic) -> Maker:
    begin_visit(clinic)
    body = {"patientId": clinic.ids["driss"], "lines": [LINE], "reason": "Renewal"}
    return Maker("amina", "/prescriptions", body, "prescription")


def _supersede(clinic: Clinic) -> Maker:
    kept = prescribed(clinic)
    clinic.amina.post(f"/prescriptions/{kept['id']}/lock")
    body = {"lines": [LINE], "reason": "The dose was wrong"}
    return Maker("amina", f"/prescriptions/{kept['id']}/supersede", body, "prescription")


def _kiosk(clinic: Clinic) -> Maker:
    return Maker("anonymous", "/kiosk/book", _wish(clinic, token=token(clinic)), "appointment")


MAKERS: dict[str, Callable[[Clinic], Maker]] = {
    "POST /api/v1/appointment-types": lambda clinic: Maker("gwen", "/appointment-types", TYPE, "appointment_type"),
    "POST /api/v1/appointments": lambda clinic: Maker("driss", "/appointments", _wish(clinic), "appointment"),
    "POST /api/v1/appointments/series": lambda clinic: Maker(
        "gwen", "/appointments/series", _wish(clinic, patientId=clinic.ids["driss"], visits=2), "appointment"
    ),
    "POST /api/v1/appointments/{}/reschedule-requests": _move,
    "POST /api/v1/consultations": _consultation,
    "POST /api/v1/consultations/{}/addenda": _addendum,
    "POST /api/v1/doctors/invite-assistant": lambda clinic: Maker(
        "amina",
        "/doctors/invite-assistant",
        {"workplaceId": clinic.made.workplace_id, "email": "new@example.org"},
        "assistant_invitation",
    ),
    "POST /api/v1/doctors/workplaces": lambda clinic: Maker(
        "amina", "/doctors/workplaces", {"name": "Second practice", "kind": "private_practice"}, "workplace"
    ),
    "POST /api/v1/kiosk/book": _kiosk,
    "POST /api/v1/patients": lambda clinic: Maker(
        "chloe", "/patients", {"firstName": "Zoé", "lastName": "Nouvelle", "birthDate": "1990-01-02"}, "patient"
    ),
    "POST /api/v1/patients/{}/consents": lambda clinic: _of_driss(
        clinic,
        "consents",
        {"kind": "data_processing", "textVersion": "1", "text": "I agree."},
        "patient_consent",
        "driss",
    ),
    "POST /api/v1/patients/{}/contacts": lambda clinic: _of_driss(
        clinic, "contacts", {"name": "Nora", "phone": "+33612345679"}, "patient_version"
    ),
    "POST /api/v1/patients/{}/dependants": lambda clinic: _of_driss(
        clinic,
        "dependants",
        {"firstName": "Yan", "lastName": "El Fassi", "birthDate": "2020-01-02"},
        "patient",
        "driss",
    ),
    "POST /api/v1/patients/{}/insurances": lambda clinic: _of_driss(
        clinic, "insurances", {"provider": "CPAM", "policyNumber": "1"}, "patient_version"
    ),
    "POST /api/v1/prescriptions": _prescription,
    "POST /api/v1/prescriptions/{}/supersede": _supersede,
    "POST /api/v1/waitlist": lambda clinic: Maker("driss", "/waitlist", _waits(clinic), "waitlist_entry"),
    "POST /api/v1/waitlist/{}/accept": _accept,
    "POST /api/v1/workplaces": lambda clinic: Maker(
        "gwen", "/workplaces", {"name": "Second practice", "kind": "private_practice"}, "workplace"
    ),
    "POST /api/v1/workplaces/{}/rooms": lambda clinic: Maker(
        "gwen", f"/workplaces/{clinic.made.workplace_id}/rooms", {"name": "Chair", "kind": "chair"}, "room"
    ),
}


def test_every_route_that_makes_something_is_tried_or_excused(clinic: Clinic) -> None:
    found = {
        f"{method} {re.sub(r'{[^}]*}', '{}', path)}"
        for method, path, handler in routes(clinic)
        if method == "POST" and handler.status_code == 201
    }
    assert found == MAKERS.keys() | EXCUSED.keys()
    assert not MAKERS.keys() & EXCUSED.keys()


@pytest.mark.parametrize("route", sorted(MAKERS))
def test_the_same_key_makes_one_and_another_body_is_refused(open_clinic: Clinic, route: str) -> None:
    clinic = open_clinic
    made = MAKERS[route](clinic)
    person = getattr(clinic, made.person)

    def count() -> int:
        return int(clinic.rows(f"SELECT count(*) AS n FROM {made.table}")[0]["n"])

    before, key = count(), {"idempotency-key": "a-key-of-mine"}
    first = person.post(made.path, json=made.body, headers=key)
    assert first.status_code == 201, first.text
    after = count()
    assert after > before
    again = person.post(made.path, json=made.body, headers=key)
    assert (again.status_code, again.json()) == (201, first.json()), again.text
    assert count() == after
    other = person.post(made.path, json=_another(made.body), headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED"), other.text
    assert count() == after


def _another(body: dict[str, Any]) -> dict[str, Any]:
    """A body that says something else and is as good."""
    free = ("reason", "name", "firstName", "text", "chiefComplaint", "email", "provider")
    field = next((name for name in free if name in body), None)
    if field is not None:
        return body | {field: body[field] + "x"}
    return body | ({"startsAt": "2026-11-18T16:00:00"} if "startsAt" in body else {"urgency": "urgent"})
