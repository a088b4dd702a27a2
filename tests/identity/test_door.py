"""The door: cookies of browsers, tokens of apps, and pages of other sites."""

from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.conftest import PASSWORD


def cookie_of(clinic: Any, name: str = "driss") -> dict[str, str]:
    body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD, "cookie": True}
    answer = clinic.anonymous.post("/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    header = answer.headers["set-cookie"]
    return {"cookie": header.partition(";")[0], "header": header, "body": answer.text}


def test_it_works(clinic: Any) -> None:
    made = cookie_of(clinic)
    assert made["cookie"].startswith("__Host-esante=")
    for attribute in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert attribute in made["header"]
    assert "Domain" not in made["header"]
    assert "accessToken" not in made["body"]
    assert "refreshToken" not in made["body"]
    assert clinic.anonymous.get("/auth/me", headers={"cookie": made["cookie"]}).json()["role"] == "patient"


def test_a_write_with_a_cookie_needs_the_header(clinic: Any) -> None:
    cookie = {"cookie": cookie_of(clinic)["cookie"]}
    refused = clinic.anonymous.post("/auth/logout", headers=cookie)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "CSRF")
    assert clinic.anonymous.get("/auth/me", headers=cookie).status_code == 200
    assert clinic.anonymous.post("/auth/logout", headers=cookie | {"x-esante": "1"}).status_code == 204
    assert clinic.anonymous.get("/auth/me", headers=cookie).status_code == 401


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost.evil.example", "http://localhost:1"]
)
def test_a_write_from_another_sites_page_is_refused(clinic: Any, origin: str) -> None:
    headers = {"cookie": cookie_of(clinic)["cookie"], "x-esante": "1", "origin": origin}
    assert clinic.anonymous.post("/auth/logout", headers=headers).json()["error"]["code"] == "CSRF"


def test_a_write_from_our_own_page_is_taken(clinic: Any) -> None:
    headers = {"cookie": cookie_of(clinic)["cookie"], "x-esante": "1", "origin": "http://localhost"}
    assert clinic.anonymous.post("/auth/logout", headers=headers).status_code == 204


def from_the_network(clinic: Any, headers: dict[str, str], **body: Any) -> httpx.Response:
    """A sign-in that comes from another machine."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(clinic.app.asgi, client=("192.168.1.20", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            asked = {"identifier": "driss@demo.esante.example", "password": PASSWORD} | body
            return await client.post("/api/v1/auth/login", json=asked, headers=headers)

    return clinic.run(ask())


def test_elsewhere_a_cookie_waits_for_encryption(clinic: Any) -> None:
    for headers in ({}, {"x-forwarded-for": "127.0.0.1", "forwarded": "for=127.0.0.1"}):
        answer = from_the_network(clinic, headers, cookie=True)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "COOKIE_NEEDS_TLS")
        assert "set-cookie" not in answer.headers
    assert from_the_network(clinic, {}).status_code == 200


def test_a_cookies_token_is_no_bearer_token_nor_the_other_way_round(clinic: Any) -> None:
    token = cookie_of(clinic)["cookie"].partition("=")[2]
    assert clinic.anonymous.get("/auth/me", headers={"authorization": f"Bearer {token}"}).status_code == 401
    access = clinic.driss.sign_in()["accessToken"]
    assert clinic.anonymous.get("/auth/me", headers={"cookie": f"__Host-esante={access}"}).status_code == 401


def test_a_changed_cookie_is_refused(clinic: Any) -> None:
    cookie = cookie_of(clinic)["cookie"]
    assert clinic.anonymous.get("/auth/me", headers={"cookie": cookie[:-2] + "AA"}).status_code == 401


def test_a_token_of_another_key_or_of_none_is_refused(clinic: Any) -> None:
    good = clinic.driss.sign_in()["accessToken"]
    claims = jwt.decode(good, options={"verify_signature": False})
    assert set(claims) == {"sub", "role", "sid", "iat", "exp"}
    assert claims["exp"] - claims["iat"] == 900
    forged = jwt.encode(claims | {"role": "admin"}, Ed25519PrivateKey.generate(), algorithm="EdDSA")
    unsigned = jwt.encode(claims, None, algorithm="none")
    shared = jwt.encode(claims, "x" * 32, algorithm="HS256")
    for token in (forged, unsigned, shared):
        assert clinic.anonymous.get("/auth/me", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_a_role_that_was_taken_away_opens_nothing(clinic: Any) -> None:
    assert clinic.gwen.get("/auth/me").status_code == 200
    clinic.tamper("DELETE FROM account_role WHERE account_id = ?", clinic.accounts["gwen"])
    clinic.app.door.forget_all()
    assert clinic.gwen.get("/auth/me").status_code == 401


def test_a_hit_asks_neither_database_nor_cryptography(clinic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clinic.driss.get("/auth/me").status_code == 200

    def broken(*_: Any, **__: Any) -> None:
        raise AssertionError("looked up again")

    monkeypatch.setattr(clinic.app.door, "_look_up", broken)
    assert clinic.driss.get("/auth/me").status_code == 200


def test_the_audit_line_names_the_session_and_the_address(clinic: Any) -> None:
    """Row 19: the actor of a line is the session's account, its address the socket's, whatever a header says."""
    clinic.driss.sign_in()
    clinic.driss.post("/auth/logout", headers={"x-forwarded-for": "6.6.6.6"})
    line = clinic.audit("user.session_revoked")[-1]
    assert line["actor"] == clinic.accounts["driss"]
    assert line["session_id"] == line["subject"]
    assert line["address"] == "127.0.0.1"
    assert line["request_id"]
