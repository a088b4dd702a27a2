"""Pages of other sites (SPEC ID-15): none by default; those of the list may use an access token, never a cookie."""

from typing import Any

import msgspec
import pytest

from esante.kernel.config import Config, Server, load
from esante.kernel.errors import Broken
from tests.identity.test_door import cookie_of

FRIEND = "https://app.example.org"
STRANGER = "https://evil.example"


def preflight(clinic: Any, origin: str, path: str = "/appointments") -> Any:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type, idempotency-key",
    }
    return clinic.anonymous.request("OPTIONS", path, headers=asked)


class TestWithAList:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        return msgspec.structs.replace(config, server=Server(allowed_origins=[FRIEND]))

    def test_it_works(self, clinic: Any) -> None:
        allowed = preflight(clinic, FRIEND)
        assert allowed.status_code < 300
        assert allowed.headers["access-control-allow-origin"] == FRIEND
        assert "idempotency-key" in allowed.headers["access-control-allow-headers"].lower()
        clinic.driss.sign_in()
        answer = clinic.driss.get("/auth/me", headers={"origin": FRIEND})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert "access-control-allow-credentials" not in answer.headers

    def test_a_refusal_can_be_read_too(self, clinic: Any) -> None:
        answer = clinic.anonymous.get("/auth/me", headers={"origin": FRIEND})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, FRIEND)
        assert "retry-after" in answer.headers["access-control-expose-headers"].lower()

    def test_anybody_else_gets_nothing(self, clinic: Any) -> None:
        assert "access-control-allow-origin" not in preflight(clinic, STRANGER).headers
        answer = clinic.driss.get("/auth/me", headers={"origin": STRANGER})
        assert "access-control-allow-origin" not in answer.headers

    def test_a_cookie_stays_with_our_own_pages(self, clinic: Any) -> None:
        headers = {"cookie": cookie_of(clinic)["cookie"], "x-esante": "1", "origin": FRIEND}
        assert clinic.anonymous.post("/auth/logout", headers=headers).json()["error"]["code"] == "CSRF"


def test_nobody_by_default(clinic: Any) -> None:
    assert "access-control-allow-origin" not in preflight(clinic, FRIEND).headers
    answer = clinic.anonymous.get("/health", headers={"origin": FRIEND})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["*", "https://*.example.org", "app.example.org", "https://a.example/", "null"])
def test_what_is_no_origin_is_refused_at_the_start(tmp_path: Any, origin: str) -> None:
    file = tmp_path / "esante.toml"
    file.write_text(f'[server]\nallowed_origins = ["{origin}"]\n')
    with pytest.raises(Broken, match="allowed_origins"):
        load(file)
