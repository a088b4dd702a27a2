"""The security headers of every answer, as one list that was read: pages, documents, refusals, what fails (SPEC ID-23)."""

import re
from typing import Any

import httpx
import pytest

from esante.kernel import http_guard
from tests.system.test_access import NOBODYS_ID, ROLES, routes

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
CLOSED = "default-src 'none'; frame-ancestors 'none'"
PAGE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none';"
    " frame-ancestors 'none'; base-uri 'none'"
)
POLICIES = {
    "/": PAGE,
    "/confirm": PAGE,
    "/reset": PAGE,
    "/api/v1/docs": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
    ),
}
"""What may load anything at all. A new line here is a decision, not an accident."""
NEVER = ("server", "x-powered-by", "strict-transport-security", "access-control-allow-origin")


def wrong(answer: httpx.Response, path: str) -> list[str]:
    found = {name: answer.headers.get(name) for name in ALWAYS}
    faults = [f"{path} {answer.status_code}: {name} is {found[name]}" for name in ALWAYS if found[name] != ALWAYS[name]]
    policy = answer.headers.get("content-security-policy")
    if policy != (POLICIES.get(path, CLOSED) if answer.status_code < 400 else CLOSED):
        faults.append(f"{path} {answer.status_code}: the policy is {policy}")
    faults += [f"{path} {answer.status_code}: says {name}" for name in NEVER if name in answer.headers]
    if len(answer.headers.get_list("content-security-policy")) != 1 or not answer.headers.get("x-request-id"):
        faults.append(f"{path} {answer.status_code}: one policy and a request id are wanted")
    if "cache-control" not in answer.headers:
        faults.append(f"{path} {answer.status_code}: may be kept by anybody")
    return faults


def test_it_works(clinic: Any) -> None:
    """Every route, as nobody, as a patient and as somebody whom it lets in."""
    faults = []
    for method, path, handler in routes(clinic):
        if path.startswith("/api/v1/auth/log") or path in ("/api/v1/auth/lock", "/api/v1/users/me"):
            continue
        address = re.sub(r"{(day|date|on)[^}]*}", "2026-11-16", path).replace("{seq}", "1")
        address = re.sub(r"{[^}]*}", NOBODYS_ID, address)
        faults += wrong(clinic.request(method, address), path)
        role = next((role for role in ROLES if role in handler.opt["access"]), "patient")
        person = getattr(clinic, ROLES[role])
        if not person.headers:
            person.sign_in()
        faults += wrong(clinic.request(method, address, headers=person.headers), path)
    assert faults == []


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/nothing", {}),
        ("GET", "/api/v1/nothing", {}),
        ("DELETE", "/api/v1/health", {}),
        ("OPTIONS", "/api/v1/health", {}),
        ("HEAD", "/", {}),
        ("POST", "/api/v1/auth/login", {"content": b"{", "headers": {"content-type": "application/json"}}),
        ("POST", "/api/v1/auth/login", {"content": b"x" * 100_000, "headers": {"content-type": "application/json"}}),
        ("POST", "/api/v1/auth/login", {"content": b"<a/>", "headers": {"content-type": "text/xml"}}),
        ("GET", "/api/v1/auth/me", {"headers": {"authorization": "Bearer nonsense"}}),
        ("GET", "/api/v1/../../etc/passwd", {}),
        ("BREW", "/", {}),
    ],
)
def test_so_does_what_fails(clinic: Any, method: str, path: str, more: dict[str, Any]) -> None:
    answer = clinic.request(method, path, **more)
    faults = wrong(answer, path if answer.status_code < 400 and method != "OPTIONS" else "-")
    assert faults == []


def test_so_does_a_fault_of_ours(clinic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("esante.admin.settings.service.show_face", fail)
    answer = clinic.request("GET", "/api/v1/settings")
    assert answer.status_code == 500
    assert wrong(answer, "-") == []


@pytest.mark.parametrize("status", [400, 408, 429, 431])
def test_so_does_what_never_reaches_the_application(status: int) -> None:
    raw = http_guard._ANSWERS[status].split(b"\r\n\r\n")[0].decode()
    assert "x-content-type-options: nosniff" in raw
    assert f"content-security-policy: {CLOSED}" in raw
    assert "cache-control: no-store" in raw


def test_only_an_accepted_clinic_tells_browsers_to_be_strict(clinic: Any) -> None:
    async def ask(scheme: str) -> httpx.Response:
        transport = httpx.ASGITransport(clinic.app.asgi, client=("192.168.1.20", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://esante.local") as client:
            return await client.get("/api/v1/health")

    def strict(scheme: str) -> bool:
        return "strict-transport-security" in clinic.run(ask(scheme)).headers

    assert not strict("https")
    path = "/settings/strictTransport"
    etag = clinic.gwen.get(path).headers["etag"]
    assert clinic.gwen.put(path, json={"value": True}, headers={"if-match": etag}).status_code == 200
    assert strict("https")
    assert not strict("http")
