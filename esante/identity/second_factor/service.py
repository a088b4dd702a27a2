"""Enrolling, confirming, using and removing a second factor (SPEC ID-20), and step-up with it."""

import base64
import hashlib
import secrets

import pyotp

from esante.identity.proof import service as proof
from esante.identity.proof.structs import Fresh
from esante.identity.second_factor import policy, store
from esante.identity.second_factor.events import (
    ProofGiven,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    SecondFactorDisabled,
    SecondFactorEnabled,
    SecondFactorRefused,
)
from esante.identity.second_factor.structs import (
    Enrolment,
    EnrolmentConfirmation,
    RecoveryCodes,
    SecondFactor,
    SecondFactorState,
)
from esante.identity.sessions import service as sessions
from esante.kernel.disk import essential
from esante.kernel.errors import Conflict
from esante.kernel.one_time import same
from esante.kernel.structs import AccountId
from esante.kernel.transaction import ReadTx, WriteTx

STEP_SECONDS = 30
DRIFT = 1
"""A telephone's clock may be so many steps off, before or after."""
CODES = 10
CODE_BYTES = 10
"""80 random bits: 16 characters, too many to be guessed even by whoever holds the digests."""


def state(tx: ReadTx) -> SecondFactorState:
    """Is the actor's second factor on, and how many recovery codes are left?"""
    policy.may_use_own(tx)
    found = store.second_factor(tx, tx.actor.id)
    confirmed_at = found.confirmed_at if found else None
    left = store.recovery_codes_left(tx, tx.actor.id)
    return SecondFactorState(enabled=confirmed_at is not None, confirmed_at=confirmed_at, recovery_codes_left=left)


def enrol(tx: WriteTx, label: str) -> Enrolment:
    """Begin: a secret for the actor's authenticator app, under `label` (the address). Nothing is on before it is confirmed.

    Needs a password given within ten minutes. Refused (SECOND_FACTOR_ON) when one is on: remove it first.
    """
    policy.may_use_own(tx)
    proof.require_proven(tx)
    if is_on(tx, tx.actor.id):
        raise Conflict("Your second factor is on already", code="SECOND_FACTOR_ON")
    secret = pyotp.random_base32()
    row = SecondFactor(
        account_id=AccountId(tx.actor.id), secret=secret, last_step=0, confirmed_at=None, created_at=tx.now
    )
    store.begin(tx, row)
    return Enrolment(
        secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=tx.settings.clinic_name)
    )


def confirm_enrolment(tx: WriteTx, asked: EnrolmentConfirmation) -> RecoveryCodes | None:
    """The app's first code turns it on, and gives ten recovery codes; None for a wrong one.

    A session that could only enrol may do from now on what its role may.
    """
    policy.may_use_own(tx)
    found = store.second_factor(tx, tx.actor.id)
    if found is None or found.confirmed_at is not None:
        raise Conflict("There is no enrolment to confirm", code="NOT_ENROLLING")
    if not _use_code(tx, found, asked.code):
        tx.record(SecondFactorRefused(subject=tx.actor.id))
        return None
    store.confirm(tx, tx.actor.id)
    sessions.end_enrolling(tx, AccountId(tx.actor.id))
    codes = _new_recovery_codes(tx, tx.actor.id)
    tx.record(SecondFactorEnabled(subject=tx.actor.id))
    return codes


def renew_recovery_codes(tx: WriteTx) -> RecoveryCodes:
    """Ten new ones; the old ones are worth nothing. Needs a password or code given within ten minutes."""
    policy.may_use_own(tx)
    proof.require_proven(tx)
    if not is_on(tx, tx.actor.id):
        raise Conflict("You have no second factor", code="SECOND_FACTOR_OFF")
    codes = _new_recovery_codes(tx, tx.actor.id)
    tx.record(RecoveryCodesRenewed(subject=tx.actor.id))
    return codes


def disable(tx: WriteTx) -> None:
    """Remove the actor's second factor. Needs a password or code given within ten minutes.

    Refused (SECOND_FACTOR_REQUIRED) for an admin while the clinic wants one of admins.
    """
    policy.may_use_own(tx)
    proof.require_proven(tx)
    if tx.actor.role == "admin" and tx.settings.admin_second_factor:
        raise Conflict("The clinic wants a second factor of its admins", code="SECOND_FACTOR_REQUIRED")
    if not is_on(tx, tx.actor.id):
        raise Conflict("You have no second factor", code="SECOND_FACTOR_OFF")
    store.remove(tx, tx.actor.id)
    tx.record(SecondFactorDisabled(subject=tx.actor.id))


def disable_second_factor(tx: WriteTx, account_id: AccountId) -> bool:
    """At the console: the phone is lost. The account signs in with its password alone, and its sessions are ended, for the
    finder may hold one. False when it had none."""
    policy.may_manage_accounts(tx)
    was_on = is_on(tx, account_id)
    if not store.remove(tx, account_id) or not was_on:
        return False
    sessions.end_all(tx, account_id, "second_factor")
    tx.record(SecondFactorDisabled(subject=account_id))
    return True


@essential
def step_up_by_code(tx: WriteTx, code: str) -> Fresh | None:
    """A code of the second factor proves who holds the session; None for a wrong one."""
    policy.may_step_up(tx)
    if not redeem(tx, AccountId(tx.actor.id), code):
        tx.record(SecondFactorRefused(subject=tx.actor.id))
        return None
    tx.record(ProofGiven(subject=tx.actor.session_id or ""))
    return proof.note_proof(tx)


@essential
def step_up_by_password(tx: WriteTx) -> Fresh:
    """The password, already checked, proves who holds the session."""
    policy.may_step_up(tx)
    tx.record(ProofGiven(subject=tx.actor.session_id or ""))
    return proof.note_proof(tx)


def is_on(tx: ReadTx, account_id: str) -> bool:
    """For other rooms. Must this account give a code to sign in?"""
    found = store.second_factor(tx, account_id)
    return found is not None and found.confirmed_at is not None


def redeem(tx: WriteTx, account_id: AccountId, code: str) -> bool:
    """For other rooms. True once for each code: of the app (this step, the one before or after), or for recovery."""
    found = store.second_factor(tx, account_id)
    if found is None or found.confirmed_at is None:
        return False
    plain = _plain(code)
    if len(plain) == 6:
        return _use_code(tx, found, plain)
    if not store.use_recovery_code(tx, account_id, _digest(account_id, plain)):
        return False
    tx.record(RecoveryCodeUsed(subject=account_id, left=store.recovery_codes_left(tx, account_id)))
    return True


def forget(tx: WriteTx, account_id: AccountId) -> None:
    """For other rooms. The account is archived: its secret is removed."""
    store.remove(tx, account_id)


def _use_code(tx: WriteTx, found: SecondFactor, code: str) -> bool:
    """Compare-and-set on the step: of two who come with one code, one gets in."""
    step = int(tx.wall.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(found.secret)
    for candidate in range(step - DRIFT, step + DRIFT + 1):
        if candidate > found.last_step and same(code, totp.generate_otp(candidate)):
            return store.use_step(tx, found.account_id, candidate)
    return False


def _new_recovery_codes(tx: WriteTx, account_id: str) -> RecoveryCodes:
    codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(CODES)]
    store.put_recovery_codes(tx, account_id, [_digest(account_id, code) for code in codes])
    return RecoveryCodes(recovery_codes=["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes])


def _plain(code: str) -> str:
    return "".join(code.replace("-", "").split()).upper()


def _digest(account_id: str, code: str) -> bytes:
    return hashlib.sha256(f"{account_id} {code}".encode()).digest()
