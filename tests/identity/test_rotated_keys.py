"""What `esante key rotate` says of sessions is so; and the admins learn that a key was changed."""

from typing import Any

import pytest

from esante.app import DATABASE
from esante.audit.watch import service as watch
from esante.kernel import clock, rotation
from esante.kernel.actor import house
from esante.kernel.keyring import Purpose


def rotate(clinic: Any, purpose: Purpose) -> None:
    """As at the console: with the clinic stopped."""
    clinic.stop()
    rotation.rotate(clinic.folder / DATABASE, clinic.parts.keys, purpose, "cli:test", clock.now())
    clinic.start()


def with_token(clinic: Any, opened: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {opened['accessToken']}"}
    return int(clinic.request("GET", "/api/v1/auth/me", headers=headers).status_code)


def renewed(clinic: Any, opened: dict[str, Any]) -> int:
    body = {"refreshToken": opened["refreshToken"]}
    return int(clinic.request("POST", "/api/v1/auth/refresh-token", json=body).status_code)


@pytest.mark.parametrize(
    ("purpose", "token", "refresh"), [("sessions", 401, 200), ("links", 200, 401), ("files", 200, 200)]
)
def test_what_ends_with_a_key(clinic: Any, purpose: Purpose, token: int, refresh: int) -> None:
    opened = clinic.amina.sign_in()
    assert with_token(clinic, opened) == 200
    rotate(clinic, purpose)
    assert with_token(clinic, opened) == token
    assert renewed(clinic, opened) == refresh


def test_the_admins_learn_of_it(clinic: Any) -> None:
    clinic.write(house("job:audit.watch"), watch.watch)
    rotate(clinic, "links")
    clinic.write(house("job:audit.watch"), watch.watch)
    assert [one["kind"] for one in clinic.notifications("gwen")].count("critical_event") == 1
    assert "critical_event" not in [one["kind"] for one in clinic.notifications("amina")]
