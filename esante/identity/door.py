"""The door: who stands behind a connection, from the cookie of a browser or the access token of an app.

The session row is the authority. What was found is remembered by the digest of the secret, so that the next request costs
neither a query nor cryptography, and forgotten by the same commit that ends the session.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar.connection import ASGIConnection

from esante.identity.accounts import service as accounts
from esante.identity.events import AccountSuspended
from esante.identity.sessions.events import SessionEnded
from esante.identity.sessions.structs import Session
from esante.identity.structs import DoorSession
from esante.kernel.actor import ANONYMOUS, Actor, Scope
from esante.kernel.errors import Forbidden, Unauthenticated
from esante.kernel.one_time import row_of, same
from esante.kernel.structs import AccountId, Event
from esante.kernel.transaction import ReadTx

Connection = ASGIConnection[Any, Any, Any, Any]
T = TypeVar("T")

COOKIE = "__Host-esante"
ACCESS_LASTS = timedelta(minutes=15)
REMEMBERED = 10_000
"""At most so many sessions in memory; beyond, all are looked up afresh."""

_COOKIE_PREFIX = f"{COOKIE}=".encode()
_SAFE = ("GET", "HEAD", "OPTIONS")


class Read(Protocol):
    """Runs a query at once: `Database.read`."""

    def __call__(self, actor: Actor, query: Callable[[ReadTx, str], T], argument: str, /) -> T: ...


class Known(msgspec.Struct, frozen=True):
    """What one secret opens, until when."""

    actor: Actor
    deadline: datetime


class Door:
    """Turns a connection (its ASGI scope) into an actor, and makes the access tokens of apps."""

    def __init__(
        self,
        read: Read,
        signing_key: bytes,
        scopes_of: Callable[[ReadTx, AccountId], frozenset[tuple[str, Scope]]],
        now: Callable[[], datetime],
    ) -> None:
        """`signing_key` is the 32-byte seed of the Ed25519 key."""
        self._read, self._scopes_of, self._now = read, scopes_of, now
        self._private = Ed25519PrivateKey.from_private_bytes(signing_key)
        self._public = self._private.public_key()
        self._known: dict[bytes, Known] = {}

    def actor_of(self, scope: Any) -> Actor:
        """Who asks: `ANONYMOUS` without credentials, `Unauthenticated` with bad ones.

        A write with a cookie needs the header `X-Esante: 1` and, when the browser names an Origin, this server's: else
        `Forbidden` with the code CSRF.
        """
        bearer, cookie, marked, origin, host = _credentials(scope)
        client = scope.get("client")
        address = client[0] if client else None
        request_id = scope.get("request_id")
        if bearer is None and cookie is None:
            return msgspec.structs.replace(ANONYMOUS, address=address, request_id=request_id)
        if bearer is None and scope.get("method", "GET") not in _SAFE:
            _refuse_foreign_page(marked, origin, host)
        secret = bearer or cookie or b""
        digest = hashlib.sha256(secret).digest()
        known = self._known.get(digest)
        if known is None or known.deadline <= self._now():
            known = self._look_up(secret, is_cookie=bearer is None)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[digest] = known
        base = known.actor
        return Actor(
            id=base.id,
            role=base.role,
            person_id=base.person_id,
            session_id=base.session_id,
            scopes=base.scopes,
            language=base.language,
            address=address,
            request_id=request_id,
        )

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
        """After a commit: forget the sessions that it ended."""
        if isinstance(event, SessionEnded):
            self.forget_session(event.subject)
        elif isinstance(event, AccountSuspended):
            self.forget_account(event.subject)

    def forget_session(self, session_id: str) -> None:
        """Look it up afresh at its next request."""
        self._known = {digest: known for digest, known in self._known.items() if known.actor.session_id != session_id}

    def forget_account(self, account_id: str) -> None:
        """Also when an account's roles or scopes have changed."""
        self._known = {digest: known for digest, known in self._known.items() if known.actor.id != account_id}

    def forget_all(self) -> None:
        """Somebody else has written to the database."""
        self._known = {}

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
            language=found.language,
        )
        return Known(actor, deadline)


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
