"""What a route may ask for by type; the app hands it in by name."""

import hashlib
from typing import Any, Protocol, TypeVar

from litestar import Request, Response
from litestar.di import NamedDependency

from esante.kernel.actor import Actor
from esante.kernel.clinic import Clinic
from esante.kernel.database import Database
from esante.kernel.errors import Invalid, VersionMissing
from esante.kernel.idempotency import Once


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


K = TypeVar("K", bound=Versioned)

Db = NamedDependency[Database]
"""Parameter name `db`."""
Me = NamedDependency[Actor]
"""Parameter name `actor`: who is signed in (or `ANONYMOUS`)."""
OnceKey = NamedDependency[Once | None]
"""Parameter name `once`: the Idempotency-Key with the digest of the request; for `db.write_once`."""
IfMatch = NamedDependency[int]
"""Parameter name `version`: what If-Match says was read; 428 when it is missing."""
House = NamedDependency[Clinic]
"""Parameter name `clinic`: vault, hub, mail settings; few routes need it."""


async def provide_once(request: Request[Any, Any, Any], actor: Me) -> Once | None:
    """After the actor, so that the framework runs no task for it; see `App`."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= 200:
        raise Invalid("An Idempotency-Key has 1 to 200 characters", field="Idempotency-Key")
    request_line = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return Once(key=key, digest=hashlib.sha256(request_line + await request.body()).digest())


def provide_version(request: Request[Any, Any, Any], actor: Me) -> int:
    """The version in If-Match; `VersionMissing` without one."""
    given = request.headers.get("if-match")
    if given is None:
        raise VersionMissing("Send If-Match with the version that you read, so that nobody's change is lost")
    number = given.strip().removeprefix("W/").strip('"')
    if not number.isascii() or not number.isdigit() or len(number) > 12:
        raise Invalid("If-Match must be the version number that you read", field="If-Match")
    return int(number)


def tagged(resource: K, status_code: int = 200) -> Response[K]:
    """The resource, with its version as ETag: what If-Match wants to see at the next edit."""
    return Response(resource, status_code=status_code, headers={"ETag": f'"{resource.version}"'})
