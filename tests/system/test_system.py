"""The box itself: health, pages, documents, and the one shape of every failure."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from esante.app import App, refuse_undeclared
from esante.kernel.config import Config, Keys


def test_health_answers_everybody(clinic: Any) -> None:
    answer = clinic.anonymous.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_the_front_page_says_what_runs_here_and_calls_nobody(clinic: Any) -> None:
    page = clinic.request("GET", "/", headers={"accept-language": "en"})
    assert "clinic's own server" in page.text.replace("&#x27;", "'")
    assert "/api/v1/docs" in page.text
    for path in ("/", "/confirm", "/reset", "/api/v1/docs", "/page.js", "/page.css", "/api/v1/docs/start.js"):
        answer = clinic.request("GET", path)
        assert answer.status_code == 200
        assert "http://" not in answer.text
        assert "https://" not in answer.text
    assert "text/html" in page.headers["content-type"]


def test_the_api_is_documented_from_local_files(clinic: Any) -> None:
    document = clinic.anonymous.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    booking = document["paths"]["/api/v1/appointments"]["post"]
    assert "FailureAnswer" in str(booking["responses"]["4XX"])
    assert booking["security"]
    assert "security" not in document["paths"]["/api/v1/health"]["get"]
    assert clinic.anonymous.get("/docs/swagger-ui-bundle.js").status_code == 200
    assert clinic.anonymous.get("/docs/../../../etc/passwd").status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/api/v1/nothing", "/api/v1/audit", "/nothing"])
def test_every_answer_has_the_security_headers(clinic: Any, path: str) -> None:
    headers = clinic.request("GET", path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-request-id"]
    assert "server" not in headers


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code", "field"),
    [
        ("GET", "/nothing", {}, 404, "NOT_FOUND", None),
        ("DELETE", "/health", {}, 405, "METHOD_NOT_ALLOWED", None),
        (
            "POST",
            "/auth/login",
            {"json": {"identifier": "abc", "password": "x", "role": "king"}},
            400,
            "VALIDATION_ERROR",
            "role",
        ),
        (
            "POST",
            "/auth/login",
            {"json": {"identifier": "abc", "password": "x", "isAdmin": 1}},
            400,
            "VALIDATION_ERROR",
            "isAdmin",
        ),
        ("POST", "/auth/login", {"json": {"identifier": "abc"}}, 400, "VALIDATION_ERROR", "password"),
        (
            "POST",
            "/auth/login",
            {"content": b"{", "headers": {"content-type": "application/json"}},
            400,
            "VALIDATION_ERROR",
            None,
        ),
        (
            "POST",
            "/auth/login",
            {"content": b"<a/>", "headers": {"content-type": "text/xml"}},
            415,
            "UNSUPPORTED_TYPE",
            None,
        ),
        ("POST", "/auth/login", {"json": {"identifier": "a" * 2_000_000, "password": "x"}}, 413, "TOO_LARGE", None),
        ("GET", "/auth/me", {"headers": {"authorization": "Bearer nonsense"}}, 401, "SESSION_ENDED", None),
    ],
)
def test_every_failure_has_one_shape(
    clinic: Any, method: str, path: str, more: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    answer = clinic.anonymous.request(method, path, **more)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["requestId"] == answer.headers["x-request-id"]
    assert field is None or field in [fault["field"] for fault in error["details"]]
    assert "Traceback" not in answer.text


def test_a_refusal_speaks_the_persons_language(clinic: Any) -> None:
    french = clinic.anonymous.get("/auth/me").json()["error"]["message"]
    english = clinic.anonymous.get("/auth/me", headers={"accept-language": "en-GB"}).json()["error"]["message"]
    assert (french, english) == ("Veuillez vous connecter", "Please sign in")


def test_a_route_that_says_nothing_of_access_stops_the_start(clinic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    route = next(route for route in clinic.app.litestar.routes if route.path == "/api/v1/health")
    handler = next(one for one in route.route_handlers if "GET" in one.http_methods)
    monkeypatch.delitem(handler.opt, "access")  # the next clinic of this process takes over the routes
    with pytest.raises(RuntimeError, match="health"):
        refuse_undeclared(clinic.app.litestar)


def test_routes_serve_one_clinic_after_the_other_never_two_at_once(furnished: Any, tmp_path: Path) -> None:
    folder, _ = furnished
    config = Config(keys=Keys(file=str(tmp_path / "one" / "demo-key")))
    for name in ("one", "two"):
        shutil.copytree(folder, tmp_path / name)
    first = App(tmp_path / "one", config, run_jobs=False)
    first.seat.taken = True
    assert App(tmp_path / "two", config, run_jobs=False, after=first).litestar is not first.litestar
    first.seat.taken = False
    other = msgspec.structs.replace(config, limits=msgspec.structs.replace(config.limits, body_bytes=2_000))
    assert App(tmp_path / "two", other, run_jobs=False, after=first).litestar is not first.litestar
    second = App(tmp_path / "two", config, run_jobs=False, after=first)
    assert second.litestar is first.litestar
    assert first.seat.app is second
