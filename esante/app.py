"""Where the parts meet: the clinic's rooms behind one HTTP application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import structlog
from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp, Receive, Scope, Send

from esante import __version__, pages, system, watching
from esante.audit.notary import Notary
from esante.edge import Edge
from esante.identity.door import Door, NotEnrolled, stranger
from esante.identity.service import note_use
from esante.kernel import clock, keyring, moving_in, rotation, upgrade
from esante.kernel.access import OPEN, Access, is_declared
from esante.kernel.actor import Actor, house
from esante.kernel.checkpoints import Signer
from esante.kernel.clinic import Clinic
from esante.kernel.clock_guard import ClockConfirmed, ClockGuard
from esante.kernel.config import Config
from esante.kernel.connection import DATABASE as DATABASE
from esante.kernel.connection import open_database
from esante.kernel.database import Database
from esante.kernel.dependencies import Db, House, Me, provide_once, provide_version
from esante.kernel.disk import DiskGuard, Level, note_level
from esante.kernel.errors import Broken, Forbidden, Locked, Refusal, Unauthenticated, Unavailable, UnsupportedType
from esante.kernel.http_body import JsonRequest
from esante.kernel.http_errors import confess, refuse, refuse_request
from esante.kernel.hub import Hub
from esante.kernel.jobs import JobRunner
from esante.kernel.migrate import migrate
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.passwords import Passwords
from esante.kernel.structs import Event
from esante.kernel.tls import Certificates
from esante.kernel.vault import Vault
from esante.wiring import ROUTERS, WIRING, work
from esante.workplaces.events import AssignmentEnded, AssistantScopesGranted, MemberJoined, MemberLeft
from esante.workplaces.service import scopes_of

log = structlog.get_logger(__name__)


class Gate:
    """Every route is closed unless it says who may come in. A middleware and not a guard: the framework copies the
    handler before each guard, which costs more than the gate does, and a router could set guards but not leave this out."""

    def __init__(self, app: ASGIApp, seat: "Seat") -> None:
        self._app, self._seat = app, seat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        opt = scope["route_handler"].opt
        scope["actor"] = actor = self._let_in(scope, opt)  # type: ignore[typeddict-unknown-key]
        if scope.get("method") in ("POST", "PUT", "PATCH"):
            if "body" in opt:
                self._seat.app.clinic.disk.refuse_uploads()
                self._seat.app.door.count_upload(actor)
            else:
                _refuse_other_than_json(scope)
        await self._app(scope, receive, send)

    def _let_in(self, scope: Scope, opt: dict[str, Any]) -> Actor:
        open_to: Access = opt.get("access", frozenset())
        door = self._seat.app.door
        try:
            actor = door.actor_of(scope, opt)
        except (Unauthenticated, Locked, NotEnrolled) as error:
            if open_to == OPEN or isinstance(error, Unauthenticated):
                door.count_stranger(stranger(scope), opt)
            if open_to != OPEN:
                raise
            return stranger(scope)  # a stale cookie must not keep anybody from signing in
        if actor.role == "anonymous":
            door.count_stranger(actor, opt)
        if actor.role not in open_to:
            if actor.role == "anonymous":
                raise Unauthenticated("Please sign in")
            scope["actor"] = actor  # type: ignore[typeddict-unknown-key]
            raise Forbidden("Your role does not allow this")
        return actor


class Seat:
    """Whose the routes are. Building them takes longer than opening a clinic, so they may serve one clinic after the other."""

    app: "App"
    taken = False


class App:
    """One clinic, ready to be served: `asgi` is the application, `clinic` its parts while it runs."""

    seat: Seat
    litestar: Litestar

    def __init__(
        self,
        folder: Path,
        config: Config,
        keys: keyring.Keyring | None = None,
        *,
        now: clock.Clock = clock.now,
        steady: Callable[[], float] | None = None,
        run_jobs: bool = True,
        certificates: Certificates | None = None,
        after: "App | None" = None,
    ) -> None:
        """Finish what was interrupted and bring the schema up to date. `Broken` says what is wrong and what to do.

        Without `keys` the key file of the configuration opens the keyring.
        Without `run_jobs` nothing that is due is done by itself: tests call `jobs.run_due`. The routes of the application
        `after` which this one comes are taken over, when it is closed and was configured alike.
        """
        keys = keys or keyring.unlock(folder, Path(config.keys.file).expanduser())
        if keys.coming:
            keys = rotation.settle(folder / DATABASE, keys)
        disk = DiskGuard(folder, config.limits)
        disk.look()  # a full disk gives its ballast back now, or nothing could be opened
        bring_up_to_date(folder, keys)
        self.clinic = open_clinic(folder, config, keys, now=now, steady=steady, disk=disk, certificates=certificates)
        self.door = Door(
            read=self.clinic.db.read,
            signing_key=keys.key("sessions"),
            scopes_of=scopes_of,
            now=self.clinic.db.now,
            limits=config.limits,
        )
        self.door.write_use = self._write_use
        self._uses_in_hand: set[asyncio.Task[None]] = set()
        self._run_jobs = run_jobs
        self._disk_level: Level = "ok"
        self.notary = Notary(self.clinic.db, Signer(keys))
        frozen = self.clinic.clock.is_frozen
        self.jobs = JobRunner(self.clinic.db, work(config.backup), self.clinic, frozen=frozen, watch=self._watch)
        fits = after is not None and not after.seat.taken and _shape(after.clinic.config) == _shape(config)
        self.seat = after.seat if after and fits else Seat()
        self.seat.app = self
        self.litestar = after.litestar if after and fits else _build(self.seat, config)
        self.asgi = Edge(self.litestar, self.clinic.db, log_requests=config.log.requests)

    @asynccontextmanager
    async def live(self) -> AsyncIterator[None]:
        """From the start of the server to its stop."""
        db, self.seat.taken = self.clinic.db, True
        db.after_commit = self._follow
        db.on_foreign_commit = self._catch_up
        await db.start()
        self.clinic.clock.begin()
        jobs = asyncio.create_task(self.jobs.run(), name="jobs") if self._run_jobs else None
        notary = asyncio.create_task(self.notary.run(), name="notary") if self._run_jobs else None
        try:
            yield
        finally:
            self.jobs.stop()
            if jobs:
                await jobs
            self.notary.stop()
            if notary:
                await notary
            await db.stop()
            self.clinic.passwords.close()
            self.seat.taken = False

    def _follow(self, events: list[Event], has_jobs: bool) -> None:
        """After a commit, on the loop: whoever listens is told, what ended or changed is forgotten, due work begins."""
        if has_jobs:
            self.jobs.wake()
        for event in events:
            self.door.heed(event)
            if isinstance(event, ClockConfirmed):
                self.clinic.clock.confirmed()
            if isinstance(event, AssistantScopesGranted):
                self.door.forget_account(event.subject)
            elif isinstance(event, AssignmentEnded):
                self.door.forget_account(event.account_id)
            elif isinstance(event, MemberJoined | MemberLeft):
                self.door.forget_all()  # whom the assistants of the site work for is another one now
            reactions = WIRING.get(type(event))
            for react in reactions.live if reactions else ():
                try:
                    react(self.clinic, event)
                except Exception:  # it may be lost, but it must not take the others with it
                    log.exception("live_reaction_failed", reaction=react.__name__)

    async def _watch(self) -> None:
        """Now and then: tell of a clock that was moved, of a disk that fills."""
        await self.clinic.clock.watch()
        disk, db = self.clinic.disk, self.clinic.db
        if (level := disk.level) != self._disk_level:
            with suppress(Unavailable):
                await db.write(
                    house("job:kernel.watch_disk"), note_level, level, disk.free_percent, self.clinic.config.limits
                )
                self._disk_level = level

    def _write_use(self, session_id: str, at: datetime) -> None:
        """Keep when a session was last used; nobody waits for it."""
        task = asyncio.get_running_loop().create_task(self._note_use(session_id, at))
        self._uses_in_hand.add(task)
        task.add_done_callback(self._uses_in_hand.discard)

    async def _note_use(self, session_id: str, at: datetime) -> None:
        with suppress(Unavailable):  # a clinic that cannot write has said so; the next use tries again
            await self.clinic.db.write(house("job:identity.note_use"), note_use, session_id, at)

    def _catch_up(self) -> None:
        """The command line has written: nothing that was remembered can be trusted."""
        self.door.forget_all()
        self.clinic.clock.reload()
        self.jobs.wake()


def _build(seat: Seat, config: Config) -> Litestar:
    app = Litestar(
        route_handlers=[
            system.router,
            watching.router,
            pages.router,
            Router("/api/v1", route_handlers=list(ROUTERS)),
        ],
        middleware=[DefineMiddleware(Gate, seat=seat)],
        dependencies=_dependencies(seat),
        exception_handlers={Refusal: refuse, HTTPException: refuse_request, Exception: confess},
        lifespan=[lambda app: seat.app.live()],
        openapi_config=_openapi(),
        cors_config=_cors(config),
        request_max_body_size=config.limits.body_bytes,
        request_class=JsonRequest,
        logging_config=None,
    )
    refuse_undeclared(app)
    return app


def _shape(config: Config) -> object:
    """What of the configuration is built into the routes."""
    return config.server.allowed_origins, config.limits.body_bytes


def _dependencies(seat: Seat) -> dict[str, Provide]:
    """What routes may ask for. Each provider names the one before it, although it needs it not: the framework starts
    a task for every one of several that could run at once, which costs more than a plain read does."""

    def provide_db() -> Database:
        return seat.app.clinic.db

    def provide_actor(scope: Scope, db: Db) -> Actor:
        return scope["actor"]  # type: ignore[typeddict-item, no-any-return]

    def provide_clinic(actor: Me) -> Clinic:
        return seat.app.clinic

    def provide_door(clinic: House) -> Door:
        return seat.app.door

    return {
        "db": Provide(provide_db, sync_to_thread=False),
        "actor": Provide(provide_actor, sync_to_thread=False),
        "clinic": Provide(provide_clinic, sync_to_thread=False),
        "door": Provide(provide_door, sync_to_thread=False),
        "once": Provide(provide_once),
        "version": Provide(provide_version, sync_to_thread=False),
    }


def open_clinic(
    folder: Path,
    config: Config,
    keys: keyring.Keyring,
    *,
    now: clock.Clock = clock.now,
    steady: Callable[[], float] | None = None,
    disk: DiskGuard | None = None,
    certificates: Certificates | None = None,
) -> Clinic:
    """The parts of a clinic, not yet started: the server and the command line open it alike.

    `disk` is the server's, which alone keeps the ballast; a command goes as far as the disk does.
    `steady` is what a jump of `now` is measured against; a clock that is not the machine's is by itself above doubt.
    """
    db = Database(
        folder / DATABASE,
        keys.key("database"),
        keys.key("audit"),
        OneTimeSecrets(keys.key("links")),
        WIRING,
        now=now,
        former_audit_keys=keys.former("audit"),
        queue=config.limits.write_queue,
        disk=disk,
    )
    disk = disk or DiskGuard(folder, config.limits)
    guard = ClockGuard(db, now, steady or (clock.steady if now is clock.now else lambda: now().timestamp()))
    vault = Vault(folder / "files", keys.key("files"), keys.former("files"), disk.refuse_uploads)
    return Clinic(config, db, keys, vault, Hub(), Passwords(), guard, disk, certificates)


def bring_up_to_date(folder: Path, keys: keyring.Keyring, *, new: bool = False) -> list[str]:
    """Run the migrations that this database has not seen; nobody else may have it open.

    Only `new` makes a database: beside a keyring a missing one is a loss, and is `Broken`.
    """
    if not new and not (folder / DATABASE).exists():
        raise Broken(f"{folder / DATABASE} is missing. Bring it back, or restore a backup")
    if not new:
        moving_in.sweep(folder)
        return upgrade.bring_up_to_date(folder / DATABASE, keys)
    with closing(open_database(folder / DATABASE, keys.key("database"), "maintenance")) as conn:
        return migrate(conn)


def _refuse_other_than_json(scope: Scope) -> None:
    """A route that takes anything else says so: `body="file"`."""
    for name, value in scope["headers"]:
        if name == b"content-type" and not value.lower().startswith(b"application/json"):
            raise UnsupportedType("This kind of content is not understood here; send application/json")


def refuse_undeclared(app: Litestar) -> None:
    """Refuse to start with a route that does not say who may come in."""
    silent = [
        f"{handler} at {route.path}"
        for route in app.routes
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]  # type: ignore[union-attr]
        if not is_declared(handler.opt.get("access")) and "OPTIONS" not in getattr(handler, "http_methods", ())
    ]
    if silent:
        raise RuntimeError("These routes do not declare their access: " + "; ".join(silent))


def _cors(config: Config) -> CORSConfig | None:
    """For the pages of the sites that the operator names; with access tokens only, no cookie goes to another site."""
    if not config.server.allowed_origins:
        return None
    return CORSConfig(
        allow_origins=list(config.server.allowed_origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Accept-Language", "Idempotency-Key", "If-Match"],
        expose_headers=["ETag", "Retry-After", "X-Request-Id"],
        allow_credentials=False,
    )


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="esante",
        version=__version__,
        description="The API of one clinic. Errors have one shape; see `FailureAnswer`.",
        use_handler_docstrings=True,
        # Given as the framework's own controller, it keeps the framework from adding pages and a catch-all of its own.
        openapi_controller=cast(Any, system.ApiDocument),
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
                "cookie": SecurityScheme(type="apiKey", security_scheme_in="cookie", name="__Host-esante"),
            }
        ),
    )
