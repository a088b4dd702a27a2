"""A small application behind the real edge, for what has to be seen from outside."""

from collections.abc import Callable
from typing import Annotated, Any

import httpx
import msgspec
from litestar import Litestar, Request, get, post, websocket
from litestar.connection import WebSocket
from litestar.exceptions import HTTPException
from litestar.params import FromQuery, JSONBody

from esante.edge import Edge
from esante.kernel.database import Database
from esante.kernel.errors import Conflict, Forbidden, NotFound, Refusal, TooMany, Unauthenticated, UnsupportedType
from esante.kernel.http_errors import confess, refuse, refuse_request
from esante.kernel.structs import Asked


class Address(Asked):
    street_name: str
    number: Annotated[int, msgspec.Meta(ge=1)]


class Wish(Asked):
    first_name: Annotated[str, msgspec.Meta(min_length=1, max_length=10)]
    address: Address | None = None
    places: tuple[Address, ...] = ()


@post("/wishes")
async def wish(data: JSONBody[Wish]) -> Wish:
    return data


@get("/wishes")
async def wishes(page_size: FromQuery[int], since: FromQuery[str | None] = None) -> int:
    return page_size


RAISED: dict[str, Callable[[], Exception]] = {
    "401": lambda: Unauthenticated("Please sign in"),
    "403": lambda: Forbidden("Not {who}", who="you"),
    "404": lambda: NotFound("There is no such thing"),
    "409": lambda: Conflict("Too late", code="WRONG_STATE", field="startsAt", extra={"possible": ["cancel"]}),
    "415": lambda: UnsupportedType("A scan is a PDF"),
    "415 of the framework": lambda: HTTPException(status_code=415),
    "429": lambda: TooMany("Slowly", retry_after=7),
    "500": lambda: ZeroDivisionError("a secret of ours"),
}


@get("/things/{id:str}/{what:str}")
async def thing(id: str, what: str) -> str:
    raise RAISED[what]()


@get("/dressed")
async def dressed(request: Request[Any, Any, Any]) -> str:
    return str(request.scope["request_id"])  # type: ignore[typeddict-item]


@websocket("/socket")
async def listen(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.close()


def tiny_app(db: Database) -> Edge:
    app = Litestar(
        route_handlers=[wish, wishes, thing, dressed, listen],
        exception_handlers={Refusal: refuse, HTTPException: refuse_request, Exception: confess},
        request_max_body_size=2_000,
        openapi_config=None,
        logging_config=None,
    )
    return Edge(app, db)


def client_of(edge: Edge) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=edge, client=("10.0.0.9", 5000))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://clinic", headers={"accept-language": "en"})
