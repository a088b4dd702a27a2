"""The routes of the box itself: is it well, and the API's documents. All from local files; nothing calls out."""

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
from litestar import Controller, Litestar, MediaType, Request, Response, Router, get
from litestar.params import FromPath

from esante import __version__
from esante.kernel.access import OPEN
from esante.kernel.dependencies import Db
from esante.kernel.errors import NotFound
from esante.kernel.http_errors import FailureAnswer

DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
)

_SWAGGER = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

_DOCS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>esante API</title>
<link rel="icon" href="/api/v1/docs/favicon-32x32.png"><link rel="stylesheet" href="/api/v1/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="/api/v1/docs/swagger-ui-bundle.js"></script>
<script src="/api/v1/docs/start.js"></script></body></html>
"""

_DOCS_START = """window.onload = () => SwaggerUIBundle({
  url: "/api/v1/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
  requestInterceptor: (request) => { request.headers["X-Esante"] = "1"; return request; },
});
"""


class Health(msgspec.Struct, frozen=True, rename="camel"):
    """`readOnly` when nothing can be saved; `reason` then says why and what to do."""

    status: Literal["ok", "readOnly"]
    version: str
    reason: str | None = None


@get("/api/v1/health", access=OPEN, tags=["System"])
async def health(db: Db) -> Health:
    """Answers as soon as the clinic is open."""
    return Health("readOnly" if db.unwritable else "ok", __version__, db.unwritable)


@get("/api/v1/docs", access=OPEN, include_in_schema=False, media_type=MediaType.HTML)
async def docs_page() -> Response[str]:
    """Swagger UI."""
    return Response(_DOCS, media_type=MediaType.HTML, headers={"content-security-policy": DOCS_POLICY})


@get("/api/v1/docs/{file:str}", access=OPEN, include_in_schema=False)
async def docs_file(file: FromPath[str]) -> Response[bytes]:
    """Swagger UI's own files, from the installed package."""
    if file == "start.js":
        return Response(_DOCS_START.encode(), media_type="text/javascript")
    if file not in _SWAGGER:
        raise NotFound("There is nothing at this address")
    return Response(_swagger_file(file), media_type=_SWAGGER[file], headers={"cache-control": "max-age=86400"})


class ApiDocument(Controller):
    """The OpenAPI 3.1 document, made from the routes once."""

    path = "/api/v1"

    @get("/openapi.json", access=OPEN, include_in_schema=False)
    async def openapi(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The API as a document for programs."""
        return Response(_encoded_document(request.app), media_type="application/vnd.oai.openapi+json")


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document, with what the framework does not know: one shape for every failure, and who may come in."""
    whole = app.openapi_schema.to_schema()
    _, failures = msgspec.json.schema_components([FailureAnswer], ref_template="#/components/schemas/{name}")
    whole["components"]["schemas"] |= failures
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/FailureAnswer"}}}
    refused = {
        "4XX": {"description": "Refused: the code says why.", "content": content},
        "5XX": {
            "description": "Not possible now: busy, read-only or full; or a fault of the server.",
            "content": content,
        },
    }
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods:
                operation = whole["paths"].get(route.path_format, {}).get(method.lower())
                if operation is None:
                    continue
                operation["summary"] = handler.handler_name.replace("_", " ").capitalize()
                operation["responses"].pop("400", None)
                operation["responses"] |= refused
                if kinds := handler.opt.get("gives"):
                    operation["responses"]["200"]["content"] = _contents(kinds, operation["responses"]["200"])
                if "anonymous" not in handler.opt["access"]:
                    operation["security"] = [{"bearer": []}, {"cookie": []}]
                    operation["description"] += f"\n\nRoles: {', '.join(sorted(handler.opt['access']))}."
    return whole


def _contents(kinds: tuple[str, ...], answer: dict[str, Any]) -> dict[str, Any]:
    """Of a route that gives a file, and says so by `gives=(...)`: JSON as it was, and the other kinds of content."""
    as_json = answer["content"].get("application/json")
    return {
        kind: as_json if kind == "application/json" else {"schema": {"type": "string", "format": "binary"}}
        for kind in kinds
    }


@cache
def _encoded_document(app: Litestar) -> bytes:
    return msgspec.json.encode(document(app), order="sorted")


@cache
def _swagger_file(name: str) -> bytes:
    return (files("swagger_ui") / "static" / name).read_bytes()


router = Router("/", route_handlers=[health, docs_page, docs_file], opt={"pace": "free"})
