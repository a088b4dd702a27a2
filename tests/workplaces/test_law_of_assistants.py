"""Laws of invitations and assignments, under any order of acts: who may act where is always what was agreed and not ended."""

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from esante.identity import service as identity
from esante.identity.structs import NewAccount
from esante.kernel import migrate
from esante.kernel.actor import Actor, house
from esante.kernel.connection import open_database
from esante.kernel.errors import Refusal
from esante.workplaces import service as workplaces
from esante.workplaces.assistants import service as assistants
from esante.workplaces.closing import service as closing
from esante.workplaces.invitations import service as invitations
from esante.workplaces.members import service as members
from esante.workplaces.sites import service as sites
from esante.workplaces.structs import (
    InvitationAnswer,
    InvitationWish,
    Leaving,
    MemberWish,
    NewWorkplace,
    Removal,
)
from tests.scheduling.practice import KEY, MONDAY, Practice

HOUSE = house("test")
GWEN = Actor(id="account-gwen", role="admin")
NAMES = st.sampled_from(["hugo", "nina"])
PLACES = st.sampled_from([0, 1])
SCOPES = st.lists(st.sampled_from(["billing", "messages", "schedule.read"]), min_size=1, unique=True)


class Law(RuleBasedStateMachine):
    """Two people, two sites, an admin who invites; a model of who should be able to do what."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="esante-law-"))
        conn = open_database(self.folder / "esante.db", KEY, "maintenance")
        migrate.migrate(conn)
        conn.close()
        self.loop = asyncio.new_event_loop()
        self.practice = Practice(self.folder, MONDAY)
        self.open: dict[tuple[str, int], Any] = {}
        self.agreed: dict[tuple[str, int], set[str]] = {}
        self.closed: set[int] = set()

    @initialize()
    def begin(self) -> None:
        async def work() -> None:
            await self.practice.db.start()
            self.people = {
                name: await self.practice.db.write(
                    HOUSE,
                    identity.create_account,
                    NewAccount(email=f"{name}@example.org", role="assistant", confirmed=True),
                )
                for name in ("hugo", "nina")
            }
            self.places = [
                (await self.practice.db.write(GWEN, sites.open_workplace, NewWorkplace(name=name, kind="clinic"))).id
                for name in ("North", "South")
            ]
            await self.practice.furnish()
            self.amina = self.practice.doctors["amina"]
            for place in self.places:
                await self.practice.db.write(GWEN, members.put_member, place, self.amina, MemberWish())

        self.loop.run_until_complete(work())

    def do(self, actor: Actor, command: Any, *args: Any) -> Any:
        """The result, or the refusal's code."""
        try:
            return self.loop.run_until_complete(self.practice.db.write(actor, command, *args))
        except Refusal as refusal:
            return refusal.code

    def who(self, name: str) -> Actor:
        return Actor(id=self.people[name], role="assistant")

    def alive(self, key: tuple[str, int]) -> bool:
        return key in self.open and self.open[key].expires_at > self.practice.at

    @rule(name=NAMES, place=PLACES, scopes=SCOPES)
    def invite(self, name: str, place: int, scopes: list[Any]) -> None:
        wish = InvitationWish(workplace_id=self.places[place], email=f"{name.upper()}@example.org", scopes=scopes)
        made = self.do(GWEN, invitations.invite, wish)
        key = (name, place)
        if place in self.closed:
            assert made == "WORKPLACE_CLOSED"
        elif key in self.agreed:
            assert made == "ALREADY_ASSISTANT"
        elif self.alive(key):
            assert made == "INVITATION_OPEN"
        else:
            self.open[key] = made

    @rule(name=NAMES, place=PLACES, accept=st.booleans())
    def answer(self, name: str, place: int, accept: bool) -> None:
        key = (name, place)
        if key not in self.open:
            return
        alive, asked = self.alive(key), self.open[key]
        got = self.do(self.who(name), invitations.respond, InvitationAnswer(invitation_id=asked.id, accept=accept))
        if not alive:
            assert got == "INVITATION_EXPIRED"
            return
        assert got.status == ("accepted" if accept else "rejected")
        del self.open[key]
        if accept:
            self.agreed[key] = set(asked.scopes)

    @rule(name=NAMES, place=PLACES)
    def cancel(self, name: str, place: int) -> None:
        key = (name, place)
        if key in self.open:
            alive = self.alive(key)
            got = self.do(GWEN, invitations.cancel_invitation, self.open[key].id)
            assert got == "INVITATION_EXPIRED" if not alive else got.status == "cancelled"
            if alive:
                del self.open[key]

    @rule(name=NAMES, place=PLACES, by_themselves=st.booleans())
    def end(self, name: str, place: int, by_themselves: bool) -> None:
        key = (name, place)
        if by_themselves:
            wish = Leaving(workplace_id=self.places[place], reason="enough of it")
            got = self.do(self.who(name), assistants.leave, wish)
            assert (got == "NOT_FOUND") == (key not in self.agreed)
        elif key in self.agreed:
            listed = self.practice.db.read(GWEN, assistants.list_assistants, None, 100, ended=False).items
            id = next(
                one.id
                for one in listed
                if (one.account_id, one.workplace_id) == (self.people[name], self.places[place])
            )
            assert self.do(GWEN, assistants.remove, id, Removal(reason="enough of it")).ended_side == "clinic"
        self.agreed.pop(key, None)

    @rule(place=PLACES)
    def close(self, place: int) -> None:
        got = self.do(GWEN, closing.close_workplace, self.places[place])
        if any(where == place for _, where in self.agreed):
            assert got == "IN_USE"
            return
        self.closed.add(place)
        self.open = {key: one for key, one in self.open.items() if key[1] != place}

    @rule(hours=st.sampled_from([1, 24, 100, 169]))
    def wait(self, hours: int) -> None:
        self.practice.at += timedelta(hours=hours)

    @rule()
    def sweep(self) -> None:
        self.do(HOUSE, invitations.expire_invitations)
        self.open = {key: one for key, one in self.open.items() if self.alive(key)}

    @invariant()
    def scopes_are_what_was_agreed(self) -> None:
        if not hasattr(self, "places"):
            return
        for name, account in self.people.items():
            agreed = {
                (self.places[at], self.amina, scope)
                for (who, at), all_ in self.agreed.items()
                if who == name
                for scope in all_
            }
            assert self.practice.db.read(HOUSE, workplaces.scopes_of, account) == agreed

    def teardown(self) -> None:
        self.loop.run_until_complete(self.practice.db.stop())
        self.loop.close()
        shutil.rmtree(self.folder)


def test_any_order_of_acts() -> None:
    run_state_machine_as_test(
        Law,
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
