"""Time that comes free: an appointment that is over, and holds that have run out. The next on the waiting list is asked.

A hold is over at its instant, whether the job that says so has run or not: whoever finds it first says it, once, in the name
of the house.
"""

from datetime import datetime

import msgspec

from esante.kernel.actor import house
from esante.kernel.structs import Event
from esante.kernel.transaction import WriteTx
from esante.people.structs import PractitionerId
from esante.scheduling import store
from esante.scheduling.events import (
    AppointmentExpired,
    ExpireOffer,
    ExpirePendingHold,
    LapseMoveRequest,
    OfferFreedTime,
    RescheduleLapsed,
    WaitlistExpired,
)
from esante.scheduling.reschedules import store as reschedule_store
from esante.scheduling.reschedules.structs import MoveRequest
from esante.scheduling.structs import Appointment, Span
from esante.scheduling.waitlist import store as waitlist_store
from esante.scheduling.waitlist.structs import WaitlistEntry

EXPIRY = house("job:expire_pending_hold")


def release(tx: WriteTx, kept: Appointment) -> None:
    """Give an appointment's time back, withdraw what was to be announced, and ask the next in line."""
    store.free_time(tx, kept)
    if kept.hold_until is not None:
        tx.forget(_visit_key(kept))
    freed(tx, kept.practitioner_id, kept.starts_at, kept.ends_at)


def freed(tx: WriteTx, practitioner_id: PractitionerId, starts_at: datetime, ends_at: datetime) -> None:
    """A practitioner's time is free again: whoever waits is asked, in a transaction of its own."""
    if starts_at > tx.now and waitlist_store.anybody_waits(tx):
        tx.later(OfferFreedTime(practitioner_id=practitioner_id, starts_at=starts_at, ends_at=ends_at))


def release_lapsed(tx: WriteTx, wanted: Appointment | Span) -> bool:
    """Holds that have run out and whose job is late stand in nobody's way; whether there were any."""
    lapsed = store.lapsed_holds(tx, wanted)
    for one in lapsed:
        if one.source == "offer":
            entry = waitlist_store.entry_of_visit(tx, one.appointment_id)
            if entry is not None:
                expire_offer(tx, entry)
            continue
        visit = store.appointment(tx, one.appointment_id)
        if visit is not None and one.source == "appointment":
            expire(tx, visit)
        elif visit is not None:
            lapse_move(tx, visit, only_if_over=True)
    return bool(lapsed)


# ------------------------------------------------------------------- pending requests


def hold(tx: WriteTx, pending: Appointment) -> None:
    """Have the hold's end announced when it comes."""
    tx.later(ExpirePendingHold(appointment_id=pending.id), due=pending.hold_until, key=_visit_key(pending))


def keep(tx: WriteTx, held: Appointment) -> None:
    """The hold is over, the time stays taken."""
    store.keep_time(tx, held)
    tx.forget(_visit_key(held))


def expire(tx: WriteTx, lapsed: Appointment) -> None:
    """Say that a request's hold has run out and give its time back, if it has and nobody has said so."""
    if lapsed.status != "expired" or lapsed.hold_until is None:
        return
    expired = msgspec.structs.replace(lapsed, hold_until=None, version=lapsed.version + 1, updated_at=tx.now)
    lapse_move(tx, lapsed)
    release(tx, lapsed)
    store.update_appointment(tx, expired)
    _say(
        tx,
        AppointmentExpired(
            subject=lapsed.id,
            patient_id=lapsed.patient_id,
            practitioner_id=lapsed.practitioner_id,
            starts_at=lapsed.starts_at,
            type_id=lapsed.type_id,
            version=expired.version,
        ),
    )


# ----------------------------------------------------------------------- wishes to move


def span_of_move(visit: Appointment, wish: MoveRequest) -> Span:
    """The time that the wish holds."""
    return Span(
        id=visit.id,
        practitioner_id=visit.practitioner_id,
        patient_id=visit.patient_id,
        workplace_id=visit.workplace_id,
        room_id=wish.room_id,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        buffer_minutes=visit.buffer_minutes,
        hold_until=wish.hold_until,
    )


def announce_move(tx: WriteTx, wish: MoveRequest) -> None:
    """Have the end of the wish's hold announced when it comes."""
    tx.later(LapseMoveRequest(request_id=wish.id), due=wish.hold_until, key=_move_key(wish))


def release_move(tx: WriteTx, visit: Appointment, wish: MoveRequest) -> None:
    """Give back the time that the wish held."""
    store.free_time(tx, span_of_move(visit, wish))
    tx.forget(_move_key(wish))


def lapse_move(tx: WriteTx, visit: Appointment, *, only_if_over: bool = False) -> None:
    """The visit's open wish to be moved, if there is one, is over: nobody answered, or the visit ended or moved otherwise."""
    wish = reschedule_store.undecided(tx, visit.id)
    if wish is None or (only_if_over and wish.status == "open"):
        return
    release_move(tx, visit, wish)
    reschedule_store.update_request(tx, msgspec.structs.replace(wish, status="lapsed", decided_at=tx.now))
    freed(tx, visit.practitioner_id, wish.starts_at, wish.ends_at)
    _say(
        tx,
        RescheduleLapsed(
            subject=wish.id,
            patient_id=visit.patient_id,
            appointment_id=visit.id,
            practitioner_id=visit.practitioner_id,
            starts_at=wish.starts_at,
            previous_starts_at=visit.starts_at,
        ),
    )


# ------------------------------------------------------------------------------- offers


def span_of_offer(entry: WaitlistEntry) -> Span:
    """The time that the offer holds; the buffer after it is held too, but need not be known to give it back."""
    who, visit = entry.offered_practitioner_id, entry.appointment_id
    starts_at, ends_at, place = entry.offer_starts_at, entry.offer_ends_at, entry.offered_workplace_id
    if who is None or visit is None or starts_at is None or ends_at is None or place is None:
        raise ValueError("this entry has no offer")
    return Span(
        id=visit,
        practitioner_id=who,
        patient_id=entry.patient_id,
        workplace_id=place,
        room_id=entry.offered_room_id,
        starts_at=starts_at,
        ends_at=ends_at,
        buffer_minutes=0,
        hold_until=entry.offer_until,
    )


def announce_offer(tx: WriteTx, entry: WaitlistEntry) -> None:
    """Have the end of the offer announced when it comes."""
    tx.later(ExpireOffer(entry_id=entry.id), due=entry.offer_until, key=_offer_key(entry))


def release_offer(tx: WriteTx, entry: WaitlistEntry) -> None:
    """Give back the time that was offered, and ask the next in line."""
    held = span_of_offer(entry)
    store.free_time(tx, held)
    tx.forget(_offer_key(entry))
    freed(tx, held.practitioner_id, held.starts_at, held.ends_at)


def keep_offer(tx: WriteTx, entry: WaitlistEntry) -> None:
    """The offer is taken: its time is the visit's."""
    store.keep_time(tx, span_of_offer(entry))
    tx.forget(_offer_key(entry))


def expire_offer(tx: WriteTx, entry: WaitlistEntry) -> None:
    """Say that an offer has run out and ask the next, if it has and nobody has said so."""
    if entry.status != "expired" or entry.offer_until is None or entry.updated_at >= entry.offer_until:
        return
    waitlist_store.update_entry(tx, msgspec.structs.replace(entry, updated_at=tx.now))
    release_offer(tx, entry)
    _say(tx, WaitlistExpired(subject=entry.id, patient_id=entry.patient_id))


def _say(tx: WriteTx, event: Event) -> None:
    """In the name of the house, whoever's booking found it."""
    actor, tx.actor = tx.actor, EXPIRY
    tx.record(event)
    tx.actor = actor


def _visit_key(held: Appointment) -> str:
    return f"hold:{held.id}"


def _move_key(wish: MoveRequest) -> str:
    return f"move:{wish.id}"


def _offer_key(entry: WaitlistEntry) -> str:
    return f"offer:{entry.id}"
