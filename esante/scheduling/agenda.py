"""Looking at appointments: one, lists, the day and its board."""

import hashlib
from datetime import date

import msgspec

from esante.kernel import clock
from esante.kernel.structs import Page, decode_cursor, encode_cursor
from esante.kernel.transaction import LookTx
from esante.scheduling import finder, policy, slots, store, visits
from esante.scheduling.events import AppointmentAccessed, AppointmentsListed
from esante.scheduling.structs import Appointment, AppointmentFilter, AppointmentId, AppointmentLine, Board

MOST_OF_A_DAY = 2_000


def show_appointment(tx: LookTx, appointment_id: AppointmentId) -> Appointment:
    """One appointment with its reason, for the patient, the practitioner, the desk and admins."""
    found = visits.visit(tx, appointment_id)
    policy.may_see(tx, found)
    tx.record(AppointmentAccessed(subject=found.id, patient_id=found.patient_id))
    return found


def list_appointments(
    tx: LookTx, wanted: AppointmentFilter, cursor: str | None = None, limit: int = 20
) -> Page[AppointmentLine]:
    """Names, times and states by start.

    A patient sees their own and dependants', a practitioner their own, the desk its workplace's, an admin all.
    """
    scope = policy.may_list(tx)
    found = store.appointments(tx, scope, wanted, decode_cursor(cursor, 2), limit + 1)
    page, last = found[:limit], found[limit - 1] if len(found) > limit else None
    _note_list(tx, "/appointments", wanted, len(page))
    return Page(items=page, next_cursor=encode_cursor(clock.text(last.starts_at), last.id) if last else None)


def list_day(tx: LookTx, day: date, wanted: AppointmentFilter) -> Page[AppointmentLine]:
    """All appointments of a local day, by start."""
    scope = policy.may_list(tx)
    begin, end = slots.day_bounds(day, finder.zone_of(tx))
    wanted = msgspec.structs.replace(wanted, from_at=begin, until_at=end)
    found = store.appointments(tx, scope, wanted, None, MOST_OF_A_DAY)
    _note_list(tx, "/appointments/by-date", wanted, len(found))
    return Page(items=found)


def show_board(tx: LookTx, day: date, wanted: AppointmentFilter) -> Board:
    """The queue of a day for the staff: who is expected, who waits and for how long, who is with the
    practitioner, done, absent, and what awaits a yes."""
    policy.may_see_board(tx)
    scope = policy.may_list(tx)
    begin, end = slots.day_bounds(day, finder.zone_of(tx))
    wanted = msgspec.structs.replace(wanted, from_at=begin, until_at=end)
    found = store.appointments(tx, scope, wanted, None, MOST_OF_A_DAY)
    _note_list(tx, "/appointments/board", wanted, len(found))
    by_status: dict[str, list[AppointmentLine]] = {}
    for line in found:
        by_status.setdefault(line.status, []).append(line)
    return Board(
        day_on=day,
        expected=by_status.get("confirmed", []),
        waiting=_in_order(tx, by_status.get("checked_in", [])),
        with_practitioner=by_status.get("in_progress", []),
        done=by_status.get("completed", []),
        absent=by_status.get("no_show", []),
        to_confirm=by_status.get("pending", []),
    )


def _in_order(tx: LookTx, checked_in: list[AppointmentLine]) -> list[AppointmentLine]:
    """Who came first is first, with the minutes since then."""
    came = sorted(checked_in, key=lambda line: (line.checked_in_at or line.starts_at, line.starts_at, line.id))
    return [
        msgspec.structs.replace(
            line, waiting_minutes=max(int((tx.now - (line.checked_in_at or tx.now)).total_seconds()) // 60, 0)
        )
        for line in came
    ]


def _note_list(tx: LookTx, route: str, wanted: AppointmentFilter, count: int) -> None:
    digest = hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()[:16]
    tx.record(AppointmentsListed(subject=route, filter_digest=digest, count=count))
