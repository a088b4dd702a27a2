"""The edge of the clinic: what every request meets before and after its route.

Outside the framework, as one small ASGI layer: a request id, the security headers, and the audit line of a refusal, which
is on disk before the person sees the answer.
"""

from random import getrandbits
from time import perf_counter
from typing import ClassVar
from urllib.parse import parse_qsl

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from esante.kernel import metrics
from esante.kernel.actor import ANONYMOUS, Actor
from esante.kernel.database import Database
from esante.kernel.errors import Unavailable
from esante.kernel.log import REQUEST_ID
from esante.kernel.structs import Event, Severity

log = structlog.get_logger(__name__)

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
STRICT = (b"strict-transport-security", b"max-age=31536000")
"""Only once the clinic says that every device trusts its certificate: a browser does not forget it for a year."""
NO_STORE = (b"cache-control", b"no-store")
WITH_BODY = ("POST", "PUT", "PATCH")
QUIET = frozenset({"/api/v1/health", "/api/v1/ready", "/metrics"})
"""Asked so often by machines that a line for each would hide the others."""


class AccessDenied(Event, tag="access.denied"):
    """Somebody was refused: status, route and the ids that were asked for. Whether the row exists is not said."""

    severity: ClassVar[Severity] = "warning"

    status: int
    method: str
    asked: dict[str, str]


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, db: Database, *, log_requests: bool = False) -> None:
        self._app, self._db, self._log_requests = app, db, log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):  # the lifespan of the server
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        # No secret; `os.urandom` would let other threads cut in at every request.
        request_id = f"{getrandbits(64):016x}"  # nosec B311
        REQUEST_ID.set(request_id)
        scope["request_id"] = request_id  # type: ignore[typeddict-unknown-key]
        scope["language"] = self._db.settings.language  # type: ignore[typeddict-unknown-key]

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] in (401, 403, 404):
                    await self._note(scope, message["status"])
                headers = list(message["headers"])
                names = {name for name, _ in headers}
                headers += HEADERS
                headers.append((b"x-request-id", request_id.encode()))
                headers += [header for header in (POLICY, NO_STORE) if header[0] not in names]
                if scope["scheme"] == "https" and self._db.settings.strict_transport:
                    headers.append(STRICT)
                message["headers"] = headers
                self._count(scope, message["status"], perf_counter() - started)
            await send(message)

        await self._app(scope, receive, send_dressed)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = str(scope.get("method", "GET")), scope.get("path_template")
        metrics.count_request(method, route, status, seconds)
        if self._log_requests and route not in QUIET:
            log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))

    async def _note(self, scope: Scope, status: int) -> None:
        """The audit line of a refusal; a 404 only where an id was asked for, in the path, the query or the body."""
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"))
        named = [
            *scope.get("path_params", {}).items(),
            *((name, value) for name, value in query if name.endswith("Id")),
        ]
        asked = {str(name): str(value)[:64] for name, value in named}
        if status == 404 and ("path_template" not in scope or not (asked or scope.get("method") in WITH_BODY)):
            return
        actor: Actor = scope.get("actor") or ANONYMOUS  # type: ignore[assignment]
        event = AccessDenied(
            subject=str(scope.get("path_template") or scope["path"])[:200],
            status=status,
            method=str(scope.get("method", "GET")),
            asked=asked,
        )
        try:
            await self._db.note(_placed(actor, scope), event)
        except Unavailable as error:
            log.error("refusal_not_noted", status=status, why=str(error))


def _placed(actor: Actor, scope: Scope) -> Actor:
    """With address and request id, which somebody who was turned away at the door does not have yet."""
    if actor.request_id:
        return actor
    client = scope.get("client")
    return Actor(
        id=actor.id,
        role=actor.role,
        session_id=actor.session_id,
        address=client[0] if client else None,
        request_id=str(scope.get("request_id")),
    )
