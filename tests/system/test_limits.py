"""What one client may take (SPEC ID-14): rates of uploads and forms, sizes of bodies by route, and memory that is bounded."""

import io
import os
import re
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from esante.identity.door import Door
from esante.identity.throttle import REMEMBERED, Bucket, Throttle
from esante.kernel import http_guard, metrics
from esante.kernel.access import OPEN, OPEN_BODY
from esante.kernel.actor import ANONYMOUS
from esante.kernel.config import Config, Limits
from esante.kernel.errors import TooMany
from tests.conftest import LIMITS
from tests.system.test_access import NOBODYS_ID, ROLES

NOW = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
ADDRESSES = 200_000


@pytest.fixture
def config() -> Config:
    return Config(limits=msgspec.structs.replace(LIMITS, uploads_per_account=3, requests_per_address=100))


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (10, 10)).save(out, "PNG")
    return out.getvalue()


def upload(clinic: Any, name: str) -> Any:
    return getattr(clinic, name).put("/users/photo", content=picture(), headers={"content-type": "image/png"})


def test_it_works(clinic: Any) -> None:
    """Uploads: so many in an hour, each account for itself, and nothing else is held up."""
    assert [upload(clinic, "amina").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = upload(clinic, "amina")
    assert refused.json()["error"]["code"] == "RATE_LIMITED"
    assert 3500 < int(refused.headers["retry-after"]) <= 3601
    assert upload(clinic, "driss").status_code == 200
    assert clinic.amina.get("/auth/me").status_code == 200
    clinic.clock.advance(minutes=61)
    clinic.amina.sign_in()
    assert upload(clinic, "amina").status_code == 200


def test_the_limits_are_those_of_the_specification() -> None:
    limits = Limits()
    assert (limits.requests_per_account, limits.requests_per_address) == (600, 100)
    assert (limits.tries_per_account, limits.tries_per_address) == (5, 20)
    assert (limits.uploads_per_account, limits.forms_per_address) == (60, 30)


def test_a_stranger_sends_thirty_forms_in_a_quarter_of_an_hour() -> None:
    throttle = Throttle(Limits())
    door: Any = msgspec.structs.replace(ANONYMOUS, address="192.0.2.1")
    opened = object.__new__(Door)
    opened.throttle, opened._now = throttle, lambda: NOW
    for _ in range(30):
        Door.count_stranger(opened, door, {"pace": "form"})
    with pytest.raises(TooMany) as refused:
        Door.count_stranger(opened, door, {"pace": "form"})
    assert refused.value.retry_after == 901
    Door.count_stranger(opened, door, {})
    throttle.form("192.0.2.1", NOW + timedelta(minutes=15))


def test_a_hundred_requests_of_a_stranger(clinic: Any) -> None:
    answers = [clinic.anonymous.get("/doctors").status_code for _ in range(101)]
    assert answers == [200] * 100 + [429]
    assert clinic.anonymous.get("/health").status_code == 200
    assert int(clinic.anonymous.get("/doctors").headers["retry-after"]) > 890


# --------------------------------------------------------------------------------------- bodies


def writes(clinic: Any) -> Iterator[tuple[str, str, Any]]:
    for route in clinic.app.litestar.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods & {"POST", "PUT", "PATCH"}:
                path = (
                    route.path_format.replace("{day}", "2026-11-16")
                    .replace("{date}", "2026-11-16")
                    .replace("{seq}", "1")
                )
                yield method, path, handler


def test_every_route_has_a_limit_and_open_ones_a_small_one(clinic: Any) -> None:
    for method, path, handler in writes(clinic):
        most = handler.resolve_request_max_body_size()
        assert isinstance(most, int), f"{method} {path} takes anything"
        if handler.opt["access"] == OPEN:
            assert most <= OPEN_BODY, f"{method} {path} takes {most} bytes of anybody"
        elif "body" not in handler.opt:
            assert most <= clinic.config.limits.body_bytes, f"{method} {path} takes {most} bytes"
        else:
            assert most <= 50 * 1024 * 1024 + 65_536, f"{method} {path} takes {most} bytes"


def test_what_is_larger_is_413_also_when_its_length_is_not_said(clinic: Any) -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 65_536 + 1):
            yield b" " * 65_536

    wrong = []
    for method, path, handler in writes(clinic):
        if "data" not in handler.parsed_fn_signature.parameters or handler.opt["access"] == OPEN:
            continue
        role = next(role for role in ROLES if role in handler.opt["access"])
        address = re.sub(r"{[^}]*}", NOBODYS_ID, path.removeprefix("/api/v1"))
        headers = {"content-type": "application/json", "if-match": '"1"'}
        most = handler.resolve_request_max_body_size()
        answer = getattr(clinic, ROLES[role]).request(method, address, content=pieces(most), headers=headers)
        if answer.status_code != 413:
            wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/assistants/join", "/kiosk/start"])
def test_nobody_knows_you_so_you_send_little(clinic: Any, path: str) -> None:
    answer = clinic.anonymous.post(
        path, content=b'"' + b"x" * OPEN_BODY + b'"', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "TOO_LARGE")


# --------------------------------------------------------------------------------------- memory


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_two_hundred_thousand_addresses_do_not_fill_the_memory() -> None:
    """Kept without a bound, these would take 250 MB."""
    throttle, door = Throttle(Limits()), http_guard.Door(Limits())
    before = resident()
    for n in range(ADDRESSES):
        address = f"2001:db8:{n >> 16:x}:{n & 0xFFFF:x}::1"
        at = NOW + timedelta(milliseconds=n)
        throttle.stranger(address, at)
        throttle.try_at(f"somebody-{n}@example.org", address, at)
        throttle.form(address, at)
        throttle.upload(f"account-{n}", at)
        throttle.request(f"account-{n}", at)
        door.enter(address)
        door.leave(address)
    assert resident() - before < 80_000_000
    buckets = [kept for kept in vars(throttle).values() if isinstance(kept, Bucket)]
    assert len(buckets) == 6
    assert all(0 < len(bucket) <= REMEMBERED for bucket in buckets)
    assert not door.open


def test_many_strangers_through_the_door_leave_nothing_behind(clinic: Any) -> None:
    """Requests for addresses that do not exist, with tokens that are none, from anywhere."""

    async def ask(number: int) -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            pass

        scope = {
            "type": "http", "method": "GET", "path": f"/api/v1/nothing-{number}", "raw_path": b"/", "query_string": b"",
            "root_path": "", "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"},
            "headers": [(b"host", b"clinic"), (b"authorization", b"Bearer " + str(number).encode())],
            "client": (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1), "server": ("clinic", 80),
        }  # fmt: skip
        await clinic.app.asgi(scope, receive, send)

    async def many(first: int, number: int) -> None:
        for n in range(first, first + number):
            await ask(n)

    clinic.run(many(0, 500))
    known, labels = len(clinic.app.door._known), len(metrics.answers)
    tracemalloc.start()
    clinic.run(many(500, 500))
    first, _ = tracemalloc.get_traced_memory()
    clinic.run(many(1_000, 3_000))
    last, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(clinic.app.door._known), len(metrics.answers)) == (known, labels)
    assert last - first < 3_000_000, f"{first} bytes became {last}"
