"""What every answer carries, and the line that a refusal leaves before it is told."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from esante.edge import Edge
from esante.kernel.actor import Actor
from esante.kernel.database import Database
from tests.kernel.ground import ACTOR
from tests.kernel.tiny_app import client_of, tiny_app


@pytest.fixture
async def client(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(tiny_app(db)) as client:
        yield client


def noted(db: Database) -> list[dict[str, Any]]:
    names = "actor, role, address, request_id, action, severity, outcome, subject, detail"
    found = db.read(ACTOR, lambda tx: tx.conn.execute(f"SELECT {names} FROM audit ORDER BY seq").fetchall())
    return [dict(zip(names.split(", "), row, strict=True)) for row in found]


@pytest.mark.parametrize("path", ["/dressed", "/nowhere", "/things/7/500", "/things/7/403", "/wishes?page_size=x"])
async def test_it_works(client: httpx.AsyncClient, path: str) -> None:
    """Every answer, good or bad."""
    response = await client.get(path)
    expected = {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cache-control": "no-store",
    }
    assert {name: response.headers.get(name) for name in expected} == expected
    assert len(response.headers["x-request-id"]) == 16


async def test_each_request_has_its_own_id_and_the_route_sees_it(client: httpx.AsyncClient) -> None:
    responses = [await client.get("/dressed") for _ in range(5)]
    assert all(response.text == response.headers["x-request-id"] for response in responses)
    assert len({response.text for response in responses}) == 5


@pytest.mark.parametrize(("what", "status"), [("401", 401), ("403", 403), ("404", 404)])
async def test_a_refusal_leaves_one_line_with_what_was_asked(
    client: httpx.AsyncClient, db: Database, what: str, status: int
) -> None:
    response = await client.get(f"/things/7/{what}")
    assert response.status_code == status
    [line] = noted(db)
    detail = msgspec.json.decode(line.pop("detail"))
    assert line == {
        "actor": "anonymous", "role": "anonymous", "address": "10.0.0.9", "request_id": response.headers["x-request-id"],
        "action": "access.denied", "severity": "warning", "outcome": "refused", "subject": "/things/{id}/{what}",
    }  # fmt: skip
    assert (detail["status"], detail["method"], detail["asked"]) == (status, "GET", {"id": "7", "what": what})


async def test_the_line_is_on_disk_before_the_answer(db: Database) -> None:
    seen: list[int] = []

    async def send(message: Any) -> None:
        seen.append(len(noted(db)))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Any = {
        "type": "http", "method": "GET", "path": "/things/7/404", "raw_path": b"/things/7/404", "query_string": b"",
        "root_path": "", "headers": [(b"host", b"clinic")], "client": ("10.0.0.9", 1), "server": ("clinic", 80),
        "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await tiny_app(db)(scope, receive, send)
    assert seen
    assert set(seen) == {1}


async def test_whoever_was_recognised_is_named(db: Database) -> None:
    inner = tiny_app(db)

    async def recognised(scope: Any, receive: Any, send: Any) -> None:
        scope["actor"] = Actor(id="a1", role="patient", session_id="s1")
        await inner._app(scope, receive, send)

    async with client_of(Edge(recognised, db)) as client:
        await client.get("/things/7/403")
    [line] = noted(db)
    assert (line["actor"], line["role"], line["address"]) == ("a1", "patient", "10.0.0.9")


@pytest.mark.parametrize("path", ["/nowhere", "/wishes?page_size=1", "/things/7/409", "/things/7/500", "/dressed"])
async def test_what_is_no_refusal_leaves_no_line(client: httpx.AsyncClient, db: Database, path: str) -> None:
    await client.get(path)
    assert noted(db) == []
