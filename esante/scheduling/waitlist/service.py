"""The use cases of the waiting list (SPEC SC-25)."""

from datetime import date, datetime, timedelta

import msgspec

from esante.kernel import clock
from esante.kernel.errors import Conflict, Invalid, NotFound
from esante.kernel.structs import Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PractitionerId
from esante.scheduling import finder, holds, occupancy, policy, rules, service, slots, types, visits
from esante.scheduling import store as appointments
from esante.scheduling.events import (
    WaitlistAccepted,
    WaitlistDeclined,
    WaitlistJoined,
    WaitlistListed,
    WaitlistOffered,
    WaitlistWithdrawn,
)
from esante.scheduling.structs import Appointment, AppointmentId, AppointmentRequest, Slot
from esante.scheduling.waitlist import store
from esante.scheduling.waitlist.structs import EntryId, EntryStatus, WaitlistEntry, WaitlistWish
from esante.workplaces import service as workplaces

MOST_DAYS = 365
POSSIBLE: dict[str, list[str]] = {"waiting": ["withdraw"], "offered": ["accept", "decline", "withdraw"]}


def join_waitlist(tx: WriteTx, wish: WaitlistWish) -> WaitlistEntry:
    """Wait for a time with a practitioner, or with anybody of a specialty, between two days.

    Refused: neither or both of them, a window that is past or longer than a year, waiting twice for the same, and a site where
    the practitioner does not work. Without a site any will do.
    """
    policy.may_wait(tx)
    asked = AppointmentRequest(
        practitioner_id=wish.practitioner_id or PractitionerId(""), type_id=wish.type_id, patient_id=wish.patient_id
    )
    patient = rules.patient_of(tx, asked)
    if tx.actor.role == "patient":
        rules.check_profile(tx, patient.id)
    if (wish.practitioner_id is None) == (wish.specialty is None):
        raise Invalid("Name a practitioner or a specialty", field="practitionerId")
    if wish.practitioner_id is not None:
        who = people.bookable_practitioner(tx, wish.practitioner_id).id
        policy.may_book_with(tx, who, workplaces.place_for(tx, who, wish.workplace_id))
    elif wish.workplace_id is not None:
        workplaces.workplace(tx, wish.workplace_id)
    kind = types.bookable_type(tx, wish.type_id)
    rules.check_referral(tx, kind)
    _check_window(tx, wish.first, wish.last)
    entry = WaitlistEntry(
        id=EntryId(new_id()),
        patient_id=patient.id,
        practitioner_id=wish.practitioner_id,
        specialty=wish.specialty,
        workplace_id=wish.workplace_id,
        type_id=kind.id,
        from_on=wish.first,
        to_on=wish.last,
        part_of_day=wish.part_of_day,
        urgency=wish.urgency,
        reason=wish.reason,
        status="waiting",
        offered_practitioner_id=None,
        offered_workplace_id=None,
        offered_room_id=None,
        offered_at=None,
        offer_starts_at=None,
        offer_ends_at=None,
        offer_until=None,
        appointment_id=None,
        created_at=tx.now,
        created_by=tx.actor.id,
        updated_at=tx.now,
    )
    key = finder.folded(wish.specialty) if wish.specialty else None
    if store.is_waiting(tx, entry, key):
        raise Conflict("This patient waits for that already", code="ALREADY_WAITING")
    store.insert_entry(tx, entry, key)
    tx.record(WaitlistJoined(subject=entry.id, patient_id=patient.id, type_id=kind.id, urgency=entry.urgency))
    return entry


def list_waiting(
    tx: LookTx, status: EntryStatus | None, cursor: str | None = None, limit: int = 20
) -> Page[WaitlistEntry]:
    """Who waits, and what was offered: a patient's own; for practitioners those who wait for them; for the desk all."""
    scope = policy.may_list_waiting(tx)
    found = store.entries(tx, scope, status, decode_cursor(cursor, 1), limit + 1)
    page, last = found[:limit], found[limit - 1] if len(found) > limit else None
    tx.record(WaitlistListed(subject="/waitlist", count=len(page)))
    return Page(items=page, next_cursor=encode_cursor(last.id) if last else None)


def accept_offer(tx: WriteTx, entry_id: EntryId) -> Appointment:
    """Book the time that is held, confirmed, in this very transaction. An offer that has run out is a `Conflict`."""
    entry = _entry(tx, entry_id)
    policy.may_answer_for(tx, entry.patient_id)
    _reach(tx, entry)
    _check_offered(entry, "accept")
    held = holds.span_of_offer(entry)
    who = people.bookable_practitioner(tx, held.practitioner_id)
    kind = types.bookable_type(tx, entry.type_id, who.id)
    wish = AppointmentRequest(practitioner_id=who.id, type_id=kind.id, reason=entry.reason or "Waiting list")
    booked = msgspec.structs.replace(
        visits.new_visit(tx, wish, kind, held.workplace_id, entry.patient_id, held.starts_at, insured=True),
        id=held.id,
        ends_at=held.ends_at,
        room_id=held.room_id,
        reason=entry.reason,
        status="confirmed",
        hold_until=None,
        settled_at=tx.now,
    )
    holds.keep_offer(tx, entry)
    appointments.insert_appointment(tx, booked)
    _end(tx, entry, "accepted")
    service.confirm_booked(tx, booked)
    tx.record(WaitlistAccepted(subject=entry.id, patient_id=entry.patient_id, appointment_id=booked.id))
    return booked


def decline_offer(tx: WriteTx, entry_id: EntryId) -> WaitlistEntry:
    """Not this time: what was held is offered to the next."""
    entry = _entry(tx, entry_id)
    policy.may_answer_for(tx, entry.patient_id)
    _reach(tx, entry)
    _check_offered(entry, "decline")
    declined = _end(tx, entry, "declined")
    holds.release_offer(tx, entry)
    tx.record(WaitlistDeclined(subject=entry.id, patient_id=entry.patient_id))
    return declined


def withdraw_entry(tx: WriteTx, entry_id: EntryId) -> WaitlistEntry:
    """Wait no longer; an offer that is open is given up with it."""
    entry = _entry(tx, entry_id)
    policy.may_answer_for(tx, entry.patient_id)
    _reach(tx, entry)
    if entry.status not in ("waiting", "offered"):
        raise _wrong_state(entry)
    withdrawn = _end(tx, entry, "withdrawn")
    if entry.status == "offered":
        holds.release_offer(tx, entry)
    tx.record(WaitlistWithdrawn(subject=entry.id, patient_id=entry.patient_id))
    return withdrawn


def offer_freed_time(tx: WriteTx, practitioner_id: PractitionerId, starts_at: datetime, ends_at: datetime) -> bool:
    """Hold a time that has come free for the first in line whom it fits; whether there was anybody. For the house."""
    policy.only_house(tx)
    day = clock.local_date(starts_at, finder.zone_of(tx))
    for entry in store.line_for(tx, practitioner_id, day):
        slot = _fitting(tx, entry, practitioner_id, day, starts_at, ends_at)
        if slot is not None and _offer(tx, entry, practitioner_id, slot):
            return True
    return False


def expire_offer(tx: WriteTx, entry_id: EntryId) -> None:
    """Say that an offer has run out, if it has; bears being run twice. For the house."""
    policy.only_house(tx)
    entry = store.entry(tx, entry_id)
    if entry is not None and entry.status == "expired":
        holds.expire_offer(tx, entry)


def forget_patient(tx: WriteTx, patient_id: str) -> None:
    """For the house. An empty record is removed: it waits for nothing any more. An offer that is open stands in its way."""
    store.forget_patient(tx, patient_id)


# ------------------------------------------------------------------------- the parts


def _fitting(
    tx: ReadTx, entry: WaitlistEntry, who: PractitionerId, day: date, starts_at: datetime, ends_at: datetime
) -> Slot | None:
    """The first free time of this kind of visit that touches what has come free, and leaves time to answer."""
    try:
        people.bookable_practitioner(tx, who)
        kind = types.bookable_type(tx, entry.type_id)
    except NotFound:
        return None
    soonest = tx.now + timedelta(minutes=tx.settings.patient_lead_minutes)
    for slot in finder.free_on(tx, who, day, kind, entry.part_of_day, entry.workplace_id):
        if slot.starts_at < ends_at and slot.ends_at > starts_at and slot.starts_at >= soonest:
            return slot
    return None


def _offer(tx: WriteTx, entry: WaitlistEntry, who: PractitionerId, slot: Slot) -> bool:
    """Hold the time for this one; False when it does not suit after all (the patient is elsewhere then)."""
    kind = types.bookable_type(tx, entry.type_id, who)
    hours = timedelta(hours=tx.settings.waitlist_offer_hours)
    offered = msgspec.structs.replace(
        entry,
        status="offered",
        offered_practitioner_id=who,
        offered_workplace_id=slot.workplace_id,
        offered_at=tx.now,
        offer_starts_at=slot.starts_at,
        offer_ends_at=slot.ends_at,
        offer_until=clock.to_millisecond(tx.now + min(hours, (slot.starts_at - tx.now) / 2)),
        appointment_id=AppointmentId(new_id()),
        updated_at=tx.now,
    )
    span = msgspec.structs.replace(holds.span_of_offer(offered), buffer_minutes=types.buffer_of(tx, kind))
    try:
        room = occupancy.room_for(tx, span.workplace_id, span, kind, None)
        occupancy.take(tx, msgspec.structs.replace(span, room_id=room), kind, None, "offer")
    except Conflict:
        return False
    offered = msgspec.structs.replace(offered, offered_room_id=room)
    store.update_entry(tx, offered)
    holds.announce_offer(tx, offered)
    tx.record(
        WaitlistOffered(
            subject=entry.id,
            patient_id=entry.patient_id,
            practitioner_id=who,
            starts_at=slot.starts_at,
            offer_until=offered.offer_until or tx.now,
        )
    )
    return True


def _entry(tx: ReadTx, entry_id: EntryId) -> WaitlistEntry:
    found = store.entry(tx, entry_id)
    if found is None:
        raise NotFound("There is no such entry on the waiting list")
    return found


def _reach(tx: ReadTx, entry: WaitlistEntry) -> None:
    """An assistant answers for those whom she may book; on behalf of the practitioner, when one is named."""
    if tx.actor.role != "assistant":
        return
    if not store.is_among(tx, policy.waiting_for_desk(tx, "schedule.write"), entry.id):
        raise NotFound("There is no such entry on the waiting list")
    if whom := entry.offered_practitioner_id or entry.practitioner_id:
        policy.speak_for(tx, whom)


def _end(tx: WriteTx, entry: WaitlistEntry, status: EntryStatus) -> WaitlistEntry:
    ended = msgspec.structs.replace(entry, status=status, updated_at=tx.now)
    store.update_entry(tx, ended)
    return ended


def _check_offered(entry: WaitlistEntry, verb: str) -> None:
    if verb not in POSSIBLE.get(entry.status, []):
        raise _wrong_state(entry)


def _wrong_state(entry: WaitlistEntry) -> Conflict:
    return Conflict(
        "This cannot be done while the entry is {state}",
        code="WRONG_STATE",
        extra={"state": entry.status, "possible": POSSIBLE.get(entry.status, [])},
        state=entry.status,
    )


def _check_window(tx: ReadTx, first: date, last: date) -> None:
    for given in (first, last):
        slots.check_year(given)
    today = clock.local_date(tx.now, finder.zone_of(tx))
    if first > last or last < today or (last - max(first, today)).days > MOST_DAYS:
        raise Invalid("Wait between two days, within a year from now", field="to")
