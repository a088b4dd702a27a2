"""Two requests at once, over two connections to a real server, for what only one may have: one wins.

One time of a doctor, one version of a record, one Idempotency-Key, one recovery code, one refresh token.
"""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pyotp

from esante.demo import Furnished
from esante.kernel import clock
from tests.conftest import PASSWORD
from tests.faults.figures import control, tell, times
from tests.faults.test_kill import bookings
from tests.faults.test_power_cut import sign_in
from tests.process import Served

PAIRS = times(short=4, quick=40, full=400)
CARELESS = """
from esante.kernel import errors, idempotency
errors.check_version = lambda *arguments, **more: None
idempotency.replay = lambda tx, once: None
from esante.scheduling import occupancy
occupancy._try = lambda tx, wanted, source: None
from esante.identity.second_factor import store
store.use_recovery_code = lambda tx, account_id, digest: True
from esante.identity.sessions import service
service._generation_of = lambda tx, found, token: found.generation
"""
"""The control: a server in which nobody looks."""

Race = Callable[["House"], Awaitable[bool]]


class House:
    """A served clinic, and two doors to it."""

    def __init__(self, server: Served, made: Furnished, doors: tuple[httpx.AsyncClient, httpx.AsyncClient]) -> None:
        self.server, self.made, self._doors = server, made, doors
        self.wishes = bookings(made)
        self.tokens: dict[str, str] = {}
        self.codes: list[str] = []

    async def both(self, method: str, path: str, one: dict[str, Any], other: dict[str, Any]) -> list[httpx.Response]:
        first, second = self._doors
        return list(await asyncio.gather(first.request(method, path, **one), second.request(method, path, **other)))

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self._doors[0].request(method, path, **more)

    async def who(self, name: str) -> dict[str, str]:
        """The headers of somebody who is signed in."""
        if name not in self.tokens:
            await sign_in(self._doors[0], name)
            self.tokens[name] = self._doors[0].headers.pop("authorization")
        return {"authorization": self.tokens[name]}


async def one_slot(house: House) -> bool:
    """Two patients, one time of one doctor."""
    wish, desk = next(house.wishes) | {"practitionerId": house.made.people["amina"]}, await house.who("chloe")
    wishes = [{"json": wish | {"patientId": house.made.people[name]}, "headers": desk} for name in ("driss", "emma")]
    next(house.wishes)  # the other doctor's same time
    answers = await house.both("POST", "/appointments", *wishes)
    return sorted(answer.status_code for answer in answers) == [201, 409]


async def one_version(house: House) -> bool:
    """Two changes of one version of one patient."""
    desk, path = await house.who("chloe"), f"/patients/{house.made.people['emma']}"
    version = (await house.ask("GET", path, headers=desk)).headers["etag"]
    changes = [
        {"json": {"lastName": f"El Fassi {uuid.uuid4().hex[:6]}"}, "headers": desk | {"if-match": version}}
        for _ in range(2)
    ]
    answers = await house.both("PATCH", path, *changes)
    return sorted(answer.status_code for answer in answers) == [200, 412]


async def one_key(house: House) -> bool:
    """One request, sent twice: done once, and both are told the same."""
    headers = await house.who("chloe") | {"idempotency-key": str(uuid.uuid4())}
    sent = {"json": next(house.wishes), "headers": headers}
    answers = await house.both("POST", "/appointments", sent, sent)
    return [answer.status_code for answer in answers] == [201, 201] and answers[0].json() == answers[1].json()


async def one_code(house: House) -> bool:
    """Two sign-ins with one recovery code."""
    body = {"identifier": "amina@demo.esante.example", "password": PASSWORD}
    if not house.codes:
        await enrolled(house)
    tickets = [(await house.ask("POST", "/auth/login", json=body)).json()["ticket"] for _ in range(2)]
    code = house.codes.pop()
    answers = await house.both(
        "POST", "/auth/login/second-factor", *({"json": {"ticket": one, "code": code}} for one in tickets)
    )
    won = [answer for answer in answers if answer.status_code == 200]
    if won:
        house.tokens["amina"] = f"Bearer {won[0].json()['accessToken']}"
    return sorted(answer.status_code for answer in answers) == [200, 401]


async def enrolled(house: House) -> None:
    """The first codes of a second factor, or new ones."""
    headers = await house.who("amina")
    if (await house.ask("GET", "/auth/second-factor", headers=headers)).json()["enabled"]:
        answer = await house.ask("POST", "/auth/second-factor/recovery-codes", headers=headers)
    else:
        secret = (await house.ask("POST", "/auth/second-factor", headers=headers)).json()["secret"]
        code = pyotp.TOTP(secret).at(clock.now())
        answer = await house.ask("POST", "/auth/second-factor/confirm", json={"code": code}, headers=headers)
    assert answer.status_code == 200, answer.text
    house.codes = answer.json()["recoveryCodes"]


async def one_token(house: House) -> bool:
    """One device refreshes twice: one successor, which both are given."""
    body = {"identifier": "driss@demo.esante.example", "password": PASSWORD, "deviceId": "telephone"}
    token = (await house.ask("POST", "/auth/login", json=body)).json()["refreshToken"]
    sent = {"json": {"refreshToken": token, "deviceId": "telephone"}}
    answers = await house.both("POST", "/auth/refresh-token", sent, sent)
    successors = {answer.json().get("refreshToken") for answer in answers}
    return [answer.status_code for answer in answers] == [200, 200] and len(successors) == 1 and None not in successors


RACES: tuple[Race, ...] = (one_slot, one_version, one_key, one_code, one_token)


@asynccontextmanager
async def served(furnished: tuple[Path, Furnished], folder: Path, prelude: str = "") -> AsyncIterator[House]:
    shutil.copytree(furnished[0], folder / "data")
    config = folder / "esante.toml"
    config.write_text(
        "[limits]\n" + "".join(f"{name} = 1000000\n" for name in LIMITS) + f'[keys]\nfile = "{folder}/data/demo-key"\n'
    )
    server = await asyncio.to_thread(Served, folder / "data", config, prelude=prelude)
    try:
        base = f"{server.address}/api/v1"
        async with (
            httpx.AsyncClient(base_url=base, timeout=30) as one,
            httpx.AsyncClient(base_url=base, timeout=30) as two,
        ):
            yield House(server, furnished[1], (one, two))
    finally:
        server.kill()


LIMITS = (
    "connections_per_address",
    "requests_per_account",
    "requests_per_address",
    "tries_per_account",
    "tries_per_address",
)


async def test_one_wins(furnished: tuple[Path, Furnished], tmp_path: Path) -> None:
    async with served(furnished, tmp_path) as house:
        won = {race.__name__: [await race(house) for _ in range(PAIRS)].count(True) for race in RACES}
    tell(PAIRS * len(RACES), PAIRS * len(RACES) - sum(won.values()))
    assert won == {race.__name__: PAIRS for race in RACES}


async def test_a_server_that_does_not_look_is_found(furnished: tuple[Path, Furnished], tmp_path: Path) -> None:
    """The control."""
    async with served(furnished, tmp_path, CARELESS) as house:
        fair = {race.__name__: [await race(house) for _ in range(2)] for race in RACES}
    for name, won in fair.items():
        control(f"a server that does not look: {name.replace('_', ' ')}", False in won)
    assert all(False in won for won in fair.values()), fair
