"""Whoever owns an account is told what concerns its safety (SPEC 28), and nobody else is."""

from typing import Any

from tests.identity.test_refresh import DEVICE, refresh

WHY = {"reason": "left the clinic"}


def kinds(clinic: Any, name: str) -> list[str]:
    clinic.run_jobs()
    return [str(one["kind"]) for one in clinic.notifications(name)]


def test_it_works(clinic: Any) -> None:
    """A refresh token that was used twice."""
    first = clinic.driss.sign_in(deviceId=DEVICE)["refreshToken"]
    refresh(clinic, first)
    clinic.clock.advance(minutes=1)
    refresh(clinic, first)
    assert kinds(clinic, "driss") == ["token_reused"]
    assert "token_reused" not in kinds(clinic, "emma") + kinds(clinic, "gwen")


def test_suspended_and_reactivated(clinic: Any) -> None:
    path = f"/admin/users/{clinic.accounts['driss']}"
    clinic.gwen.post(f"{path}/suspend", json=WHY)
    clinic.gwen.post(f"{path}/reactivate")
    assert kinds(clinic, "driss") == ["account_suspended", "account_reactivated"]
    assert not [kind for kind in kinds(clinic, "emma") if kind.startswith("account_")]
    told = clinic.notifications("driss")[0]
    assert WHY["reason"] not in told["body"]


def test_admins_learn_that_somebody_tries_passwords(clinic: Any) -> None:
    for _ in range(5):
        body = {"identifier": "driss@demo.esante.example", "password": "Wrong-Horse-7"}
        clinic.anonymous.post("/auth/login", json=body)
    assert "account_locked" in kinds(clinic, "gwen")
    assert "account_locked" not in kinds(clinic, "driss")
