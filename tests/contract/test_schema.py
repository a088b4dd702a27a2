"""What the API's document promises, the API keeps: no fault, no answer that is not declared, no body of another shape.

Each operation is asked by somebody whom its door lets in, with requests that schemathesis makes from the document; in the long
form by every role, and more often. Ids are partly made up, partly of things that are there.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from esante.kernel.access import OPEN
from tests.conftest import Clinic
from tests.matrix.furnished import Ids, matrix_clinic

FULL = os.environ.get("ESANTE_FULL") == "1"
EXAMPLES = 30 if FULL else 2
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROLES = {
    "anonymous": None,
    "patient": "driss",
    "assistant": "chloe",
    "doctor": "amina",
    "pharmacist": "farid",
    "admin": "gwen",
}
ENDS = (
    "/auth/logout",
    "/auth/lock",
    "/auth/unlock",
    "/auth/pin",
    "/auth/second-factor",
    "/auth/switch-role",
    "/users/me",
)
"""They end or change the session of whoever asks: tried by their own tests."""

SIGN_IN = ("accountId", "sessionId")
"""Ids that are always made up, or nobody could sign in after a while."""


@pytest.fixture(scope="module")
def furnished() -> Iterator[tuple[Clinic, Ids]]:
    with matrix_clinic() as made:
        yield made


def test_every_operation_keeps_what_the_document_says(furnished: tuple[Clinic, Ids]) -> None:
    clinic, ids = furnished
    schema = schemathesis.openapi.from_dict(clinic.anonymous.get("/openapi.json").json())
    doors = {
        (method.lower(), route.path_format): handler.opt.get("access", OPEN)
        for route in clinic.app.litestar.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    }
    broken: dict[str, str] = {}
    for number, found in enumerate(schema.get_all_operations()):
        operation = found.ok()
        if any(part in operation.path for part in ENDS) and operation.method.upper() != "GET":
            continue
        access = doors[(operation.method.lower(), operation.path)]
        welcome = sorted(ROLES) if access == OPEN else sorted(role for role in ROLES if role in access)
        for role in sorted(ROLES) if FULL else [welcome[number % len(welcome)]]:
            _ask(clinic, ids, operation, role, broken)
    assert broken == {}, "\n\n".join(f"{name}\n{why}" for name, why in broken.items())


def _ask(clinic: Clinic, ids: Ids, operation: Any, role: str, broken: dict[str, str]) -> None:
    """Some requests of one role to one operation; what was not kept goes into `broken`."""

    @hypothesis.seed(2026)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(), whose=hypothesis.strategies.sampled_from(["", *ids]))
    def try_it(case: Case, whose: str) -> None:
        if whose:
            known = {name: value for name, value in ids[whose].items() if name not in SIGN_IN}
            for name in case.path_parameters or {}:
                case.path_parameters[name] = known.get(_camel(name), case.path_parameters[name])
        case.headers = {**(case.headers or {}), "If-Match": '"1"'}
        answer = _send(clinic, case, role)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            broken.setdefault(f"{operation.method.upper()} {operation.path} as {role}", str(group.exceptions[0])[:1500])

    try_it()


def _send(clinic: Clinic, case: Case, role: str) -> httpx.Response:
    sent = case.as_transport_kwargs(base_url="http://localhost")
    content = sent.get("data")
    if "json" in sent:
        content = json.dumps(sent["json"])
    name = ROLES[role]
    person = getattr(clinic, name) if name else clinic.anonymous
    url = httpx.URL(sent["url"], params=sent.get("params") or {})
    headers = {key: value for key, value in dict(sent.get("headers") or {}).items() if key.lower() != "authorization"}
    if name and not person.headers:
        person.sign_in()
    request = httpx.Request(case.method, url, headers=headers | person.headers, content=content)
    answer = clinic.run(clinic._http.send(request))
    if answer.status_code == 401 and name:
        person.headers = {}
    return answer


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
