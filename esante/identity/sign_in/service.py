"""Checking a sign-in, counting what fails, opening the session (SPEC R10, ID-06, ID-13, ID-20)."""

from datetime import datetime, timedelta

from esante.identity.accounts import service as accounts
from esante.identity.events import AccountLocked, LoggedIn, LoginFailed
from esante.identity.second_factor import service as second_factor
from esante.identity.second_factor.events import SecondFactorRefused
from esante.identity.sessions import service as sessions
from esante.identity.sessions.structs import Device, SessionKind
from esante.identity.sign_in import policy, store
from esante.identity.sign_in.structs import Candidate, LoginTicket, RoleSwitch, SecondFactorGiven, SignIn, Verdict
from esante.identity.structs import Credentials
from esante.kernel import clock
from esante.kernel.disk import essential
from esante.kernel.one_time import new_salt, row_of, same
from esante.kernel.structs import AccountId, SessionId, new_id
from esante.kernel.transaction import ReadTx, WriteTx

FAILURES = 5
WINDOW = timedelta(minutes=10)
WAIT = timedelta(minutes=15)
TICKET = timedelta(minutes=5)
TICKET_TRIES = 5


def candidate(tx: ReadTx, asked: SignIn) -> Candidate:
    """Whose password it would be, known here or not, and under what name tries at it are counted."""
    policy.may_try(tx)
    found = accounts.find_credentials(tx, asked.identifier)
    subject = asked.identifier if "@" in asked.identifier else accounts.maybe_mobile(tx, asked.identifier)
    return Candidate(
        subject=accounts.email_key(subject or asked.identifier),
        account=found,
        is_known=found is not None and sessions.is_known_device(tx, found.id, asked.device_id),
    )


@essential
def sign_in(tx: WriteTx, asked: SignIn, checked: Credentials | None, is_right: bool, rehashed: str | None) -> Verdict:
    """Open a session when the password was right for `checked`; else count the failure.

    Five failures in ten minutes from unknown devices lock these out for 15 minutes, right password or not; a known device
    is never locked. That an account is unconfirmed or suspended is told only after the right password. An account with a
    second factor gets a ticket instead, for five minutes and five tries.
    """
    policy.may_try(tx)
    found = accounts.credentials(tx, checked.id) if checked else None
    if found is None or checked is None:
        tx.record(LoginFailed(subject="unknown"))
        return Verdict(outcome="invalid")
    is_exempt = sessions.is_known_device(tx, found.id, asked.device_id)
    if not is_right or found.password_hash != checked.password_hash or _is_waiting(tx, found, is_exempt):
        tx.record(LoginFailed(subject=found.id))
        _count_failure(tx, found, is_exempt)
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
    kind: SessionKind = "cookie" if asked.cookie else "app"
    if second_factor.is_on(tx, found.id):
        return Verdict(outcome="code_needed", ticket=_issue_ticket(tx, found.id, role, kind, device))
    return _open(tx, found.id, role, kind, device, tx.now)


def candidate_of_ticket(tx: ReadTx, asked: SecondFactorGiven) -> LoginTicket | None:
    """For the count of the tries: the ticket, if it is one. Its state is judged when the code is given."""
    policy.may_try(tx)
    return _ticket(tx, asked)


def knows_device(tx: ReadTx, ticket: LoginTicket) -> bool:
    """For the count of the tries: has the ticket's account signed in from its device before?"""
    policy.may_try(tx)
    return sessions.is_known_device(tx, ticket.account_id, ticket.device_id)


@essential
def finish_sign_in(tx: WriteTx, asked: SecondFactorGiven) -> Verdict:
    """Open the session that the ticket stands for, when the code is right; each code and each ticket works once.

    A wrong code counts like a wrong password, and the sixth on one ticket is dead whatever it says.
    """
    policy.may_try(tx)
    ticket = _ticket(tx, asked)
    found = accounts.credentials(tx, ticket.account_id) if ticket else None
    if ticket is None or found is None or not _is_alive(tx, ticket, found):
        return Verdict(outcome="ticket_dead")
    is_exempt = sessions.is_known_device(tx, found.id, ticket.device_id)
    if _is_waiting(tx, found, is_exempt) or not second_factor.redeem(tx, found.id, asked.code):
        store.count_try(tx, ticket.id)
        tx.record(SecondFactorRefused(subject=found.id))
        _count_failure(tx, found, is_exempt)
        return Verdict(outcome="invalid")
    store.spend(tx, ticket.id)
    device = Device(device_id=ticket.device_id, device=ticket.device)
    return _open(tx, found.id, ticket.role, ticket.kind, device, tx.now)


@essential
def switch_role(tx: WriteTx, asked: RoleSwitch) -> Verdict:
    """A new session of the same kind in another role of the account; the one that asks is ended."""
    policy.may_switch(tx)
    current = sessions.session(tx, tx.actor.session_id or "")
    found = accounts.credentials(tx, tx.actor.id)
    if current is None or found is None or asked.role not in found.roles:
        return Verdict(outcome="role_missing", roles=found.roles if found else [])
    device = Device(device_id=current.device_id, device=current.device)
    verdict = _open(tx, found.id, asked.role, current.kind, device, current.proven_at)
    sessions.end_session(tx, current.id, found.id, "role_switched")
    return verdict


def forget_tickets(tx: WriteTx, account_id: AccountId) -> None:
    """For other rooms. The password is another one: what was half-way in stays out."""
    store.spend_all(tx, account_id)


def forget_outdated_tickets(tx: WriteTx) -> int:
    """For the house: the daily sweep of tickets that ran out; how many."""
    return store.delete_outdated(tx)


def _open(
    tx: WriteTx, account_id: AccountId, role: str, kind: SessionKind, device: Device, proven_at: datetime | None
) -> Verdict:
    """From here on the audit lines name the account as the one who acts."""
    must_enrol = role == "admin" and tx.settings.admin_second_factor and not second_factor.is_on(tx, account_id)
    opened = sessions.open_session(tx, account_id, role, kind, device, proven_at=proven_at, enrolling=must_enrol)
    accounts.note_login(tx, account_id)
    me = accounts.me_in(tx, account_id, role, SessionId(opened.session.id))
    sessions.act_as_holder(tx, opened.session, me.person_id)
    tx.record(LoggedIn(subject=account_id, session_id=opened.session.id, role=role))
    return Verdict(outcome="opened", opened=opened, account=me)


def _issue_ticket(tx: WriteTx, account_id: AccountId, role: str, kind: SessionKind, device: Device) -> str:
    ticket = LoginTicket(
        id=new_id(),
        account_id=account_id,
        role=role,
        kind=kind,
        device_id=device.device_id,
        device=device.device,
        salt=new_salt(),
        until_at=tx.now + TICKET,
        created_at=tx.now,
    )
    store.insert_ticket(tx, ticket)
    return tx.secrets.token("login-ticket", ticket.id, ticket.salt)


def _ticket(tx: ReadTx, asked: SecondFactorGiven) -> LoginTicket | None:
    ticket = store.ticket(tx, row_of(asked.ticket))
    if ticket is None or not same(asked.ticket, tx.secrets.token("login-ticket", ticket.id, ticket.salt)):
        return None
    return ticket


def _is_alive(tx: ReadTx, ticket: LoginTicket, found: Credentials) -> bool:
    return (
        ticket.used_at is None
        and ticket.until_at > tx.now
        and ticket.tries < TICKET_TRIES
        and found.status == "active"
        and ticket.role in found.roles
    )


def _is_waiting(tx: ReadTx, found: Credentials, is_exempt: bool) -> bool:
    return not is_exempt and found.locked_until_at is not None and found.locked_until_at > tx.now


def _count_failure(tx: WriteTx, found: Credentials, is_exempt: bool) -> None:
    if is_exempt or _is_waiting(tx, found, is_exempt):
        return
    running = found.failed_since_at is not None and found.failed_since_at > tx.now - WINDOW
    count = found.failed_logins + 1 if running else 1
    since = found.failed_since_at if running and found.failed_since_at else tx.now
    until = tx.now + WAIT if count >= FAILURES else None
    accounts.note_failure(tx, found.id, 0 if until else count, since, until)
    if until:
        tx.record(AccountLocked(subject=found.id, until=clock.text(until)))
