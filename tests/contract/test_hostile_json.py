"""Whatever is sent as JSON, the answer is a refusal in the one shape of failures, and the clinic goes on."""

import json
from typing import Any

import pytest

from tests.conftest import Clinic
from tests.matrix import trial
from tests.matrix.furnished import ROLES as FURNISHED
from tests.matrix.furnished import matrix_clinic
from tests.matrix.requests import PREFIX, lines

DEEP = 10_000
ROUTES = {
    "/auth/login": ("anonymous", {"identifier": "driss@demo.esante.example", "password": "x"}),
    "/auth/register": ("anonymous", {"role": "patient", "email": "a@b.example", "firstName": "A", "lastName": "B"}),
    "/kiosk/start": ("anonymous", {"mobileNumber": "0639981234", "birthDate": "1980-01-01"}),
    "/appointments": ("driss", {"practitionerId": "x", "typeId": "x", "startsAt": "2026-11-20T10:00:00Z"}),
    "/consultations": ("amina", {"appointmentId": "x"}),
    "/prescriptions": ("amina", {"consultationId": "x", "lines": []}),
    "/patients": ("chloe", {"firstName": "A", "lastName": "B"}),
    "/waitlist": ("emma", {"typeId": "x", "from": "2026-11-20", "to": "2026-11-21"}),
    "/admin/users": ("gwen", {"role": "admin", "email": "a@b.example"}),
    "/appointment-types": ("gwen", {"name": "A", "priceMinor": 1, "durationMinutes": 30}),
}
"""Who posts where, and what would be about right: open doors, people's own, staff, admins."""

FREE = ("PATCH", "/users/profile")
"""A body that the framework reads as any object."""


def hostile(about: dict[str, Any]) -> dict[str, bytes]:
    """Bodies that no route may accept."""
    first, value = next(iter(about.items()))
    rest = json.dumps({key: kept for key, kept in about.items() if key != first})[1:-1]
    rest = f", {rest}" if rest else ""

    def with_first(text: str) -> bytes:
        return f'{{"{first}": {text}{rest}}}'.encode()

    return {
        "nothing": b"",
        "spaces": b"   ",
        "null": b"null",
        "a list": b"[]",
        "deep lists": b"[" * DEEP + b"]" * DEEP,
        "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "a deep field": with_first("[" * DEEP + "]" * DEEP),
        "never closed": b"[" * DEEP,
        "not a number": with_first("NaN"),
        "infinity": with_first("Infinity"),
        "less than everything": with_first("-Infinity"),
        "a giant number": with_first("9" * 5_000),
        "a giant exponent": with_first("1e999999999"),
        "a lone surrogate": with_first('"\\ud800"'),
        "not UTF-8": b'{"' + first.encode() + b'": "\xff\xfe"}',
        "UTF-16": json.dumps(about).encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + json.dumps(about).encode(),
        "a zero byte": with_first('"a\\u0000b"'),
        "an unknown field": with_first(json.dumps(value) + ', "__proto__": {"admin": true}'),
        "twice the same, once wrong": with_first(f'{json.dumps(value)}, "{first}": {{}}'),
        "a trailing comma": with_first(json.dumps(value) + ",") + b",",
        "two documents": json.dumps(about).encode() * 2,
        "a comment": b"/* */" + json.dumps(about).encode(),
        "huge": with_first('"' + "a" * 3_000_000 + '"'),
        "many keys": b"{" + b",".join(b'"k%d":1' % number for number in range(5_000)) + b"}",
    }


@pytest.mark.parametrize("path", ROUTES)
def test_it_is_refused(clinic: Clinic, path: str) -> None:
    name, about = ROUTES[path]
    _try_all(clinic, getattr(clinic, name), "POST", path, about)


def test_a_body_of_any_shape_is_refused_too(clinic: Clinic) -> None:
    _try_all(clinic, clinic.driss, *FREE, {"lastName": "B"})


def _try_all(clinic: Clinic, person: Any, method: str, path: str, about: dict[str, Any]) -> None:
    wrong = []
    for what, body in hostile(about).items():
        headers = {"content-type": "application/json", "if-match": '"1"'}
        answer = person.request(method, path, content=body, headers=headers)
        if not _is_refusal(answer):
            wrong.append(f"{what}: {answer.status_code} {answer.text[:200]}")
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "x"):
        answer = person.request(method, path, content=json.dumps(about).encode(), headers={"content-type": kind})
        if not (_is_refusal(answer) and answer.status_code == 415):
            wrong.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
    assert wrong == [], "\n".join(["WRONG", *wrong])
    assert clinic.anonymous.get("/health").json()["status"] == "ok"


MAIMED = ("a deep field", "not a number", "infinity", "less than everything", "a giant number", "a giant exponent")
MAIMED += ("a lone surrogate", "not UTF-8", "a zero byte", "an unknown field", "twice the same, once wrong")


def test_every_route_that_reads_json_refuses_it() -> None:
    """Each by somebody whom it lets in, with a body that would fit but for one thing."""
    wrong, tried = [], 0
    with matrix_clinic() as (clinic, ids), trial.undoing():
        for line in lines(clinic.app.litestar, ids):
            body = line.asks[0].body
            if line.method == "SOCKET" or not isinstance(body, dict) or not body or line.name.endswith(" ?"):
                continue
            role = next(role for role in ("admin", "doctor", "patient", "desk") if ACCESS[role] in line.access)
            person = getattr(clinic, str(FURNISHED[role]))
            maimed = hostile(body)
            for what in MAIMED:
                headers = {"content-type": "application/json", "if-match": '"1"'}
                path = line.asks[0].path.removeprefix(PREFIX)
                answer = person.request(line.method, path, content=maimed[what], headers=headers)
                tried += 1
                if not _is_refusal(answer):
                    wrong.append(f"{line.name}, {what}: {answer.status_code} {answer.text[:200]}")
    assert wrong == [], "\n".join(["WRONG", *wrong])
    assert tried > 500


ACCESS: dict[str, Any] = {"admin": "admin", "doctor": "doctor", "patient": "patient", "desk": "assistant"}


def _is_refusal(answer: Any) -> bool:
    if not 400 <= answer.status_code < 500:
        return False
    error = answer.json()["error"]
    return bool(error["code"] and error["message"] and error["requestId"]) and answer.headers[
        "content-type"
    ].startswith("application/json")


def test_numbers_and_days_beyond_all_counting_are_refused(clinic: Clinic) -> None:
    """What the long contract run has found."""
    body = {"accountId": "x"}
    path = f"/audit/reviews/{9 * 10**18 * 10}/assign"
    assert _is_refusal(clinic.gwen.post(path, json=body, headers={"if-match": '"1"'}))
    for day in ("0001-01-01", "9999-12-31"):
        assert _is_refusal(clinic.amina.get(f"/doctors/patients?to={day}")), day
