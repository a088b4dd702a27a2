"""Sessions under any sequence of events (SPEC ID-08 to ID-12): no dead session acts, and no live one is refused.

The machine keeps a plain account of what must be alive; after every step each token that was ever given is tried.
"""

import itertools
import os
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel.actor import house
from tests.conftest import PASSWORD, Clinic

HOUSE = house("cli:test")
NUMBERS = itertools.count()
ACCESS, REFRESH, ABSOLUTE = timedelta(minutes=15), timedelta(days=7), timedelta(days=30)
GRACE = timedelta(seconds=20)


class Modelled:
    """What is true of one session."""

    def __init__(self, given: dict[str, Any], device: str, now: datetime) -> None:
        self.id, self.device, self.opened_at = given["session"]["id"], device, now
        self.ended = False
        self.refresh_tokens = [given["refreshToken"]]
        self.refreshed_at = now
        self.access: list[tuple[str, datetime]] = []
        self.keep(given, now)

    def keep(self, given: dict[str, Any], now: datetime) -> None:
        self.access.append((given["accessToken"], min(now + ACCESS, self.opened_at + ABSOLUTE)))

    def is_over(self, now: datetime) -> bool:
        return self.ended or now >= self.opened_at + ABSOLUTE


def machine(clinic: Clinic) -> type[RuleBasedStateMachine]:
    """Each example has an account of its own in the one clinic; the clock only goes forward."""

    class Sessions(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.email = f"machine{next(NUMBERS)}@example.org"
            hashed = clinic.rows("SELECT password_hash FROM account LIMIT 1")[0]["password_hash"]
            new = NewAccount(email=self.email, password_hash=hashed, role="patient", confirmed=True)
            self.account = clinic.write(HOUSE, identity.create_account, new)
            self.sessions: list[Modelled] = []
            self.suspended = False

        @property
        def now(self) -> datetime:
            return clinic.clock.now()

        def alive(self) -> list[Modelled]:
            return [one for one in self.sessions if not one.is_over(self.now)]

        def end_all(self, keep: Modelled | None = None) -> None:
            for one in self.sessions:
                one.ended = one.ended or one is not keep

        def signed_in_as(self, session: Modelled) -> dict[str, str] | None:
            token, until = session.access[-1]
            return {"authorization": f"Bearer {token}"} if until > self.now else None

        # ---------------------------------------------------------------- what happens

        @precondition(lambda self: len(self.sessions) < 6)
        @rule(device=st.sampled_from(["device-one", "device-two"]))
        def sign_in(self, device: str) -> None:
            body = {"identifier": self.email, "password": PASSWORD, "deviceId": device}
            answer = clinic.anonymous.post("/auth/login", json=body)
            assert answer.status_code == (403 if self.suspended else 200), answer.text
            if not self.suspended:
                self.sessions.append(Modelled(answer.json(), device, self.now))

        @precondition(lambda self: self.sessions)
        @rule(data=st.data(), at_home=st.booleans())
        def refresh(self, data: st.DataObject, at_home: bool) -> None:
            """With any token that was ever given, from its device or another."""
            session = data.draw(st.sampled_from(self.sessions))
            number = data.draw(st.integers(0, len(session.refresh_tokens) - 1))
            token, last = session.refresh_tokens[number], len(session.refresh_tokens) - 1
            device = session.device if at_home else "a-strangers-device"
            body = {"refreshToken": token, "deviceId": device}
            answer = clinic.anonymous.post("/auth/refresh-token", json=body)
            in_grace = number == last - 1 and self.now - session.refreshed_at <= GRACE and at_home
            if session.is_over(self.now):
                assert answer.status_code == 401
            elif number == last and self.now < session.refreshed_at + REFRESH:
                assert answer.status_code == 200
                session.refresh_tokens.append(answer.json()["refreshToken"])
                session.refreshed_at = self.now
                session.keep(answer.json(), self.now)
            elif number == last:
                assert answer.status_code == 401
            elif in_grace:
                assert answer.json()["refreshToken"] == session.refresh_tokens[last]
                session.keep(answer.json(), self.now)
            else:
                assert answer.status_code == 401
                session.ended = True

        @precondition(lambda self: any(self.signed_in_as(one) for one in self.alive()))
        @rule(data=st.data(), how=st.sampled_from(["logout", "logout-all", "end-one", "change-password"]))
        def leave(self, data: st.DataObject, how: str) -> None:
            session = data.draw(st.sampled_from([one for one in self.alive() if self.signed_in_as(one)]))
            headers = self.signed_in_as(session)
            if how == "end-one":
                victim = data.draw(st.sampled_from(self.alive()))
                assert clinic.anonymous.delete(f"/auth/sessions/{victim.id}", headers=headers).status_code == 204
                victim.ended = True
            elif how == "change-password":
                hashed = clinic.rows("SELECT password_hash FROM account LIMIT 1")[0]["password_hash"]
                clinic.write(HOUSE, identity.set_password, self.account, hashed)
                self.end_all()
            else:
                assert clinic.anonymous.post(f"/auth/{how}", headers=headers).status_code == 204
                session.ended = True
                if how == "logout-all":
                    self.end_all()

        @rule()
        def suspend_or_reactivate(self) -> None:
            if self.suspended:
                clinic.write(HOUSE, identity.reactivate_account, self.account)
            else:
                clinic.write(HOUSE, identity.suspend_account, self.account, "left the clinic")
                self.end_all()
            self.suspended = not self.suspended

        @rule(
            by=st.sampled_from(
                [
                    timedelta(seconds=19),
                    timedelta(seconds=21),
                    timedelta(minutes=16),
                    timedelta(days=3),
                    timedelta(days=8),
                ]
            )
        )
        def time_passes(self, by: timedelta) -> None:
            clinic.clock.advance(seconds=by.total_seconds())

        @rule()
        def another_process_writes(self) -> None:
            clinic.app.door.forget_all()

        # ------------------------------------------------------------------ what must hold

        @invariant()
        def no_dead_session_acts(self) -> None:
            for session in self.sessions:
                for token, until in session.access[-3:]:
                    answer = clinic.anonymous.get("/auth/me", headers={"authorization": f"Bearer {token}"})
                    lives = not session.is_over(self.now) and until > self.now
                    assert answer.status_code == (200 if lives else 401), (session.id, answer.text)

        @invariant()
        def the_list_shows_the_live_ones(self) -> None:
            for session in self.alive():
                if headers := self.signed_in_as(session):
                    items = clinic.anonymous.get("/auth/sessions", headers=headers).json()["items"]
                    assert {one["id"] for one in items} == {one.id for one in self.alive()}
                    return

    return Sessions


def test_it_works(clinic: Clinic) -> None:
    """500 examples in the full run."""
    examples = 500 if os.environ.get("ESANTE_FULL") == "1" else 50
    run_state_machine_as_test(
        machine(clinic),
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
