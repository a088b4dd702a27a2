"""Opening, refreshing and ending sessions (SPEC R6, ID-08 to ID-10)."""

from datetime import datetime, timedelta

import msgspec

from esante.identity.sessions import policy, store
from esante.identity.sessions.events import (
    SessionEnded,
    SessionLocked,
    SessionRefreshed,
    SessionUnlocked,
    TokenReused,
)
from esante.identity.sessions.structs import Device, EndReason, Opened, Refresh, Session, SessionKind, SessionView
from esante.kernel.disk import essential
from esante.kernel.errors import NotFound
from esante.kernel.one_time import new_salt, row_of, same
from esante.kernel.structs import AccountId, Page, SessionId, new_id
from esante.kernel.transaction import ReadTx, WriteTx

ABSOLUTE = timedelta(days=30)
REFRESH = timedelta(days=7)
GRACE = timedelta(seconds=20)
"""A client whose answer was lost on a bad line may send the same old token again."""


def open_session(
    tx: WriteTx,
    account_id: AccountId,
    role: str,
    kind: SessionKind,
    device: Device,
    *,
    proven_at: datetime | None,
    enrolling: bool = False,
) -> Opened:
    """For other rooms. A new session with its cookie token, or its first refresh token.

    `proven_at` is when its holder gave the password; one that is `enrolling` may only set up a second factor.
    """
    session = Session(
        id=SessionId(new_id()),
        account_id=account_id,
        role=role,
        kind=kind,
        device_id=device.device_id,
        device=device.device,
        address=tx.actor.address,
        salt=new_salt(),
        generation=0,
        rotated_at=None,
        refresh_until_at=tx.now + REFRESH,
        expires_at=tx.now + ABSOLUTE,
        created_at=tx.now,
        last_seen_at=tx.now,
        proven_at=proven_at,
        enrolling=enrolling,
    )
    store.insert_session(tx, session)
    if kind == "cookie":
        return Opened(session=session, cookie_token=tx.secrets.token("session", session.id, session.salt))
    return Opened(session=session, refresh_token=_refresh_token(tx, session))


@essential
def refresh(tx: WriteTx, asked: Refresh) -> Opened | None:
    """Spend a refresh token and give its successor; None when it opens nothing.

    Refreshing is no use of the session: one that is locked stays locked. The token before the current one, within 20
    seconds and from the same device, yields the same successor. Any other spent token ends the session: somebody has a
    copy. This returns None instead of refusing, so that the end is kept.
    """
    policy.may_try(tx)
    found = store.session(tx, row_of(asked.refresh_token))
    if found is None or found.kind != "app" or found.ended_at is not None or found.expires_at <= tx.now:
        return None
    generation = _generation_of(tx, found, asked.refresh_token)
    if generation is None:
        return None
    act_as_holder(tx, found)
    if generation == found.generation:
        return _rotated(tx, found) if found.refresh_until_at > tx.now else None
    if _is_repeated(tx, found, generation, asked.device_id):
        return Opened(session=found, refresh_token=_refresh_token(tx, found))
    end_session(tx, found.id, found.account_id, "token_reused")
    tx.record(TokenReused(subject=found.id, account_id=found.account_id))
    return None


def act_as_holder(tx: WriteTx, session: Session, person_id: str | None = None) -> None:
    """For other rooms. The secret has proven who asks: from here on the audit lines name the account, not a stranger."""
    tx.actor = msgspec.structs.replace(
        tx.actor, id=session.account_id, role=session.role, person_id=person_id, session_id=session.id
    )


@essential
def note_use(tx: WriteTx, session_id: str, at: datetime) -> None:
    """For the house: when the session was last used, written now and then."""
    store.note_use(tx, session_id, at)


def note_proof(tx: WriteTx, session_id: str) -> None:
    """For other rooms. The holder of this session has just given the password or a code."""
    store.note_proof(tx, session_id)


def end_enrolling(tx: WriteTx, account_id: AccountId) -> None:
    """For other rooms. The account has its second factor: its sessions may do what their role may."""
    store.end_enrolling(tx, account_id)


def lock(tx: WriteTx, session: Session) -> None:
    """For other rooms. The session answers nothing until it is unlocked; locked already is fine."""
    if store.lock(tx, session.id):
        tx.record(SessionLocked(subject=session.id, account_id=session.account_id))


def count_pin_try(tx: WriteTx, session: Session) -> None:
    """For other rooms. One more try since the session was last unlocked."""
    store.count_pin_try(tx, session.id)


def unlock(tx: WriteTx, session: Session) -> None:
    """For other rooms. The session answers again, and counts as used now."""
    store.unlock(tx, session.id)
    tx.record(SessionUnlocked(subject=session.id, account_id=session.account_id))


def session(tx: ReadTx, session_id: str) -> Session | None:
    """For other rooms. The row, ended or not."""
    return store.session(tx, session_id)


def end_session(tx: WriteTx, session_id: SessionId, account_id: AccountId, why: EndReason) -> None:
    """For other rooms. From this commit on it opens nothing. An ended session stays as it ended."""
    if store.end(tx, session_id, why):
        tx.record(SessionEnded(subject=session_id, account_id=account_id, why=why))


def end_all(tx: WriteTx, account_id: AccountId, why: EndReason, *, keep: str | None = None) -> int:
    """For other rooms. End every session of the account, but for `keep`; how many."""
    doomed = [found for found in store.live_ids(tx, account_id) if found != keep]
    for session_id in doomed:
        end_session(tx, SessionId(session_id), account_id, why)
    return len(doomed)


def end_every_session(tx: WriteTx, why: EndReason) -> int:
    """For the house. Nobody is signed in any more; how many were."""
    live = store.all_live(tx)
    for session in live:
        end_session(tx, session.id, session.account_id, why)
    return len(live)


def is_known_device(tx: ReadTx, account_id: AccountId, device_id: str | None) -> bool:
    """For other rooms. Has this account signed in from this device before?"""
    return device_id is not None and store.is_known_device(tx, account_id, device_id)


def list_sessions(tx: ReadTx) -> Page[SessionView]:
    """The actor's live sessions, newest first, the current one flagged."""
    policy.may_use_own_sessions(tx)
    return Page(
        items=[
            msgspec.structs.replace(found, current=found.id == tx.actor.session_id)
            for found in store.live_sessions(tx, tx.actor.id)
        ]
    )


@essential
def end_own_session(tx: WriteTx, session_id: str) -> None:
    """End one of the actor's own sessions; anybody else's is `NotFound`."""
    policy.may_use_own_sessions(tx)
    found = store.session(tx, session_id)
    if found is None or found.account_id != tx.actor.id or found.ended_at is not None:
        raise NotFound("There is no such session")
    end_session(tx, found.id, found.account_id, "ended_by_owner")


@essential
def log_out(tx: WriteTx) -> None:
    """End the session that asks."""
    policy.may_use_own_sessions(tx)
    if tx.actor.session_id:
        end_session(tx, SessionId(tx.actor.session_id), AccountId(tx.actor.id), "logout")


@essential
def log_out_everywhere(tx: WriteTx) -> int:
    """End every session of the actor, this one too; how many."""
    policy.may_use_own_sessions(tx)
    return end_all(tx, AccountId(tx.actor.id), "logout_all")


def _refresh_token(tx: ReadTx, session: Session) -> str:
    return tx.secrets.token("refresh", session.id, session.salt, session.generation)


def _generation_of(tx: ReadTx, session: Session, token: str) -> int | None:
    """Which of the session's tokens this is; None when it never was one: a forgery ends nobody's session."""
    for generation in range(session.generation, -1, -1):
        if same(token, tx.secrets.token("refresh", session.id, session.salt, generation)):
            return generation
    return None


def _is_repeated(tx: ReadTx, session: Session, generation: int, device_id: str | None) -> bool:
    return (
        generation == session.generation - 1
        and session.rotated_at is not None
        and tx.now - session.rotated_at <= GRACE
        and device_id == session.device_id
    )


def _rotated(tx: WriteTx, session: Session) -> Opened:
    session = msgspec.structs.replace(
        session,
        generation=session.generation + 1,
        rotated_at=tx.now,
        refresh_until_at=min(tx.now + REFRESH, session.expires_at),
    )
    store.rotate(tx, session)
    tx.record(SessionRefreshed(subject=session.id, account_id=session.account_id))
    return Opened(session=session, refresh_token=_refresh_token(tx, session))
