"""The HTTP door of second factors, and of step-up."""

from litestar import Router, delete, get, post
from litestar.params import JSONBody

from esante.identity import tries
from esante.identity.door import Gate
from esante.identity.passwords import service as passwords
from esante.identity.proof.structs import Fresh
from esante.identity.second_factor import service
from esante.identity.second_factor.structs import (
    Enrolment,
    EnrolmentConfirmation,
    RecoveryCodes,
    SecondFactorState,
    StepUp,
)
from esante.kernel.access import SIGNED_IN, STAFF
from esante.kernel.dependencies import Db, House, Me
from esante.kernel.errors import Invalid

EVEN = ("enrolling",)
"""A session that may only enrol may come here."""


@get("/auth/second-factor", access=STAFF, even=EVEN)
async def read_second_factor(db: Db, actor: Me) -> SecondFactorState:
    """Is one's second factor on, since when, and how many recovery codes are left?"""
    return db.read(actor, service.state)


@post("/auth/second-factor", access=STAFF, even=EVEN)
async def enrol(db: Db, actor: Me) -> Enrolment:
    """Begin with an authenticator app: a secret to type or scan. 403 STEP_UP_REQUIRED when the password was given long ago."""
    found = db.read(actor, passwords.own_credentials)
    return await db.write(actor, service.enrol, found.email or found.id)


@post("/auth/second-factor/confirm", access=STAFF, even=EVEN, status_code=200)
async def confirm_enrolment(db: Db, actor: Me, door: Gate, data: JSONBody[EnrolmentConfirmation]) -> RecoveryCodes:
    """Turn it on with the app's first code. The ten recovery codes are shown this once."""
    attempt = tries.at_own_secret(door, actor)
    codes = await db.write(actor, service.confirm_enrolment, data)
    if codes is None:
        raise _wrong_code()
    attempt.forgive()
    return codes


@post("/auth/second-factor/recovery-codes", access=STAFF, status_code=200)
async def renew_recovery_codes(db: Db, actor: Me) -> RecoveryCodes:
    """Ten new recovery codes; the old ones are worth nothing. 403 STEP_UP_REQUIRED as above."""
    return await db.write(actor, service.renew_recovery_codes)


@delete("/auth/second-factor", access=STAFF)
async def disable(db: Db, actor: Me) -> None:
    """Sign in with the password alone again. 403 STEP_UP_REQUIRED as above."""
    await db.write(actor, service.disable)


@post("/auth/step-up", access=SIGNED_IN, even=EVEN, status_code=200)
async def step_up(db: Db, actor: Me, clinic: House, door: Gate, data: JSONBody[StepUp]) -> Fresh:
    """Give the password or a code once more; for ten minutes dangerous acts ask for nothing further."""
    if (data.password is None) == (data.code is None):
        raise Invalid("Send the password, or a code", field="password")
    if data.password is not None:
        await tries.check_own_password(clinic, door, actor, data.password, "password")
        return await db.write(actor, service.step_up_by_password)
    attempt = tries.at_own_secret(door, actor)
    fresh = await db.write(actor, service.step_up_by_code, data.code or "")
    if fresh is None:
        raise _wrong_code()
    attempt.forgive()
    return fresh


def _wrong_code() -> Invalid:
    return Invalid("This code is wrong, or was used already", code="CODE_INVALID", field="code")


router = Router(
    "/",
    route_handlers=[read_second_factor, enrol, confirm_enrolment, renew_recovery_codes, disable, step_up],
)
