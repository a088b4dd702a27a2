"""Locking a session and opening it again with a PIN (SPEC ID-24)."""

from esante.identity.desk import policy, store
from esante.identity.desk.events import PinRefused, PinRemoved, PinSet
from esante.identity.desk.structs import PinChoice
from esante.identity.proof import service as proof
from esante.identity.sessions import service as sessions
from esante.identity.sessions.structs import Session
from esante.kernel.disk import essential
from esante.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated
from esante.kernel.structs import AccountId
from esante.kernel.transaction import ReadTx, WriteTx

TRIES = 5
_RUNS = "0123456789 9876543210"


def check_pin(tx: ReadTx, asked: PinChoice) -> None:
    """Before it is hashed: `Invalid` for one digit six times, a run, or a session that names no device.

    Needs a password or code given within ten minutes: a PIN must not be chosen by who finds the session open.
    """
    policy.may_choose_pin(tx)
    proof.require_proven(tx)
    _device(_session(tx))
    if len(set(asked.pin)) == 1 or asked.pin in _RUNS:
        raise Invalid("Choose a PIN that is less easy to guess", code="WEAK_PIN", field="pin")


def set_pin(tx: WriteTx, pin_hash: str) -> None:
    """The PIN of the actor's account on the device of this session, in place of an earlier one."""
    policy.may_choose_pin(tx)
    store.put_pin(tx, tx.actor.id, _device(_session(tx)), pin_hash)
    tx.record(PinSet(subject=tx.actor.id))


def remove_pin(tx: WriteTx) -> None:
    """Locked, this device needs a full sign-in again. None to remove is `NotFound`."""
    policy.may_choose_pin(tx)
    if not store.remove_pin(tx, tx.actor.id, _device(_session(tx))):
        raise NotFound("There is no PIN on this device")
    tx.record(PinRemoved(subject=tx.actor.id))


@essential
def lock_session(tx: WriteTx) -> None:
    """The session that asks answers nothing until it is unlocked. Locked already is fine."""
    policy.may_lock(tx)
    sessions.lock(tx, _session(tx))


@essential
def begin_unlock(tx: WriteTx) -> str | None:
    """Count one try, and give the hash that the PIN is checked against; None, and the session ended, beyond the fifth.

    The try is counted before it is checked, so that many at once get no more than five. No PIN is `Conflict` (NO_PIN).
    """
    policy.may_lock(tx)
    found = _session(tx)
    pin_hash = store.pin_hash(tx, tx.actor.id, found.device_id) if found.device_id else None
    if pin_hash is None:
        raise Conflict("There is no PIN on this device. Please sign in again", code="NO_PIN")
    if found.pin_tries >= TRIES:
        sessions.end_session(tx, found.id, AccountId(tx.actor.id), "pin")
        return None
    sessions.count_pin_try(tx, found)
    return pin_hash


@essential
def end_unlock(tx: WriteTx, is_right: bool) -> bool:
    """The PIN was checked: right opens the session, the fifth wrong one ends it. Is it open?"""
    policy.may_lock(tx)
    found = _session(tx)
    if is_right:
        sessions.unlock(tx, found)
        return True
    tx.record(PinRefused(subject=found.id, account_id=tx.actor.id, tries=found.pin_tries))
    if found.pin_tries >= TRIES:
        sessions.end_session(tx, found.id, AccountId(tx.actor.id), "pin")
    return False


def forget_pins(tx: WriteTx, account_id: AccountId) -> None:
    """For other rooms. No device opens a session of this account by PIN any more."""
    store.remove_pins(tx, account_id)


def _session(tx: ReadTx) -> Session:
    found = sessions.session(tx, tx.actor.session_id or "")
    if found is None or found.ended_at is not None:
        raise Unauthenticated("Your session has ended. Please sign in again", code="SESSION_ENDED")
    return found


def _device(session: Session) -> str:
    if session.device_id is None:
        raise Invalid("This session names no device: sign in with a deviceId", code="NO_DEVICE")
    return session.device_id
