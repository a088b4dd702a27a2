"""Every failure has one shape, and says which field."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog

from esante.kernel.database import Database
from tests.kernel.tiny_app import client_of, tiny_app

GOOD = {"firstName": "Driss", "address": {"streetName": "Rue", "number": 3}}


@pytest.fixture
async def client(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(tiny_app(db)) as client:
        yield client


def failure(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body's `error`, whose shape is always the same."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    error: dict[str, Any] = response.json()["error"]
    assert list(response.json()) == ["error"]
    assert set(error) == {"code", "message", "requestId", "details", "extra"}
    assert error["code"] == code
    assert error["message"]
    assert error["requestId"] == response.headers["x-request-id"]
    return error


async def test_it_works(client: httpx.AsyncClient) -> None:
    response = await client.post("/wishes", json=GOOD)
    assert response.status_code == 201
    assert response.json()["firstName"] == "Driss"


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (GOOD | {"surprise": 1}, "surprise", "unknown field"),
        (GOOD | {"first_name": "x"}, "first_name", "unknown field"),
        (GOOD | {"address": {"streetName": "Rue", "number": 3, "zip": 1}}, "address.zip", "unknown field"),
        (GOOD | {"places": [{"streetName": "R", "number": 1, "zip": 1}]}, "places[0].zip", "unknown field"),
        ({}, "firstName", "required field is missing"),
        (GOOD | {"address": {"number": 3}}, "address.streetName", "required field is missing"),
        (GOOD | {"firstName": 7}, "firstName", "Expected `str`, got `int`"),
        (GOOD | {"firstName": ""}, "firstName", "Expected `str` of length >= 1"),
        (GOOD | {"firstName": "x" * 11}, "firstName", "Expected `str` of length <= 10"),
        (GOOD | {"address": {"streetName": "Rue", "number": 0}}, "address.number", "Expected `int` >= 1"),
        (GOOD | {"address": 3}, "address", "Expected `object | null`, got `int`"),
        ([], "", "Expected `object`, got `array`"),
    ],
)
async def test_what_does_not_fit_is_named_in_the_spelling_of_the_api(
    client: httpx.AsyncClient, body: Any, field: str, words: str
) -> None:
    error = failure(await client.post("/wishes", json=body), 400, "VALIDATION_ERROR")
    assert error["details"] == [{"field": field, "message": words}]
    assert field in error["message"]


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"firstName": "a",}', b'{"firstName": "\\ud800"}'])
async def test_what_is_not_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/wishes", content=body, headers={"content-type": "application/json"})
    failure(response, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("query", ["pageSize=x", "", "pageSize=1.5"])
async def test_a_wrong_query_parameter_is_named(client: httpx.AsyncClient, query: str) -> None:
    error = failure(await client.get(f"/wishes?{query}".replace("pageSize", "page_size")), 400, "VALIDATION_ERROR")
    assert [fault["field"] for fault in error["details"]] == ["page_size"]


async def test_no_such_address_is_404(client: httpx.AsyncClient) -> None:
    failure(await client.get("/nowhere"), 404, "NOT_FOUND")


async def test_a_wrong_method_is_405_and_says_which_are_right(client: httpx.AsyncClient) -> None:
    response = await client.delete("/wishes")
    failure(response, 405, "METHOD_NOT_ALLOWED")
    assert {"GET", "POST"} <= set(response.headers["allow"].replace(" ", "").split(","))


async def test_too_large_a_body_is_413(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b'"' + b"x" * 100

    failure(await client.post("/wishes", json=GOOD | {"firstName": "x" * 3000}), 413, "TOO_LARGE")
    response = await client.post("/wishes", content=chunks(), headers={"content-type": "application/json"})
    failure(response, 413, "TOO_LARGE")


async def test_another_kind_of_content_is_415(client: httpx.AsyncClient) -> None:
    for what in ("415", "415 of the framework"):
        failure(await client.get(f"/things/7/{what}"), 415, "UNSUPPORTED_TYPE")


async def test_a_rule_that_says_no_gives_code_field_and_what_is_possible(client: httpx.AsyncClient) -> None:
    error = failure(await client.get("/things/7/409"), 409, "WRONG_STATE")
    assert error["details"] == [{"field": "startsAt", "message": "Too late"}]
    assert error["extra"] == {"possible": ["cancel"]}
    response = await client.get("/things/7/429")
    failure(response, 429, "TOO_MANY_REQUESTS")
    assert response.headers["retry-after"] == "7"
    assert failure(await client.get("/things/7/403"), 403, "FORBIDDEN")["message"] == "Not you"


async def test_a_fault_of_ours_is_logged_and_told_without_its_text(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logged:
        response = await client.get("/things/7/500")
    failure(response, 500, "INTERNAL_ERROR")
    assert "secret" not in response.text
    assert [entry["event"] for entry in logged] == ["request_failed"]


async def test_when_nothing_can_be_saved_it_says_why(client: httpx.AsyncClient, db: Database) -> None:
    db._writer.disk_error = "for the test"
    with structlog.testing.capture_logs() as logged:
        failure(await client.get("/things/7/404"), 404, "NOT_FOUND")
    assert [entry["event"] for entry in logged] == ["refusal_not_noted"]
    db._writer.disk_error = None
