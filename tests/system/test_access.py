"""Who may come in at which route, asked of the routes themselves (rows 9 and 54 of the checklist)."""

import re
from collections.abc import Iterator
from typing import Any

from esante.kernel.access import OPEN

ROLES = {"patient": "driss", "doctor": "amina", "assistant": "chloe", "pharmacist": "farid", "admin": "gwen"}
NOBODYS_ID = "00000000-0000-7000-8000-000000000000"
LEAVES = {"/api/v1/auth/logout", "/api/v1/auth/logout-all", "/api/v1/auth/lock", "/api/v1/users/me"}
"""They end the session that asks, or the account: tried by their own tests."""

PUBLIC = """
GET /
GET /confirm
GET /reset
GET /page.css
GET /page.js
GET /metrics
GET /api/v1/health
GET /api/v1/ready
GET /api/v1/openapi.json
GET /api/v1/docs
GET /api/v1/docs/{file}
POST /api/v1/auth/register
POST /api/v1/auth/login
POST /api/v1/auth/login/second-factor
POST /api/v1/auth/refresh-token
POST /api/v1/auth/verify-email
POST /api/v1/auth/verify-otp
POST /api/v1/auth/resend-otp
POST /api/v1/auth/forgot-password
POST /api/v1/auth/reset-password
POST /api/v1/auth/first-admin
GET /api/v1/doctors
GET /api/v1/doctors/{}
GET /api/v1/doctors/popular
GET /api/v1/doctors/{}/hours
GET /api/v1/doctors/{}/photo
GET /api/v1/doctors/{}/workplaces
GET /api/v1/specialties
GET /api/v1/settings
GET /api/v1/settings/logo
GET /api/v1/doctors/calendar-feed/{}
POST /api/v1/assistants/join
POST /api/v1/kiosk/appointments
POST /api/v1/kiosk/book
POST /api/v1/kiosk/cancel
POST /api/v1/kiosk/check-in
POST /api/v1/kiosk/choices
POST /api/v1/kiosk/doctors
POST /api/v1/kiosk/open
POST /api/v1/kiosk/register
POST /api/v1/kiosk/slots
POST /api/v1/kiosk/start
"""
"""What answers without a session. A new line here is a decision, not an accident."""


def routes(clinic: Any) -> Iterator[tuple[str, str, Any]]:
    """Method, path and handler of every route."""
    for route in clinic.app.litestar.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                yield method, route.path_format, handler


def test_row_54_what_is_public_is_a_list_that_was_read(clinic: Any) -> None:
    found = {
        f"{method} {re.sub(r'{(?!file)[^}]*}', '{}', path)}"
        for method, path, handler in routes(clinic)
        if handler.opt["access"] == OPEN
    }
    assert found == set(PUBLIC.split("\n")) - {""}


def test_row_9_every_route_lets_in_the_roles_that_it_names_and_no_other(clinic: Any) -> None:
    people = {role: getattr(clinic, name) for role, name in ROLES.items()}
    wrong = []
    for method, path, handler in routes(clinic):
        access = handler.opt["access"]
        if access == OPEN or path in LEAVES:
            continue
        address = re.sub(r"{(day|date|on)}", "2026-11-16", path.removeprefix("/api/v1")).replace("{seq}", "1")
        address = re.sub(r"{[^}]*}", NOBODYS_ID, address)
        if clinic.anonymous.request(method, address).status_code != 401:
            wrong.append(f"{method} {path} answers somebody who is not signed in")
        for role, person in people.items():
            answer = person.request(method, address)
            turned_away = answer.status_code == 403 and "Votre rôle ne le permet pas" in answer.text
            if turned_away is (role in access):
                wrong.append(f"{method} {path} {'turns away' if turned_away else 'lets in'} {role}")
            if answer.status_code >= 500:
                wrong.append(f"{method} {path} fails for {role}: {answer.status_code}")
    assert wrong == []
