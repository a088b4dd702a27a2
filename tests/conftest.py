"""The clinic of the tests: furnished, copied for each test, in a loop of its own, with a clock that is set by hand."""

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
import structlog
from argon2 import PasswordHasher

from esante import demo
from esante.app import DATABASE, App, bring_up_to_date, open_clinic
from esante.demo import CAST, Furnished
from esante.kernel import keyring
from esante.kernel.actor import Actor
from esante.kernel.config import Backup, Config, Keys, Limits
from esante.kernel.connection import open_database
from esante.kernel.passwords import Passwords

T = TypeVar("T")

PASSWORD = "Correct-Horse-7"
LIMITS = Limits(
    connections_per_address=100_000,
    requests_per_account=1_000_000,
    requests_per_address=1_000_000,
    tries_per_account=1_000_000,
    tries_per_address=1_000_000,
    uploads_per_account=1_000_000,
)
"""Raised, for one test does more in a second than a clinic in an hour; the tests of the limits set their own."""
START = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
"""A Monday, 8 o'clock in Europe/Paris."""


class Clock:
    """The time in the clinic; it stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self._at, self._jumped = at, timedelta()

    def now(self) -> datetime:
        return self._at

    def __call__(self) -> datetime:
        return self._at

    def advance(self, **by: float) -> None:
        self._at += timedelta(**by)

    def set(self, at: datetime) -> None:
        self._at = at

    def jump(self, **by: float) -> None:
        """Somebody sets the clock on the wall; the steady one goes on as before."""
        self.advance(**by)
        self._jumped += timedelta(**by)

    def steady(self) -> float:
        return (self._at - self._jumped).timestamp()


class Person:
    """Somebody with a browser or an app: `clinic.driss.post("/appointments", json={...})`; `/api/v1` is put before."""

    def __init__(self, clinic: "Clinic", name: str | None) -> None:
        self._clinic, self.name = clinic, name
        self.headers: dict[str, str] = {}

    def sign_in(self, **more: Any) -> dict[str, Any]:
        """Sign in as an app does, and use the access token from now on."""
        body = {"identifier": f"{self.name}@demo.esante.example", "password": PASSWORD, **more}
        answer = self._clinic.request("POST", "/api/v1/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        self.headers = {"authorization": f"Bearer {answer.json()['accessToken']}"}
        return answer.json()

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        if self.name and not self.headers:
            self.sign_in()
        return self._clinic.request(method, f"/api/v1{path}", headers=self.headers | (headers or {}), **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PATCH", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.request("DELETE", path, **more)


BUILT: App | None = None
"""The last application of this process: the next one takes over its routes."""


class Clinic:
    """A running clinic in a thread of its own."""

    amina: Person
    bruno: Person
    chloe: Person
    driss: Person
    emma: Person
    farid: Person
    gwen: Person

    def __init__(self, folder: Path, made: Furnished, config: Config, clock: Clock) -> None:
        self.folder, self.made, self.config, self.clock = folder, made, config, clock
        self.ids, self.accounts, self.types = made.people, made.accounts, made.types
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()

    def start(self) -> None:
        """Open the clinic; again after `stop`, as after a restart."""
        global BUILT
        BUILT = self.app = App(
            self.folder, self.config, now=self.clock, steady=self.clock.steady, run_jobs=False, after=BUILT
        )
        self.parts = self.app.clinic
        self.db = self.parts.db
        opened: Future[None] = Future()
        self._living = asyncio.run_coroutine_threadsafe(self._live(opened), self._loop)
        opened.result(30)
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app.asgi, client=("127.0.0.1", 50_000)), base_url="http://localhost"
        )
        self.anonymous = Person(self, None)
        for member in CAST:
            setattr(self, member.name, Person(self, member.name))

    def stop(self) -> None:
        self.run(self._http.aclose())
        self._loop.call_soon_threadsafe(self._closing.set)
        self._living.result(30)

    async def _live(self, opened: "Future[None]") -> None:
        """The application's life from start to stop, in one task, as a server gives it."""
        self._closing = asyncio.Event()
        try:
            async with self.app.litestar.lifespan():
                opened.set_result(None)
                await self._closing.wait()
        except BaseException as error:
            if not opened.done():
                opened.set_exception(error)
            raise

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Awaitable[T]) -> T:
        """Run a coroutine in the clinic's loop."""
        return asyncio.run_coroutine_threadsafe(_await(work), self._loop).result(600)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, as anybody."""
        return self.run(self._http.request(method, path, **more))

    def together(self, calls: list[tuple[Person, str, str, dict[str, Any]]]) -> list[httpx.Response]:
        """Many requests at once: `(person, method, path, keyword arguments)`."""
        for person, *_ in calls:
            if person.name and not person.headers:
                person.sign_in()

        async def all_of_them() -> list[httpx.Response]:
            requests = [
                self._http.request(method, f"/api/v1{path}", headers=person.headers, **more)
                for person, method, path, more in calls
            ]
            return await asyncio.gather(*requests)

        return self.run(all_of_them())

    def actor(self, name: str) -> Actor:
        return self.made.actor(name)

    def write(self, actor: Actor, command: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return self.run(self.db.write(actor, command, *args, **kwargs))

    def look(self, actor: Actor, query: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return self.run(self.db.look(actor, query, *args, **kwargs))

    def read(self, actor: Actor, query: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        async def on_the_loop() -> T:
            return self.db.read(actor, query, *args, **kwargs)

        return self.run(on_the_loop())

    def run_jobs(self) -> int:
        """Do what is due now, and what that makes due."""
        return self.run(self.app.jobs.run_due())

    def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        """Look into the file behind the clinic's back."""
        conn = open_database(self.folder / DATABASE, self.parts.keys.key("database"), "reader")
        try:
            cursor = conn.execute(sql, args)
            first = cursor.fetchone()
            if first is None:
                return []
            names = [column[0] for column in cursor.get_description()]
            return [dict(zip(names, row, strict=True)) for row in [first, *cursor.fetchall()]]
        finally:
            conn.close()

    def tamper(self, sql: str, *args: Any) -> None:
        """Change the file behind the clinic's back, as a fault would."""
        conn = open_database(self.folder / DATABASE, self.parts.keys.key("database"), "maintenance")
        try:
            conn.execute(sql, args)
        finally:
            conn.close()

    def audit(self, action: str | None = None) -> list[dict[str, Any]]:
        """The audit lines, oldest first; `detail` as a dict."""
        found = self.rows("SELECT * FROM audit WHERE ?1 IS NULL OR action = ?1 ORDER BY seq", action)
        for line in found:
            line["detail"] = msgspec.json.decode(line["detail"]) if line["detail"] else {}
        return found

    def notifications(self, name: str) -> list[dict[str, Any]]:
        """What the person has been told, oldest first."""
        return self.rows("SELECT * FROM notification WHERE account_id = ? ORDER BY id", self.accounts[name])


async def _await(work: Awaitable[T]) -> T:
    return await work


def quick_passwords() -> Passwords:
    """Argon2 with the least work: the tests sign in a thousand times."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(autouse=True, scope="session")
def _loggers_stay_open() -> Iterator[None]:
    """A logger that was kept by a test which set up the log would speak past those who listen in later ones."""
    real = structlog.configure
    structlog.configure = lambda **more: real(**{**more, "cache_logger_on_first_use": False})
    yield
    structlog.configure = real


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Furnished]:
    """The cast in a clinic that nobody runs; copied for each test."""
    folder = tmp_path_factory.mktemp("furnished")
    return folder, furnish(folder)


def furnish(folder: Path) -> Furnished:
    """Make a clinic in this empty folder, with the cast in it."""
    keys = keyring.create(folder, folder / "demo-key")
    bring_up_to_date(folder, keys, new=True)

    async def with_the_cast() -> Furnished:
        clinic = open_clinic(folder, Config(), keys, now=Clock())
        await clinic.db.start()
        hashed = quick_passwords().hash_now(PASSWORD)
        made = await demo.furnish(clinic, {member.name: hashed for member in CAST})
        await clinic.db.stop()
        return made

    return asyncio.run(with_the_cast())


@pytest.fixture(autouse=True)
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every clinic of a test hashes with the least work."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("esante.app.Passwords", lambda: Passwords(hasher))


@pytest.fixture
def config() -> Config:
    return Config(limits=LIMITS)


@pytest.fixture
def clinic(furnished: tuple[Path, Furnished], tmp_path: Path, config: Config) -> Iterator[Clinic]:
    folder, made = furnished
    shutil.copytree(folder, tmp_path / "data")
    config = msgspec.structs.replace(
        config, keys=Keys(file=str(tmp_path / "data" / "demo-key")), backup=Backup(nightly=False)
    )
    running = Clinic(tmp_path / "data", made, config, Clock())
    yield running
    running.close()
