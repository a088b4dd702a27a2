"""Nobody's change is lost: every edit of a versioned thing wants If-Match, and a stale one is told the version of now.

A new PATCH or PUT is either in `EDITS` and is tried here, or in `UNVERSIONED` with the reason; both are lists that were read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.records.visit import LINE, begin_visit, prescribed, write
from tests.system.test_access import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Clinic

UNVERSIONED = {
    "PUT /api/v1/appointment-types/{}/prices/{}": "one number, said anew",
    "PUT /api/v1/auth/pin": "under /auth: a secret",
    "PUT /api/v1/availability/exceptions/{}": "one day, said anew; what is booked is looked after by itself",
    "PUT /api/v1/availability/template": "the week, said anew; the answer lists the visits that then lie outside",
    "PUT /api/v1/doctors/profile/documents/{}": "a file in the place of another",
    "PUT /api/v1/patients/{}/photo": "a file in the place of another",
    "PUT /api/v1/settings/logo": "a file in the place of another",
    "PUT /api/v1/users/photo": "a file in the place of another",
    "PUT /api/v1/workplaces/{}/doctors/{}": "a membership, which is there or not",
}


class Edit(NamedTuple):
    """Who edits what, and how; where its version is read, when not at the same path."""

    person: str
    path: str
    body: dict[str, Any] | list[Any]
    read: str | None = None


TYPE = {"name": "Consultation", "priceMinor": 3_100, "durationMinutes": 30}
SITE = {"name": "Another name", "kind": "clinic"}
DOCTOR = {
    "firstName": "Amina",
    "lastName": "Benali",
    "specialty": "general practice",
    "licenceNumber": "DEMO-amina",
    "licenceAuthority": "Demo Medical Council",
    "about": "Since 2001",
}
PATIENT = {"firstName": "Driss", "lastName": "El Fassi", "birthDate": "1984-05-17", "nationality": "MA"}


def _visit(clinic: Clinic) -> str:
    body = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids["driss"],
        "startsAt": "2026-11-18T10:00:00",
    }
    return f"/appointments/{clinic.gwen.post('/appointments', json=body).json()['id']}"


def _consultation(clinic: Clinic) -> str:
    return f"/consultations/{write(clinic, begin_visit(clinic))['id']}"


def _prescription(clinic: Clinic) -> str:
    return f"/prescriptions/{prescribed(clinic)['id']}"


def _driss(clinic: Clinic, part: str = "") -> str:
    return f"/patients/{clinic.ids['driss']}{part}"


def _room(clinic: Clinic) -> Edit:
    path = f"/workplaces/{clinic.made.workplace_id}/rooms"
    room = clinic.gwen.post(path, json={"name": "Chair", "kind": "chair"}).json()["id"]
    return Edit("gwen", f"/rooms/{room}", {"name": "Other chair"})


def _assistant(clinic: Clinic) -> Edit:
    id = clinic.gwen.get("/doctors/assistants").json()["items"][0]["id"]
    return Edit("gwen", f"/doctors/assistants/{id}", {"scopes": ["schedule.read"]})


def _own_site(clinic: Clinic) -> Edit:
    own = clinic.amina.post("/doctors/workplaces", json={"name": "Second practice", "kind": "private_practice"})
    return Edit("amina", f"/doctors/workplaces/{own.json()['id']}", SITE)


EDITS: dict[str, Callable[[Clinic], Edit]] = {
    "PATCH /api/v1/appointment-types/{}": lambda clinic: Edit(
        "gwen", f"/appointment-types/{clinic.types['consultation']}", {"priceMinor": 3_100}
    ),
    "PUT /api/v1/appointment-types/{}": lambda clinic: Edit(
        "gwen", f"/appointment-types/{clinic.types['consultation']}", TYPE
    ),
    "PATCH /api/v1/appointments/{}": lambda clinic: Edit("gwen", _visit(clinic), {"notes": "Ring twice"}),
    "PUT /api/v1/appointments/{}": lambda clinic: Edit("gwen", _visit(clinic), {"notes": "Ring twice"}),
    "PATCH /api/v1/auth/profile": lambda clinic: Edit("driss", "/auth/profile", {"nationality": "MA"}),
    "PUT /api/v1/auth/profile": lambda clinic: Edit("driss", "/auth/profile", PATIENT),
    "PATCH /api/v1/users/profile": lambda clinic: Edit("driss", "/users/profile", {"nationality": "MA"}),
    "PUT /api/v1/users/profile": lambda clinic: Edit("driss", "/users/profile", PATIENT),
    "PATCH /api/v1/consultations/{}": lambda clinic: Edit("amina", _consultation(clinic), {"notes": "Better"}),
    "PUT /api/v1/consultations/{}": lambda clinic: Edit("amina", _consultation(clinic), {"chiefComplaint": "Better"}),
    "PATCH /api/v1/doctors/assistants/{}": _assistant,
    "PATCH /api/v1/doctors/profile": lambda clinic: Edit("amina", "/doctors/profile", {"about": "Since 2001"}),
    "PUT /api/v1/doctors/profile": lambda clinic: Edit("amina", "/doctors/profile", DOCTOR),
    "PUT /api/v1/doctors/workplaces/{}": _own_site,
    "PATCH /api/v1/patients/{}": lambda clinic: Edit("gwen", _driss(clinic), {"nationality": "MA"}),
    "PUT /api/v1/patients/{}": lambda clinic: Edit("gwen", _driss(clinic), PATIENT),
    "PUT /api/v1/patients/{}/contacts": lambda clinic: Edit(
        "gwen", _driss(clinic, "/contacts"), [{"name": "Nora", "phone": "+33612345679"}], _driss(clinic)
    ),
    "PUT /api/v1/patients/{}/insurances": lambda clinic: Edit(
        "gwen", _driss(clinic, "/insurances"), [{"provider": "CPAM", "policyNumber": "1"}], _driss(clinic)
    ),
    "PATCH /api/v1/prescriptions/{}": lambda clinic: Edit("amina", _prescription(clinic), {"lines": [LINE]}),
    "PUT /api/v1/prescriptions/{}": lambda clinic: Edit("amina", _prescription(clinic), {"lines": [LINE]}),
    "PATCH /api/v1/rooms/{}": _room,
    "PUT /api/v1/settings/{}": lambda clinic: Edit("gwen", "/settings/pendingHoldHours", {"value": 12}),
    "PUT /api/v1/users/settings": lambda clinic: Edit("driss", "/users/settings", {"theme": "dark"}),
    "PATCH /api/v1/workplaces/{}": lambda clinic: Edit(
        "gwen", f"/workplaces/{clinic.made.workplace_id}", {"name": "Another name"}
    ),
}


def test_every_edit_is_tried_or_says_why_not(clinic: Clinic) -> None:
    found = {
        f"{method} {re.sub(r'{[^}]*}', '{}', path)}" for method, path, _ in routes(clinic) if method in ("PATCH", "PUT")
    }
    assert found == EDITS.keys() | UNVERSIONED.keys()
    assert not EDITS.keys() & UNVERSIONED.keys()


@pytest.mark.parametrize("route", sorted(EDITS))
def test_an_edit_wants_the_version_that_was_read(clinic: Clinic, route: str) -> None:
    edit, method = EDITS[route](clinic), route.split()[0]
    person = getattr(clinic, edit.person)
    without = person.request(method, edit.path, json=edit.body)
    assert (without.status_code, without.json()["error"]["code"]) == (428, "VERSION_REQUIRED"), without.text
    now = _version(clinic, person, edit)
    stale = person.request(method, edit.path, json=edit.body, headers={"if-match": f'"{now + 7}"'})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "STALE_VERSION"), stale.text
    assert stale.json()["error"]["extra"]["version"] == now
    assert _version(clinic, person, edit) == now, "a refused edit changes nothing"
    done = person.request(method, edit.path, json=edit.body, headers={"if-match": f'"{now}"'})
    assert done.status_code == 200, done.text
    if edit.read is None:
        assert done.headers["etag"] == f'"{now + 1}"'
    late = person.request(method, edit.path, json=edit.body, headers={"if-match": f'"{now}"'})
    assert (late.status_code, late.json()["error"]["extra"]["version"]) == (412, now + 1)


def _version(clinic: Clinic, person: Any, edit: Edit) -> int:
    shown = person.get(edit.read or edit.path)
    if shown.status_code == 200:
        return int(shown.headers["etag"].strip('"'))
    table, id = edit.path.split("/")[-2:]
    table = {"rooms": "room", "assistants": "assistant_assignment"}[table]
    return int(clinic.rows(f"SELECT version FROM {table} WHERE id = ?", id)[0]["version"])
