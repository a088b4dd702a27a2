"""The use cases of series (SPEC SC-26)."""

from datetime import datetime, timedelta

import msgspec

from esante.kernel.errors import Conflict, Invalid, NotFound, Refusal
from esante.kernel.structs import new_id
from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.scheduling import finder, policy, rules, service, states, store, types, visits
from esante.scheduling.series.structs import Series, SeriesConflict, SeriesWish
from esante.scheduling.structs import Appointment, AppointmentRequest, Because
from esante.workplaces import service as workplaces


def book_series(tx: WriteTx, wish: SeriesWish) -> Series:
    """Book every visit of a series, or none: `Conflict` (`SERIES_CONFLICTS`) lists all that cannot be, and why.

    Each is at the same wall time of the clinic, also after the clocks have changed; a wall time that a day does not have is a
    conflict like one that is taken.
    """
    policy.may_book_series(tx)
    policy.may_book(tx)
    series_id, conflicts, booked = new_id(), [], []
    for wall in _walls(tx, wish):
        try:
            booked.append(_book_one(tx, wish, wall, series_id))
        except (Conflict, Invalid) as refused:
            conflicts.append(_conflict(wall, refused))
    if conflicts:
        raise Conflict(
            "{count} of {all} visits cannot be booked, so none was",
            code="SERIES_CONFLICTS",
            extra={"conflicts": msgspec.to_builtins(conflicts)},
            count=len(conflicts),
            all=wish.visits,
        )
    return Series(id=series_id, appointments=booked)


def cancel_series(tx: WriteTx, series_id: str, because: Because) -> Series:
    """Call off every visit of a series that is still to come."""
    policy.may_book_series(tx)
    found = store.of_series(tx, series_id)
    if not found:
        raise NotFound("There is no such series")
    coming = [one for one in found if one.starts_at > tx.now and one.status in states.TRANSITIONS["cancel"]]
    for one in found:
        policy.may_manage(tx, one)
    cancelled = [service.cancel_appointment(tx, one.id, because) for one in coming]
    return Series(id=series_id, appointments=cancelled)


def _walls(tx: WriteTx, wish: SeriesWish) -> list[datetime]:
    """The wall time of each visit."""
    first = rules.instant_of(tx, wish.starts_at).astimezone(finder.zone_of(tx)).replace(tzinfo=None)
    return [first + timedelta(weeks=number * wish.every_weeks) for number in range(wish.visits)]


def _book_one(tx: WriteTx, wish: SeriesWish, wall: datetime, series_id: str) -> Appointment:
    asked = AppointmentRequest(
        practitioner_id=wish.practitioner_id,
        type_id=wish.type_id,
        starts_at=wall,
        patient_id=wish.patient_id,
        workplace_id=wish.workplace_id,
        reason=wish.reason,
        notes=wish.notes,
        room_id=wish.room_id,
        remote_text=wish.remote_text,
    )
    patient = rules.patient_of(tx, asked)
    who = people.bookable_practitioner(tx, asked.practitioner_id)
    place = workplaces.place_for(tx, who.id, asked.workplace_id)
    policy.may_book_with(tx, who.id, place)
    kind = types.bookable_type(tx, asked.type_id, who.id)
    starts_at = rules.start_of(tx, asked)
    rules.check_request(tx, asked, kind, starts_at, patient.id, place)
    wanted = visits.new_visit(tx, asked, kind, place, patient.id, starts_at, insured=patient.insured)
    return service.book(tx, msgspec.structs.replace(wanted, series_id=series_id), kind, asked)


def _conflict(wall: datetime, refused: Refusal) -> SeriesConflict:
    return SeriesConflict(local_start=wall.isoformat(), code=refused.code, message=str(refused), extra=refused.extra)
