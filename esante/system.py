"""The pages and routes of the box itself: what runs here, is it well, and the API's documents. All from local files."""

from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

import msgspec
from litestar import Controller, MediaType, Request, Response, Router, get
from litestar.params import FromPath

from esante import __version__
from esante.kernel.access import OPEN
from esante.kernel.dependencies import Db
from esante.kernel.errors import NotFound

DOCS_POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"

_SWAGGER = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

_STYLE = """body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color: #1b2733 }
h1 { font-size: 1.6rem; margin-bottom: 0 } a { color: #00696b } code { background: #eef3f4; padding: .1em .3em }
.state { border-left: 4px solid #00696b; padding-left: 1rem } .state.halted { border-color: #b3261e }
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{clinic}</title><link rel="icon" href="/api/v1/docs/favicon-32x32.png"><link rel="stylesheet" href="/page.css"></head>
<body><h1>{clinic}</h1><p>This is esante {version}, the clinic's own server.</p>
<p class="state {state_class}">{state}</p>
<ul><li><a href="/api/v1/docs">The API, to read and to try</a></li>
<li><a href="/api/v1/openapi.json">The API as an OpenAPI 3.1 document</a></li>
<li><a href="/api/v1/health">Is the server well?</a></li></ul></body></html>
"""

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
    return Health("readOnly" if db.halted else "ok", __version__, db.halted)


@get("/", access=OPEN, include_in_schema=False, media_type=MediaType.HTML)
async def front_page(db: Db) -> Response[str]:
    """What runs here."""
    state = f"Nothing can be saved now: {db.halted}" if db.halted else "All is well."
    page = _PAGE.format(
        clinic=escape(db.settings.clinic_name),
        version=__version__,
        state=escape(state),
        state_class="halted" if db.halted else "",
    )
    return Response(page, media_type=MediaType.HTML, headers={"content-security-policy": PAGE_POLICY})


@get("/page.css", access=OPEN, include_in_schema=False, media_type=MediaType.CSS)
async def page_style() -> str:
    """The look of the plain page."""
    return _STYLE


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
        return Response(
            msgspec.json.encode(request.app.openapi_schema.to_schema()), media_type="application/vnd.oai.openapi+json"
        )


@cache
def _swagger_file(name: str) -> bytes:
    return (files("swagger_ui") / "static" / name).read_bytes()


router = Router("/", route_handlers=[health, front_page, page_style, docs_page, docs_file])
