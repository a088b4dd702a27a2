"""Rates (SPEC ID-13, ID-14): who is over them waits, and nobody waits for what strangers did."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from esante.identity.throttle import WINDOW, Bucket, Throttle, network_of
from esante.kernel.config import Config, Limits
from esante.kernel.errors import TooMany
from tests.conftest import PASSWORD, Person

NOW = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
EMAIL = "amina@demo.esante.example"
KNOWN = "the-phone-of-amina"


@pytest.fixture
def config() -> Config:
    """The limits as they are shipped."""
    return Config(limits=Limits(connections_per_address=100_000))


def log_in(clinic: Any, identifier: str = EMAIL, password: str = "Wrong-Horse-7", **more: Any) -> httpx.Response:
    return clinic.anonymous.post("/auth/login", json={"identifier": identifier, "password": password} | more)


def from_address(clinic: Any, address: str, method: str, path: str, **more: Any) -> httpx.Response:
    """A request whose socket has another address."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(clinic.app.asgi, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, f"/api/v1{path}", **more)

    return clinic.run(ask())


# --------------------------------------------------------------------------------- buckets


def test_it_works() -> None:
    bucket = Bucket(2)
    assert [bucket.take("a", NOW) for _ in range(3)] == [True, True, False]
    assert bucket.take("b", NOW)
    assert bucket.wait("a", NOW + timedelta(minutes=5)) == 601
    assert bucket.take("a", NOW + WINDOW)


def test_what_was_right_does_not_count() -> None:
    bucket = Bucket(2)
    for _ in range(10):
        assert bucket.take("a", NOW)
        bucket.give_back("a")
    bucket.give_back("nobody")
    assert [bucket.take("a", NOW) for _ in range(3)] == [True, True, False]


def test_a_clock_that_was_set_back_locks_nobody_for_longer() -> None:
    bucket = Bucket(1)
    bucket.take("a", NOW)
    assert bucket.wait("a", NOW - timedelta(hours=1)) == 0
    assert bucket.take("a", NOW - timedelta(hours=1))


def test_its_size_is_bounded_and_the_newest_are_kept() -> None:
    bucket = Bucket(1, most=100)
    for number in range(1_000):
        bucket.take(str(number), NOW + timedelta(milliseconds=number))
        assert len(bucket) <= 100
    assert not bucket.take("999", NOW + timedelta(seconds=2))
    assert bucket.take("0", NOW + timedelta(seconds=2))


def test_a_network_of_version_six_counts_as_one_address() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("no:address") == "no:address"
    assert network_of(None) == "nowhere"


def test_who_is_refused_for_the_address_uses_up_nobodys_tries() -> None:
    throttle = Throttle(Limits(tries_per_account=2, tries_per_address=1))
    throttle.try_at("amina", "192.0.2.1", NOW)
    for _ in range(5):
        with pytest.raises(TooMany):
            throttle.try_at("amina", "192.0.2.1", NOW)
    throttle.try_at("amina", "192.0.2.2", NOW)
    with pytest.raises(TooMany):
        throttle.try_at("amina", "192.0.2.3", NOW)


# ------------------------------------------------------------------------------- at the door


def test_the_sixth_wrong_password_is_429_with_retry_after_and_nothing_is_hashed(clinic: Any) -> None:
    for _ in range(5):
        assert log_in(clinic).status_code == 401
    checks = clinic.parts.passwords.checks
    refused = log_in(clinic)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RATE_LIMITED")
    assert 895 <= int(refused.headers["retry-after"]) <= 901
    assert log_in(clinic, password=PASSWORD).status_code == 429
    assert clinic.parts.passwords.checks == checks
    clinic.clock.advance(minutes=16)
    assert log_in(clinic, password=PASSWORD).status_code == 200


def test_known_and_unknown_addresses_are_refused_alike(clinic: Any) -> None:
    def answers(identifier: str) -> list[tuple[int, str, str]]:
        found = [log_in(clinic, identifier) for _ in range(7)]
        return [(one.status_code, one.json()["error"]["code"], one.json()["error"]["message"]) for one in found]

    assert answers(EMAIL) == answers("nobody@demo.esante.example")


def test_the_case_of_the_address_gives_no_further_tries(clinic: Any) -> None:
    for written in (EMAIL, EMAIL.upper(), f" {EMAIL}", EMAIL.title(), EMAIL):
        assert log_in(clinic, written).status_code == 401
    assert log_in(clinic, EMAIL.swapcase()).status_code == 429


def test_a_known_device_is_not_locked_by_strangers_at_its_own_address(clinic: Any) -> None:
    assert log_in(clinic, password=PASSWORD, deviceId=KNOWN).status_code == 200
    for number in range(30):
        log_in(clinic, f"somebody{number}@demo.esante.example")
        log_in(clinic)
    assert log_in(clinic, password=PASSWORD).status_code == 429
    assert log_in(clinic, password=PASSWORD, deviceId=KNOWN).status_code == 200


def test_a_known_device_has_five_wrong_tries_of_its_own(clinic: Any) -> None:
    log_in(clinic, password=PASSWORD, deviceId=KNOWN)
    for _ in range(5):
        assert log_in(clinic, deviceId=KNOWN).status_code == 401
    assert log_in(clinic, password=PASSWORD, deviceId=KNOWN).status_code == 429
    assert clinic.audit("auth.locked") == []


def test_right_passwords_do_not_count(clinic: Any) -> None:
    for _ in range(30):
        assert log_in(clinic, password=PASSWORD).status_code == 200


def test_twenty_wrong_tries_from_one_address_and_forwarded_headers_change_nothing(clinic: Any) -> None:
    for number in range(20):
        headers = {"x-forwarded-for": f"198.51.100.{number}", "forwarded": f"for=198.51.100.{number}"}
        body = {"identifier": f"somebody{number}@demo.esante.example", "password": "Wrong-Horse-7"}
        assert clinic.anonymous.post("/auth/login", json=body, headers=headers).status_code == 401
    refused = clinic.anonymous.post(
        "/auth/login", json=body | {"identifier": "other@example.org"}, headers={"x-real-ip": "203.0.113.9"}
    )
    assert refused.status_code == 429
    assert from_address(clinic, "192.0.2.9", "POST", "/auth/login", json=body).status_code == 401


def test_links_codes_and_resends_count_by_address(clinic: Any) -> None:
    for _ in range(20):
        assert clinic.anonymous.post("/auth/verify-email", json={"token": "nonsense"}).status_code == 410
    for path, body in (
        ("/auth/verify-email", {"token": "nonsense"}),
        ("/auth/verify-otp", {"email": EMAIL, "code": "000000"}),
        ("/auth/resend-otp", {"email": EMAIL}),
        ("/auth/forgot-password", {"email": EMAIL}),
        ("/auth/reset-password", {"token": "nonsense", "password": "Sunny-Garden-4"}),
        ("/auth/refresh-token", {"refreshToken": "nonsense"}),
        ("/auth/login/second-factor", {"ticket": "nonsense", "code": "000000"}),
        ("/auth/register", {"role": "patient"}),
    ):
        assert clinic.anonymous.post(path, json=body).status_code == 429, path


def test_a_hundred_requests_of_strangers_and_six_hundred_of_an_account(clinic: Any) -> None:
    clinic.amina.sign_in()
    for _ in range(100):
        assert clinic.anonymous.get("/doctors").status_code == 200
    refused = clinic.anonymous.get("/doctors")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RATE_LIMITED")
    assert clinic.anonymous.get("/health").status_code == 200
    for _ in range(600):
        assert clinic.amina.get("/auth/me").status_code == 200
    assert clinic.amina.get("/auth/me").status_code == 429
    clinic.clock.advance(minutes=14, seconds=59)
    assert clinic.amina.get("/auth/me").status_code == 429
    clinic.clock.advance(seconds=1)
    clinic.amina.sign_in()
    assert clinic.amina.get("/auth/me").status_code == 200


def test_bad_credentials_count_by_address(clinic: Any) -> None:
    bad = {"authorization": "Bearer nonsense"}
    answers = [clinic.anonymous.get("/auth/me", headers=bad).status_code for _ in range(102)]
    assert answers == [401] * 100 + [429] * 2
    assert len(clinic.audit("access.denied")) == 100


def test_the_current_password_has_five_wrong_tries_in_a_session(clinic: Any) -> None:
    body = {"currentPassword": "Wrong-Horse-7", "newPassword": "Sunny-Garden-4"}
    answers = [clinic.amina.post("/auth/change-password", json=body).status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]


def test_row_55_rates_by_account_on_one_reception_address_do_not_block_the_desk(clinic: Any) -> None:
    """One address for the whole reception: one account that is over its rate, and strangers over theirs, stop nobody else."""
    clinic.chloe.sign_in(deviceId="reception-chloe")
    clinic.gwen.sign_in(deviceId="reception-gwen")
    for _ in range(601):
        clinic.gwen.get("/auth/me")
    for _ in range(120):
        clinic.anonymous.get("/doctors")
        log_in(clinic, "gwen@demo.esante.example")
    assert clinic.gwen.get("/auth/me").status_code == 429
    assert clinic.anonymous.get("/doctors").status_code == 429
    assert clinic.chloe.get("/auth/me").status_code == 200
    assert Person(clinic, "chloe").sign_in(deviceId="reception-chloe")["account"]["role"] == "assistant"
