"""The plain page on port 80: why devices do not trust the clinic yet, and how they learn to. It hands out the certificate of
the clinic's authority and nothing else, and sends nobody anywhere."""

import base64
import hashlib
from collections.abc import Callable
from html import escape
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from litestar.types import Receive, Scope, Send

from esante.edge import HEADERS
from esante.kernel.i18n import preferred, translate
from esante.kernel.tls import fingerprint

FILE = "/esante-ca.crt"
RIGHT_TO_LEFT = ("ar", "fa", "he")
"""For the catalogues to come."""

_STYLE = """body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #1b2733 }
a { color: #00696b } .do { display: inline-block; padding: .6rem 1.2rem; border-radius: .4rem; background: #00696b; color: #fff }
code { overflow-wrap: anywhere; direction: ltr; unicode-bidi: isolate }
"""
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title><style>{style}</style></head>
<body><h1>{title}</h1>
<p>{why}</p>
<p><a class="do" href="{file}" download>{take}</a></p>
<p>{compare}<br><code>{fingerprint}</code></p>
<ul>{steps}</ul>
<p>{then} <a href="{address}">{address}</a></p></body></html>
"""


class Welcome:
    """A small ASGI application."""

    def __init__(self, authority: Callable[[], x509.Certificate], address: str, language: str) -> None:
        """`authority` is asked each time, `address` is where the clinic is, `language` for who prefers none of ours."""
        self._authority, self._address, self._language = authority, address, language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked: Any = scope
        status, kind, body = self._answer(asked)
        headers = [
            *HEADERS,
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", POLICY.encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if asked["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def _answer(self, asked: Any) -> tuple[int, bytes, bytes]:
        if asked["method"] not in ("GET", "HEAD"):
            return 405, b"text/plain; charset=utf-8", b"405\n"
        if asked["path"] == FILE:
            return 200, b"application/x-x509-ca-cert", self._authority().public_bytes(Encoding.DER)
        if asked["path"] == "/":
            accepted = dict(asked["headers"]).get(b"accept-language", b"").decode("latin-1")
            return 200, b"text/html; charset=utf-8", self._page(preferred(accepted, self._language)).encode()
        return 404, b"text/plain; charset=utf-8", b"404\n"

    def _page(self, language: str) -> str:
        def say(message: str) -> str:
            return escape(translate(language, message))

        steps = (
            say("On Windows: open it, Install certificate, Local machine, Trusted root certification authorities."),
            say("On a Mac: open it, then set it to Always trust in Keychain Access."),
            say(
                "On an iPhone or iPad: allow the profile, install it in Settings, then turn it on under General, About,"
                " Certificate trust settings."
            ),
            say("On Android: Settings, Security, Install a certificate, CA certificate."),
            say("In Firefox: Settings, Certificates, Authorities, Import."),
        )
        return _PAGE.format(
            language=language,
            direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
            style=_STYLE,
            title=say("The clinic's own server"),
            why=say(
                "Connections to it are encrypted. Its certificate is made in this building and not by a company, so this"
                " device has to learn once to trust it. The certificate is good for this server only, and for no site of the"
                " internet."
            ),
            file=FILE,
            take=say("Take the certificate"),
            compare=say("Compare it with the sheet on the clinic's wall before you trust it. Its SHA-256 fingerprint:"),
            fingerprint=fingerprint(self._authority()),
            steps="".join(f"<li>{step}</li>" for step in steps),
            then=say("Then open"),
            address=escape(self._address),
        )
