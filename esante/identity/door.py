"""The door: who stands behind a connection, from the cookie of a browser or the access token of an app.

The session row is the authority. What was found is remembered by the digest of the secret, so that the next request costs
neither a query nor cryptography, and forgotten by the same commit that ends the session. When a session was last used is
kept here too, and written to its row now and then; a session left alone for too long is locked (SPEC ID-24).
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from esante.identity.accounts import service as accounts
from esante.identity.events import AccountSuspended, LanguageChosen
from esante.identity.second_factor.events import SecondFactorDisabled, SecondFactorEnabled
from esante.identity.sessions.events import SessionEnded, SessionLocked, SessionUnlocked
from esante.identity.sessions.structs import Session
from esante.identity.structs import DoorSession
from esante.identity.throttle import Throttle
from esante.kernel.actor import ANONYMOUS, EVERYBODY, Actor, Scope
from esante.kernel.config import Limits
from esante.kernel.errors import Forbidden, Locked, Refusal, Unauthenticated
from esante.kernel.one_time import row_of, same
from esante.kernel.structs import AccountId, Event
from esante.kernel.transaction import ReadTx

T = TypeVar("T")

COOKIE = "__Host-esante"
ACCESS_LASTS = timedelta(minutes=15)
REMEMBERED = 10_000
"""At most so many sessions in memory; beyond, all are looked up afresh."""

USE_WRITTEN_EVERY = timedelta(minutes=5)
"""So often at most goes the last use of a session into its row."""

NOTHING: Mapping[str, Any] = {}
State = Literal["open", "locked", "enrolling"]

_COOKIE_PREFIX = f"{COOKIE}=".encode()
_SAFE = ("GET", "HEAD", "OPTIONS")


class Read(Protocol):
    """Runs a query at once: `Database.read`."""

    def __call__(self, actor: Actor, query: Callable[[ReadTx, str], T], argument: str, /) -> T: ...


class Use:
    """When a session was last used, and what of it is written."""

    __slots__ = ("at", "written")

    def __init__(self, at: datetime) -> None:
        self.at = self.written = at


class Known(msgspec.Struct, frozen=True):
    """What one secret opens, until when, and after how long alone it is locked."""

    actor: Actor
    deadline: datetime
    state: State
    idle: timedelta | None
    use: Use


class Door:
    """Turns a connection (its ASGI scope) into an actor, and makes the access tokens of apps."""

    def __init__(
        self,
        read: Read,
        signing_key: bytes,
        scopes_of: Callable[[ReadTx, AccountId], frozenset[tuple[str, str, Scope]]],
        now: Callable[[], datetime],
        limits: Limits,
    ) -> None:
        """`signing_key` is the 32-byte seed of the Ed25519 key."""
        self._read, self._scopes_of, self._now = read, scopes_of, now
        self._private = Ed25519PrivateKey.from_private_bytes(signing_key)
        self._public = self._private.public_key()
        self._known: dict[bytes, Known] = {}
        self._uses: dict[str, Use] = {}
        self.throttle = Throttle(limits)
        self.write_use: Callable[[str, datetime], None] = lambda session_id, at: None
        """Called on the loop when a session's last use should go into its row."""

    def actor_of(self, scope: Any, opt: Mapping[str, Any] = NOTHING) -> Actor:
        """Who asks: `ANONYMOUS` without credentials, `Unauthenticated` with bad ones, `TooMany` beyond the account's rate.

        A session that is locked, or may only enrol a second factor, is refused (423 SESSION_LOCKED, 403) unless the route's
        `opt` says `even=("locked",)`. A write with a cookie needs the header `X-Esante: 1` and, when the browser names an
        Origin, this server's: else `Forbidden` with the code CSRF.
        """
        bearer, cookie, marked, origin, host = _credentials(scope)
        if bearer is None and cookie is None:
            return stranger(scope)
        if bearer is None and scope.get("method", "GET") not in _SAFE:
            _refuse_foreign_page(marked, origin, host)
        secret = bearer or cookie or b""
        digest = hashlib.sha256(secret).digest()
        known = self._known.get(digest)
        now = self._now()
        if known is None or known.deadline <= now:
            known = self._look_up(secret, is_cookie=bearer is None)
            self._make_room()
            self._known[digest] = known
        base = known.actor
        self.throttle.request(base.id, now)
        self._use(known, now, opt)
        client = scope.get("client")
        return Actor(
            id=base.id,
            role=base.role,
            person_id=base.person_id,
            session_id=base.session_id,
            scopes=base.scopes,
            on_behalf_of=base.on_behalf_of,
            language=base.language,
            address=client[0] if client else None,
            request_id=scope.get("request_id"),
        )

    def count_stranger(self, actor: Actor, opt: Mapping[str, Any]) -> None:
        """Nobody is signed in: `TooMany` beyond the address's rate.

        A route says by its `pace` that each request is a try at something ("tries"), a form that is sent ("form"), that it
        counts by itself ("own"), or that it is not counted ("free": what must answer always, or is needed to come to the sign-in).
        """
        pace = opt.get("pace")
        if pace == "tries":
            self.throttle.try_from(actor.address, self._now())
        elif pace == "form":
            self.throttle.form(actor.address, self._now())
        elif pace is None:
            self.throttle.stranger(actor.address, self._now())

    def count_upload(self, actor: Actor) -> None:
        """A file is being sent: `TooMany` beyond the account's rate."""
        self.throttle.upload(actor.id, self._now())

    def now(self) -> datetime:
        """For the throttle of the routes."""
        return self._now()

    def _use(self, known: Known, now: datetime, opt: Mapping[str, Any]) -> None:
        """The session is used now, if it may be; a refused request is no use."""
        use, state = known.use, known.state
        if known.idle is not None and now - use.at > known.idle:
            state = "locked"
        if state != "open" and state not in opt.get("even", ()):
            raise _not_open(state)
        if state == "locked":
            return
        use.at = now
        if now - use.written >= USE_WRITTEN_EVERY:
            use.written = now
            self.write_use(known.actor.session_id or "", now)

    def access_token(self, session: Session) -> str:
        """A token for 15 minutes, or until the session ends."""
        now = self._now()
        claims = {
            "sub": session.account_id,
            "role": session.role,
            "sid": session.id,
            "iat": int(now.timestamp()),
            "exp": int(min(now + ACCESS_LASTS, session.expires_at).timestamp()),
        }
        return jwt.encode(claims, self._private, algorithm="EdDSA")

    # -------------------------------------------------------------- forgetting

    def heed(self, event: Event) -> None:
        """After a commit: forget the sessions that it ended, or opened and shut."""
        if isinstance(event, SessionEnded):
            self.forget_session(event.subject)
            self._uses.pop(event.subject, None)
        elif isinstance(event, SessionLocked):
            self.forget_session(event.subject)
        elif isinstance(event, SessionUnlocked):
            self._uses.pop(event.subject, None)
            self.forget_session(event.subject)
        elif isinstance(event, AccountSuspended | LanguageChosen | SecondFactorEnabled | SecondFactorDisabled):
            self.forget_account(event.subject)
        elif event.action() == "settings.changed":
            self.forget_all()

    def forget_session(self, session_id: str) -> None:
        """Look it up afresh at its next request."""
        self._known = {digest: known for digest, known in self._known.items() if known.actor.session_id != session_id}

    def forget_account(self, account_id: str) -> None:
        """Also when an account's roles or scopes have changed."""
        self._known = {digest: known for digest, known in self._known.items() if known.actor.id != account_id}

    def forget_all(self) -> None:
        """Somebody else has written to the database."""
        self._known = {}

    def _make_room(self) -> None:
        """Beyond the bound all are looked up afresh; of the uses the newest half is kept, the others' rows know enough."""
        if len(self._known) < REMEMBERED and len(self._uses) < REMEMBERED:
            return
        newest = sorted(self._uses.items(), key=lambda item: item[1].at)[-REMEMBERED // 2 :]
        self._known, self._uses = {}, dict(newest)

    # --------------------------------------------------------------- looking up

    def _look_up(self, secret: bytes, *, is_cookie: bool) -> Known:
        try:
            text = secret.decode("ascii")
        except UnicodeDecodeError:
            raise _signed_out() from None
        known = self._read(ANONYMOUS, self._by_cookie if is_cookie else self._by_token, text)
        if known is None or known.deadline <= self._now():
            raise _signed_out()
        return known

    def _by_cookie(self, tx: ReadTx, token: str) -> Known | None:
        found = accounts.door_session(tx, row_of(token))
        if found is None or found.kind != "cookie":
            return None
        if not same(token, tx.secrets.token("session", found.id, found.salt)):
            return None
        return self._opened(tx, found, found.expires_at)

    def _by_token(self, tx: ReadTx, token: str) -> Known | None:
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["EdDSA"],
                options={"require": ["sub", "role", "sid", "exp"], "verify_exp": False, "verify_iat": False},
            )
            deadline = datetime.fromtimestamp(claims["exp"], tz=self._now().tzinfo)
        except (jwt.PyJWTError, TypeError, ValueError, OverflowError):
            return None
        found = accounts.door_session(tx, str(claims["sid"]))
        if found is None or found.kind != "app" or (found.account_id, found.role) != (claims["sub"], claims["role"]):
            return None
        return self._opened(tx, found, min(deadline, found.expires_at))

    def _opened(self, tx: ReadTx, found: DoorSession, deadline: datetime) -> Known:
        scopes = self._scopes_of(tx, found.account_id) if found.role == "assistant" else frozenset()
        actor = Actor(
            id=found.account_id,
            role=found.role,
            person_id=found.person_id,
            session_id=found.id,
            scopes=scopes,
            on_behalf_of=_principal(scopes),
            language=found.language,
        )
        minutes = tx.settings.idle_lock_minutes.get(found.role, 0)
        state: State = "locked" if found.locked_at else "enrolling" if found.enrolling else "open"
        use = self._uses.setdefault(found.id, Use(found.last_seen_at))
        return Known(actor, deadline, state, timedelta(minutes=minutes) if minutes else None, use)


def _principal(scopes: frozenset[tuple[str, str, Scope]]) -> str | None:
    """On whose behalf an assistant acts, where the act itself names nobody: the only practitioner, else the only site."""
    for place in (1, 0):
        named = {granted[place] for granted in scopes} - {EVERYBODY}
        if len(named) == 1:
            return named.pop()
    return None


Gate = NamedDependency[Door]
"""Parameter name `door`: makes the access tokens, counts the tries."""


def cookie(value: str, max_age: int | None = None) -> Cookie:
    """Without an age: gone when the browser is closed."""
    return Cookie(COOKIE, value=value, path="/", secure=True, httponly=True, samesite="strict", max_age=max_age)


def stranger(scope: Any) -> Actor:
    """`ANONYMOUS`, with the address that the request came from."""
    client = scope.get("client")
    return msgspec.structs.replace(ANONYMOUS, address=client[0] if client else None, request_id=scope.get("request_id"))


class NotEnrolled(Forbidden):
    """The clinic wants a second factor of this role, and this account has none yet."""


def _not_open(state: State) -> Refusal:
    if state == "locked":
        return Locked("This session is locked. Enter your PIN, or sign in again", code="SESSION_LOCKED")
    return NotEnrolled("Set up your second factor first", code="SECOND_FACTOR_REQUIRED")


def _signed_out() -> Unauthenticated:
    return Unauthenticated("Your session has ended. Please sign in again", code="SESSION_ENDED")


def _credentials(scope: Any) -> tuple[bytes | None, bytes | None, bool, bytes | None, bytes | None]:
    """Bearer token, session cookie, whether X-Esante is there, Origin, Host: in one pass over the raw headers."""
    bearer = cookie = origin = host = None
    marked = False
    for name, value in scope["headers"]:
        if name == b"authorization":
            if value[:7].lower() == b"bearer ":
                bearer = value[7:].strip()
        elif name == b"cookie":
            for part in value.split(b";"):
                part = part.strip()
                if part.startswith(_COOKIE_PREFIX):
                    cookie = part[len(_COOKIE_PREFIX) :]
        elif name == b"x-esante":
            marked = value == b"1"
        elif name == b"origin":
            origin = value
        elif name == b"host":
            host = value
    return bearer, cookie, marked, origin, host


def _refuse_foreign_page(marked: bool, origin: bytes | None, host: bytes | None) -> None:
    if not marked:
        raise Forbidden("A browser's write needs the header X-Esante: 1", code="CSRF")
    if origin is not None and origin.partition(b"://")[2] != host:
        raise Forbidden("This request comes from another site's page", code="CSRF")
