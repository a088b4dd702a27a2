"""The few plain pages that stand without the browser app: what runs here, and where the links in mails lead."""

from html import escape
from typing import Any

from litestar import MediaType, Request, Response, Router, get

from esante import __version__
from esante.kernel.access import OPEN
from esante.kernel.dependencies import Db
from esante.kernel.i18n import preferred, translate

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none';"
    " frame-ancestors 'none'; base-uri 'none'"
)

_STYLE = """body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color: #1b2733 }
h1 { font-size: 1.6rem; margin-bottom: 0 } a { color: #00696b } label { display: block; margin: 1rem 0 }
.state { border-left: 4px solid #00696b; padding-left: 1rem } .state.halted { border-color: #b3261e }
button { font: inherit; padding: .5rem 1.2rem; border: 0; border-radius: .4rem; background: #00696b; color: #fff; cursor: pointer }
button:disabled { background: #9fb3b3 } button:focus-visible, input:focus-visible { outline: 3px solid #f2a900 }
input { font: inherit; padding: .4rem; width: 100%; box-sizing: border-box }
"""

_SCRIPT = """const form = document.querySelector("form"), answer = document.querySelector("output");
const token = new URLSearchParams(location.search).get("token") ?? "";
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.querySelector("button").disabled = true;
  const body = { token, ...Object.fromEntries(new FormData(form)) };
  try {
    const reply = await fetch(form.dataset.to, {
      method: "POST", headers: { "Content-Type": "application/json", "X-Esante": "1" }, body: JSON.stringify(body),
    });
    answer.textContent = reply.ok ? form.dataset.done : (await reply.json()).error.message;
    form.querySelector("button").disabled = reply.ok;
  } catch {
    answer.textContent = form.dataset.failed;
    form.querySelector("button").disabled = false;
  }
});
"""

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{clinic}</title><link rel="icon" href="/api/v1/docs/favicon-32x32.png"><link rel="stylesheet" href="/page.css"></head>
<body><h1>{clinic}</h1>
{content}</body></html>
"""

_FRONT = """<p>{what}</p><p class="state{halted}">{state}</p>
<ul><li><a href="/api/v1/docs">{docs}</a></li><li><a href="/api/v1/openapi.json">OpenAPI 3.1</a></li>
<li><a href="/api/v1/health">{health}</a></li></ul>
"""

_FORM = """<form data-to="{to}" data-done="{done}" data-failed="{failed}"><p>{ask}</p>{fields}<button>{button}</button></form>
<p><output role="status"></output></p><script src="/page.js"></script>
"""

Visit = Request[Any, Any, Any]


@get("/", access=OPEN, include_in_schema=False, media_type=MediaType.HTML)
async def front_page(request: Visit, db: Db) -> Response[str]:
    """What runs here, and is it well."""
    language = _language(request, db)
    why = db.unwritable
    state = (
        translate(language, "Nothing can be saved now: {why}", why=why) if why else translate(language, "All is well.")
    )
    content = _FRONT.format(
        what=escape(translate(language, "This is esante {version}, the clinic's own server.", version=__version__)),
        halted=" halted" if why else "",
        state=escape(state),
        docs=escape(translate(language, "The API, to read and to try")),
        health=escape(translate(language, "Is the server well?")),
    )
    return _page(language, db, content)


@get("/confirm", access=OPEN, include_in_schema=False, media_type=MediaType.HTML)
async def confirm_page(request: Visit, db: Db) -> Response[str]:
    """Where the link of a confirmation mail leads. It asks for a click, so that a mail scanner confirms nothing."""
    language = _language(request, db)
    content = _form(
        language,
        "/api/v1/auth/verify-email",
        ask="Please confirm that this is your address.",
        button="Confirm",
        done="Your address is confirmed. You can sign in now.",
    )
    return _page(language, db, content)


@get("/reset", access=OPEN, include_in_schema=False, media_type=MediaType.HTML)
async def reset_page(request: Visit, db: Db) -> Response[str]:
    """Where the link of a reset mail, or of a slip from the desk, leads."""
    language = _language(request, db)
    label = escape(translate(language, "New password: 8 characters at least, with upper case, lower case and a digit"))
    content = _form(
        language,
        "/api/v1/auth/reset-password",
        ask="Choose a new password.",
        button="Save",
        done="Your password is set. You can sign in now.",
        fields=f'<label>{label}<input name="password" type="password" autocomplete="new-password" minlength="8" required></label>',
    )
    return _page(language, db, content)


@get("/page.css", access=OPEN, include_in_schema=False, media_type=MediaType.CSS)
async def page_style() -> str:
    """The look of the plain pages."""
    return _STYLE


@get("/page.js", access=OPEN, include_in_schema=False, media_type="text/javascript")
async def page_script() -> str:
    """Sends the form of a plain page."""
    return _SCRIPT


def _form(language: str, to: str, *, ask: str, button: str, done: str, fields: str = "") -> str:
    return _FORM.format(
        to=to,
        ask=escape(translate(language, ask)),
        button=escape(translate(language, button)),
        done=escape(translate(language, done)),
        failed=escape(translate(language, "The server did not answer. Please try again.")),
        fields=fields,
    )


def _page(language: str, db: Db, content: str) -> Response[str]:
    page = _PAGE.format(language=language, clinic=escape(db.settings.clinic_name), content=content)
    return Response(page, media_type=MediaType.HTML, headers={"content-security-policy": POLICY})


def _language(request: Visit, db: Db) -> str:
    return preferred(request.headers.get("accept-language"), db.settings.language)


router = Router(
    "/", route_handlers=[front_page, confirm_page, reset_page, page_style, page_script], opt={"pace": "free"}
)
