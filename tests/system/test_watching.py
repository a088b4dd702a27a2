"""What machines ask of the box: ready, and the numbers for Prometheus."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from esante.kernel import metrics
from esante.kernel.config import Config, Metrics
from tests.conftest import LIMITS

TOKEN = "a-token-of-sixteen-or-more"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "metrics-token").write_text(f"{TOKEN}\n")
    return Config(limits=LIMITS, metrics=Metrics(token_file=str(tmp_path / "metrics-token")))


def ask(clinic: Any, address: str = "127.0.0.1", **headers: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(clinic.app.asgi, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(
                "/metrics", headers={name.replace("_", "-"): text for name, text in headers.items()}
            )

    return clinic.run(request())


def numbers(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_works(clinic: Any) -> None:
    assert clinic.anonymous.get("/ready").json() == {"ready": True}
    clinic.driss.get("/auth/me")
    answer = ask(clinic)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = numbers(answer.text)
    assert found["esante_writable", ()] == 1
    assert found["esante_http_requests_total", ("GET", "/api/v1/auth/me", "200")] >= 1
    assert found["esante_audit_lines", ()] > 0
    assert found["esante_disk_free_bytes", ("data",)] > 0
    assert found["process_resident_memory_bytes", ()] > 0


def test_promtool_finds_nothing_to_say(clinic: Any) -> None:
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed here")
    clinic.driss.get("/auth/me")
    done = subprocess.run(["promtool", "check", "metrics"], input=ask(clinic).text, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_no_id_no_name_and_no_path_stands_in_them(clinic: Any) -> None:
    clinic.driss.get(f"/patients/{clinic.ids['driss']}")
    clinic.driss.get("/patients/somebody-else")
    clinic.anonymous.get("/nothing/at-all")
    clinic.anonymous.request("BREW", "/coffee")
    clinic.run_jobs()
    text = ask(clinic).text
    for word in (*clinic.ids.values(), *clinic.accounts.values(), "somebody-else", "at-all", "coffee", "BREW", "driss"):
        assert word not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text)


def test_labels_come_from_the_code_alone(clinic: Any) -> None:
    templates = {route.path_format for route in clinic.app.litestar.routes} | {"none"}
    for number in range(50):
        clinic.anonymous.get(f"/nothing/{number}")
        clinic.anonymous.get(f"/doctors/{number}")
    routes = {labels[1] for (name, labels) in numbers(ask(clinic).text) if name == "esante_http_requests_total"}
    assert {route for route in routes if route.startswith("/")} <= templates | {
        "/things/{id}/{what}",
        "/dressed",
        "/wishes",
    }


def test_this_machine_admins_and_the_token_may_read_them(clinic: Any) -> None:
    clinic.gwen.sign_in()
    assert ask(clinic, "127.0.0.1").status_code == 200
    assert ask(clinic, "::1").status_code == 200
    assert ask(clinic, "192.0.2.7", authorization=f"Bearer {TOKEN}").status_code == 200
    assert ask(clinic, "192.0.2.7", **clinic.gwen.headers).status_code == 200


def test_strangers_and_others_may_not_and_leave_a_line(clinic: Any) -> None:
    clinic.driss.sign_in()
    assert ask(clinic, "192.0.2.7").status_code == 403
    assert clinic.audit("access.denied")[-1]["subject"] == "/metrics"
    assert ask(clinic, "192.0.2.7", **clinic.driss.headers).status_code == 403
    assert ask(clinic, "192.0.2.7", authorization="Bearer wrong").status_code == 403
    assert ask(clinic, "127.0.0.1", x_forwarded_for="192.0.2.7").status_code == 403


def test_an_empty_or_short_token_opens_nothing(clinic: Any, tmp_path: Path) -> None:
    for content in ("", "\n", "short\n"):
        (tmp_path / "metrics-token").write_text(content)
        assert ask(clinic, "192.0.2.7", authorization=f"Bearer {content.strip()}").status_code == 403
    (tmp_path / "metrics-token").unlink()
    assert ask(clinic, "192.0.2.7", authorization="Bearer ").status_code == 403


def test_a_clinic_that_cannot_save_is_not_ready_and_says_why(clinic: Any) -> None:
    clinic.db._writer.disk_error = "the disk is gone"
    answer = clinic.anonymous.get("/ready")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "READ_ONLY")
    assert "the disk is gone" in answer.text
    assert clinic.anonymous.get("/health").json()["status"] == "readOnly"
    assert numbers(ask(clinic).text)["esante_writable", ()] == 0


def test_health_has_one_shape(clinic: Any) -> None:
    assert msgspec.json.decode(clinic.anonymous.get("/health").content).keys() == {"status", "version", "reason"}


def test_slow_commands_are_counted_by_name(clinic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esante.kernel.writer.SLOW_SECONDS", -1.0)

    def dawdle(tx: Any) -> None:
        pass

    clinic.write(clinic.actor("gwen"), dawdle)
    assert metrics.SLOW_COMMANDS.labels("dawdle")._value.get() == 1
