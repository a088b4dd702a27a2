"""For every route of the application the requests that try it: made from the OpenAPI document and a few tables.

A new route needs a line here only when its parameters have new names, or its body needs more than the document says.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from litestar import Litestar

from esante.kernel.access import Access
from tests.matrix.furnished import OWNERSHIPS, PICTURE, PNG, Ids

PREFIX = "/api/v1"

BY_ROUTE = {
    "/admin/jobs/{id}": "jobId",
    "/audit/patients/{id}": "patientId",
    "/audit/users/{id}": "accountId",
    "/availability/exceptions/{day}": "freeDay",
    "/doctors/calendar-feed/{token}": "feedToken",
    "/doctors/workplaces/{workplace_id}": "siteId",
    "/kiosk/open": "visitId",
    "/notifications/{id}": "notificationId",
    "/patients/{id}": "patientId",
    "/patients/{patient_id}/unmerge": "survivorId",
}
"""What a parameter means here (the `id` in a body where the path has none), by how the path begins."""

FIELDS = {"/patients/{patient_id}/unmerge": ("otherId", "mergedId")}
"""What a field of a body means here."""

VALUES: dict[str, Any] = {
    "day": "2026-11-17",
    "freeDay": "2026-11-24",
    "month": "2026-10",
    "key": "featureKiosk",
    "kind": "licence",
    "file": "swagger-ui.css",
    "from": "2026-11-16",
    "to": "2026-11-22",
    "startsAt": "2026-11-20T10:00:00+01:00",
    "birthDate": "1980-01-01",
    "email": "somebody@demo.esante.example",
    "identifier": "somebody@demo.esante.example",
    "mobileNumber": "0639981234",
    "phone": "0639981234",
    "password": "Correct-Horse-8",
    "currentPassword": "Correct-Horse-7",
    "newPassword": "Correct-Horse-8",
    "code": "123456",
    "pin": "482175",
    "minutes": 30,
    "visits": 2,
    "durationMinutes": 30,
    "scopes": ["schedule.read"],
}
"""Of parameters and fields that are the same for everybody; what is neither here nor an id, the document says."""

TYPES = {str: "string", int: "integer", bool: "boolean", list: "array"}

BODIES: dict[str, dict[str, Any]] = {
    "PATCH /patients/{patient_id}": {"allergies": [{"text": "Pollen"}]},
    "PATCH /appointments/{appointment_id}": {"reason": "Because"},
    "PUT /appointments/{appointment_id}": {"reason": "Because"},
    "POST /admin/users": {"role": "admin", "email": "new@demo.esante.example"},
    "POST /auth/register": {"role": "patient"},
    "POST /auth/step-up": {"password": "Correct-Horse-7"},
    "PUT /settings/{key}": {"value": False},
    "PUT /auth/profile": {"firstName": "Driss", "lastName": "El Fassi"},
    "PUT /users/profile": {"firstName": "Driss", "lastName": "El Fassi"},
    "DELETE /users/me": {"password": "Correct-Horse-7"},
}
"""What a body has beside what is required of it."""

NAMED = ("patientId", "practitionerId", "workplaceId", "consultationId", "otherId", "accountId")
"""Ids that a body or a query has even where they are not required: whose it is hangs on them."""


class Ask(NamedTuple):
    """One request, without the person."""

    path: str
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})
    content: bytes | None = None


class Line(NamedTuple):
    """One line of the matrix: a route, in one form, with its request for each ownership (only one when all are alike)."""

    name: str
    method: str
    access: Access
    opt: dict[str, Any]
    asks: tuple[Ask, ...]


def lines(app: Litestar, ids: Ids) -> Iterator[Line]:
    """All that the application answers to: pages, files and sockets too."""
    document = app.openapi_schema.to_schema()
    for route in sorted(app.routes, key=lambda one: one.path):
        handlers = getattr(route, "route_handlers", None) or [route.route_handler]  # type: ignore[union-attr]
        for handler in handlers:
            for method in sorted(getattr(handler, "http_methods", {"SOCKET"}) - {"OPTIONS", "HEAD"}):
                path = route.path_format  # type: ignore[union-attr]
                operation = document["paths"].get(path, {}).get(method.lower(), {})
                for form in ("", " ?") if _names(operation) else ("",):
                    asks = [_ask(document, method, path, operation, form, handler.opt, ids[one]) for one in OWNERSHIPS]
                    alike = all(ask == asks[0] for ask in asks)
                    name = f"{method} {path.removeprefix(PREFIX)}{form}"
                    yield Line(name, method, handler.opt["access"], handler.opt, tuple(asks[:1] if alike else asks))


def _names(operation: dict[str, Any]) -> list[str]:
    """The parameters of the query that say whose it is."""
    return [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query" and one["name"] in NAMED]


def _ask(
    document: dict[str, Any],
    method: str,
    path: str,
    operation: dict[str, Any],
    form: str,
    opt: Any,
    ids: dict[str, str],
) -> Ask:
    short = path.removeprefix(PREFIX)
    known = VALUES | ids
    for start, name in BY_ROUTE.items():
        if short.startswith(start):
            parameter = re.search(r"{(\w+)}", start)
            known[_camel(parameter[1]) if parameter else "id"] = known[name]
    field, meant = FIELDS.get(short, ("id", "id"))
    known |= {field: known[meant]} if meant in known else {}
    address = re.sub(r"{(\w+)}", lambda found: str(known[_camel(found.group(1))]), path)
    wanted = {
        one["name"]: _made(document, one["schema"], one["name"], known)
        for one in operation.get("parameters", ())
        if one["in"] == "query" and (one.get("required") or (form and one["name"] in NAMED))
    }
    if wanted:
        address += "?" + "&".join(f"{name}={value}" for name, value in wanted.items())
    headers = {"if-match": '"1"', "accept-language": "en"}
    if "body" in opt:
        return Ask(address, None, headers | PNG, PICTURE)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return Ask(address, None, headers)
    body = _made(document, content["schema"], "", known)
    if isinstance(body, dict):
        body |= BODIES.get(f"{method} {short}", {})
    return Ask(address, body, headers)


def _made(document: dict[str, Any], schema: dict[str, Any], name: str, known: dict[str, Any]) -> Any:
    """The least that fits the schema; ids and the like are taken from what is known."""
    if "$ref" in schema:
        place = schema["$ref"].rpartition("/")[2]
        return _made(document, document["components"]["schemas"][place], name, known)
    if "oneOf" in schema:
        return _made(document, schema["oneOf"][0], name, known)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if name in known and kind in (None, TYPES[type(known[name])]):
        return known[name]
    if kind == "object" or "properties" in schema:
        wanted = set(schema.get("required", ())) | (set(NAMED) & set(schema.get("properties", {})))
        properties = schema.get("properties", {}).items()
        return {field: _made(document, of, field, known) for field, of in properties if field in wanted}
    if kind == "array":
        return [_made(document, schema["items"], "", known) for _ in range(schema.get("minItems", 0))]
    if kind in ("integer", "number"):
        return int(schema.get("minimum", 1))
    if kind == "boolean":
        return schema.get("const", True)
    return {"date": "2026-11-20", "date-time": "2026-11-20T10:00:00+01:00"}.get(
        schema.get("format", ""), "Because of it"
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
