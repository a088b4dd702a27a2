"""Tries at secrets by those who come through the routes: counted before anything is hashed, forgiven when right."""

from collections.abc import Awaitable
from typing import TypeVar

from esante.identity.door import Door
from esante.identity.passwords import service as passwords
from esante.identity.sign_in.structs import Candidate, LoginTicket
from esante.identity.throttle import Try
from esante.kernel.actor import Actor
from esante.kernel.clinic import Clinic
from esante.kernel.errors import Invalid, TooMany

T = TypeVar("T")


def at_password(door: Door, actor: Actor, who: Candidate, device_id: str | None) -> Try:
    """A sign-in: by its known device for itself, or with all strangers who try this address."""
    if who.is_known and who.account and device_id:
        return door.throttle.try_on_device(who.account.id, device_id, door.now())
    return door.throttle.try_at(who.subject, actor.address, door.now())


def at_code(door: Door, actor: Actor, ticket: LoginTicket | None, is_known: bool) -> Try:
    """The code of a sign-in whose password was right."""
    if ticket is None:
        return door.throttle.try_from(actor.address, door.now())
    if is_known and ticket.device_id:
        return door.throttle.try_on_device(f"code {ticket.account_id}", ticket.device_id, door.now())
    return door.throttle.try_at(f"code {ticket.account_id}", actor.address, door.now())


def at_own_secret(door: Door, actor: Actor) -> Try:
    """Somebody who is signed in gives the password or a code once more."""
    return door.throttle.try_on_device(actor.id, f"session {actor.session_id}", door.now())


async def hashed(attempt: Try, work: Awaitable[T]) -> T:
    """What the hashing says; when it has no time for this, the try was none."""
    try:
        return await work
    except TooMany:
        attempt.forgive()
        raise


async def check_own_password(clinic: Clinic, door: Door, actor: Actor, password: str, field: str) -> None:
    """`Invalid` (WRONG_PASSWORD, naming the field) unless it is the password of who is signed in; audited and counted."""
    attempt = at_own_secret(door, actor)
    found = clinic.db.read(actor, passwords.own_credentials)
    if not await hashed(attempt, clinic.passwords.verify(found.password_hash, password, ahead=True)):
        await clinic.db.write(actor, passwords.note_wrong_password)
        raise Invalid("This is not your current password", code="WRONG_PASSWORD", field=field)
    attempt.forgive()
