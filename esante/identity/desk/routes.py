"""The HTTP door of the shared desk: lock, unlock, PIN."""

from litestar import Router, delete, post, put
from litestar.params import JSONBody

from esante.identity.desk import service
from esante.identity.desk.structs import PinChoice, Unlock
from esante.kernel.access import SIGNED_IN, STAFF
from esante.kernel.dependencies import Db, House, Me
from esante.kernel.errors import Invalid, Unauthenticated


@put("/auth/pin", access=STAFF, status_code=204)
async def set_pin(db: Db, actor: Me, clinic: House, data: JSONBody[PinChoice]) -> None:
    """Choose six digits that open one's locked session on this device. 403 STEP_UP_REQUIRED when the password was given
    long ago."""
    db.read(actor, service.check_pin, data)
    await db.write(actor, service.set_pin, await clinic.passwords.hash(data.pin, ahead=True))


@delete("/auth/pin", access=STAFF)
async def remove_pin(db: Db, actor: Me) -> None:
    """Forget the PIN of this device."""
    await db.write(actor, service.remove_pin)


@post("/auth/lock", access=SIGNED_IN, even=("locked",), status_code=204)
async def lock(db: Db, actor: Me) -> None:
    """Leave the desk: until it is unlocked this session answers 423 SESSION_LOCKED."""
    await db.write(actor, service.lock_session)


@post("/auth/unlock", access=SIGNED_IN, even=("locked",), status_code=204)
async def unlock(db: Db, actor: Me, clinic: House, data: JSONBody[Unlock]) -> None:
    """Go on with one's PIN. After five wrong ones the session is ended, and a full sign-in is needed."""
    pin_hash = await db.write(actor, service.begin_unlock)
    if pin_hash is None:
        raise _over()
    is_right = await clinic.passwords.verify(pin_hash, data.pin, ahead=True)
    if not await db.write(actor, service.end_unlock, is_right):
        raise Invalid("This PIN is wrong", code="PIN_INVALID", field="pin")


def _over() -> Unauthenticated:
    return Unauthenticated("Your session has ended. Please sign in again", code="SESSION_ENDED")


router = Router("/", route_handlers=[set_pin, remove_pin, lock, unlock])
