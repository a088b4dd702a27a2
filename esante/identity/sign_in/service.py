"""Checking a sign-in, counting what fails, opening the session (SPEC R10, ID-06, ID-13)."""

from datetime import timedelta

from esante.identity.accounts import service as accounts
from esante.identity.events import AccountLocked, LoggedIn, LoginFailed
from esante.identity.sessions import service as sessions
from esante.identity.sessions.structs import Device, Opened
from esante.identity.sign_in import policy
from esante.identity.sign_in.structs import RoleSwitch, SignIn, Verdict
from esante.identity.structs import Credentials, Me
from esante.kernel import clock
from esante.kernel.structs import AccountId, SessionId
from esante.kernel.transaction import ReadTx, WriteTx

FAILURES = 5
WINDOW = timedelta(minutes=10)
WAIT = timedelta(minutes=15)


def credentials_for(tx: ReadTx, asked: SignIn) -> Credentials | None:
    """What the password will be checked against; None for an unknown address."""
    policy.may_try(tx)
    return accounts.find_credentials(tx, asked.identifier)


def sign_in(tx: WriteTx, asked: SignIn, checked: Credentials | None, is_right: bool, rehashed: str | None) -> Verdict:
    """Open a session when the password was right for `checked`; else count the failure.

    Five failures in ten minutes from unknown devices lock these out for 15 minutes, right password or not; a known device
    is never locked. That an account is unconfirmed or suspended is told only after the right password.
    """
    policy.may_try(tx)
    found = accounts.credentials(tx, checked.id) if checked else None
    if found is None or checked is None:
        tx.record(LoginFailed(subject="unknown"))
        return Verdict(outcome="invalid")
    is_known = sessions.is_known_device(tx, found.id, asked.device_id)
    is_waiting = found.locked_until_at is not None and found.locked_until_at > tx.now and not is_known
    if not is_right or is_waiting or found.password_hash != checked.password_hash:
        _count_failure(tx, found, is_known or is_waiting)
        return Verdict(outcome="invalid")
    if found.status != "active":
        return Verdict(outcome="not_verified" if found.status == "pending_confirmation" else "deactivated")
    role = asked.role or (found.roles[0] if len(found.roles) == 1 else None)
    if role is None:
        return Verdict(outcome="role_needed", roles=found.roles)
    if role not in found.roles:
        return Verdict(outcome="role_missing", roles=found.roles)
    if rehashed and found.password_hash:
        accounts.keep_rehashed(tx, found.id, found.password_hash, rehashed)
    device = Device(device_id=asked.device_id, device=asked.device)
    opened = sessions.open_session(tx, found.id, role, "cookie" if asked.cookie else "app", device)
    accounts.note_login(tx, found.id)
    return _opened(tx, opened)


def switch_role(tx: WriteTx, asked: RoleSwitch) -> Verdict:
    """A new session of the same kind in another role of the account; the one that asks is ended."""
    policy.may_switch(tx)
    current = sessions.session(tx, tx.actor.session_id or "")
    found = accounts.credentials(tx, tx.actor.id)
    if current is None or found is None or asked.role not in found.roles:
        return Verdict(outcome="role_missing", roles=found.roles if found else [])
    device = Device(device_id=current.device_id, device=current.device)
    opened = sessions.open_session(tx, found.id, asked.role, current.kind, device)
    sessions.end_session(tx, current.id, found.id, "role_switched")
    return _opened(tx, opened)


def _opened(tx: WriteTx, opened: Opened) -> Verdict:
    session = opened.session
    tx.record(LoggedIn(subject=session.account_id, session_id=session.id, role=session.role))
    return Verdict(outcome="opened", opened=opened, account=_me(tx, opened))


def _me(tx: ReadTx, opened: Opened) -> Me:
    session = opened.session
    return accounts.me_in(tx, AccountId(session.account_id), session.role, SessionId(session.id))


def _count_failure(tx: WriteTx, found: Credentials, is_exempt: bool) -> None:
    tx.record(LoginFailed(subject=found.id))
    if is_exempt:
        return
    running = found.failed_since_at is not None and found.failed_since_at > tx.now - WINDOW
    count = found.failed_logins + 1 if running else 1
    since = found.failed_since_at if running and found.failed_since_at else tx.now
    until = tx.now + WAIT if count >= FAILURES else None
    accounts.note_failure(tx, found.id, 0 if until else count, since, until)
    if until:
        tx.record(AccountLocked(subject=found.id, until=clock.text(until)))
