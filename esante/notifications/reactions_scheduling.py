"""Whom to tell of reminders, wishes to move, and the waiting list (SPEC 17, 28). Each runs once, after what it tells of."""

from datetime import datetime, timedelta

from esante.identity import service as identity
from esante.identity.structs import AccountContact
from esante.kernel.errors import NotFound
from esante.kernel.transaction import ReadTx, WriteTx
from esante.notifications import service
from esante.notifications.words import agenda_keepers, contacts_of_patient, doctor_name, patient_name, site, wall_time
from esante.scheduling import service as scheduling
from esante.scheduling.events import (
    KioskStarted,
    MoveEvent,
    ReconfirmationMissed,
    ReminderDue,
    RescheduleLapsed,
    RescheduleRejected,
    RescheduleRequested,
    RescheduleWithdrawn,
    WaitlistAccepted,
    WaitlistExpired,
    WaitlistOffered,
)
from esante.scheduling.reminders import service as reminders
from esante.scheduling.reminders.structs import DayAhead
from esante.scheduling.structs import AppointmentId

LEAST_AHEAD = timedelta(minutes=15)
"""Nearer than this nobody is reminded any more, however late this runs."""


def remind(tx: WriteTx, event: ReminderDue) -> None:
    """The patient's confirmed visit is near; nothing when it was moved or called off meanwhile."""
    try:
        visit = scheduling.appointment_for(tx, AppointmentId(event.subject))
    except NotFound:
        return
    if visit.status != "confirmed" or visit.starts_at != event.starts_at or visit.starts_at - tx.now <= LEAST_AHEAD:
        return
    for to in contacts_of_patient(tx, event.patient_id):
        words = _words(tx, to, event.practitioner_id, event.starts_at)
        if visit.is_remote:
            service.tell(
                tx, to, "appointment_reminder", "high", "Reminder of your appointment",
                "Your remote appointment with {doctor} is on {when}. How to reach each other: {how}",
                event.subject, how=visit.remote_text or "–", **words,
            )  # fmt: skip
        else:
            service.tell(
                tx, to, "appointment_reminder", "high", "Reminder of your appointment",
                "Your appointment with {doctor} is on {when}. Please come {early} minutes early. If you cannot come, please"
                " call it off.{site}",
                event.subject, early=str(tx.settings.arrive_early_minutes), site=site(tx, to, visit.workplace_id), **words,
            )  # fmt: skip


def tell_the_day(tx: WriteTx, nothing: None = None) -> None:
    """Every morning, where the clinic wants it: practitioners and their desks learn what the day brings, if anything."""
    if not tx.settings.staff_digest:
        return
    days: dict[str, tuple[AccountContact, list[DayAhead]]] = {}
    for one in reminders.days_ahead(tx):
        for to in agenda_keepers(tx, one.practitioner_id, one.workplace_id):
            days.setdefault(to.account_id, (to, []))[1].append(one)
    for to, agendas in days.values():
        first = min((one.first_at for one in agendas if one.first_at), default=None)
        service.tell(
            tx, to, "day_digest", "medium", "Your day",
            "Visits today: {visits}. The first: {first}. Requests that wait for an answer: {requests}.", "today",
            visits=str(sum(one.visits for one in agendas)), first=wall_time(tx, to, first) if first else "–",
            requests=str(sum(one.requests for one in agendas)),
        )  # fmt: skip


# ----------------------------------------------------------------------- wishes to move


def tell_move_wished(tx: WriteTx, event: RescheduleRequested) -> None:
    """The practitioner, and the desk that may answer, are asked for another time."""
    visit = scheduling.appointment_for(tx, AppointmentId(event.appointment_id))
    for to in agenda_keepers(tx, event.practitioner_id, visit.workplace_id):
        service.tell(
            tx, to, "reschedule_requested", "high", "A patient asks for another time",
            "{patient} asks to move the visit of {before} with {doctor} to {when}.",
            event.appointment_id, **_both(tx, to, event),
        )  # fmt: skip


def tell_reconfirmation_missed(tx: WriteTx, event: ReconfirmationMissed) -> None:
    """The practitioner and the desk learn that a patient has not said whether a new time suits."""
    visit = scheduling.appointment_for(tx, AppointmentId(event.subject))
    for to in agenda_keepers(tx, event.practitioner_id, visit.workplace_id):
        service.tell(
            tx, to, "reconfirmation_missed", "medium", "A patient has not answered to a new time",
            "{patient} has not said whether {when} with {doctor} suits. The visit stays; a call may help.", event.subject,
            patient=patient_name(tx, event.patient_id or ""), **_words(tx, to, event.practitioner_id, event.starts_at),
        )  # fmt: skip


def tell_move_withdrawn(tx: WriteTx, event: RescheduleWithdrawn) -> None:
    """The practitioner need not answer any more."""
    for to in identity.accounts_of_person(tx, event.practitioner_id):
        service.tell(
            tx, to, "reschedule_withdrawn", "low", "A patient no longer asks for another time",
            "{patient} keeps the visit of {before}.", event.appointment_id, **_both(tx, to, event),
        )  # fmt: skip


def tell_move_rejected(tx: WriteTx, event: RescheduleRejected) -> None:
    """The patient's visit stays where it is; of a yes the move itself tells."""
    for to in contacts_of_patient(tx, event.patient_id):
        service.tell(
            tx, to, "reschedule_rejected", "high", "Your visit was not moved",
            "Your visit with {doctor} cannot be moved to {when}; it stays on {before}.",
            event.appointment_id, **_both(tx, to, event),
        )  # fmt: skip


def tell_move_lapsed(tx: WriteTx, event: RescheduleLapsed) -> None:
    """The patient learns that nobody answered in time; nothing when the visit itself has ended or was moved."""
    try:
        visit = scheduling.appointment_for(tx, AppointmentId(event.appointment_id))
    except NotFound:
        return
    if visit.status not in ("pending", "confirmed") or visit.starts_at != event.previous_starts_at:
        return
    for to in contacts_of_patient(tx, event.patient_id):
        service.tell(
            tx, to, "reschedule_lapsed", "medium", "Your wish for another time has run out",
            "Your wish to move the visit with {doctor} to {when} was not answered in time; it stays on {before}.",
            event.appointment_id, **_both(tx, to, event),
        )  # fmt: skip


# ------------------------------------------------------------------------- waiting list


def tell_offered(tx: WriteTx, event: WaitlistOffered) -> None:
    """The first in line may have a time that has come free, until the offer runs out."""
    for to in contacts_of_patient(tx, event.patient_id):
        service.tell(
            tx, to, "waitlist_offered", "urgent", "A time has come free for you",
            "{doctor} could see you on {when}. The time is held for you until {until}: accept or decline it by then.",
            event.subject, until=wall_time(tx, to, event.offer_until),
            **_words(tx, to, event.practitioner_id, event.starts_at),
        )  # fmt: skip


def tell_offer_expired(tx: WriteTx, event: WaitlistExpired) -> None:
    """The offer is gone; who still wants an earlier time joins the line again."""
    for to in contacts_of_patient(tx, event.patient_id):
        service.tell(
            tx, to, "waitlist_expired", "medium", "An offer from the waiting list has run out",
            "The time that was held for you went to the next in line. You may join the waiting list again.",
            event.subject,
        )  # fmt: skip


def tell_offer_accepted(tx: WriteTx, event: WaitlistAccepted) -> None:
    """The practitioner's freed time is taken again; the patient is told by the confirmation itself."""
    visit = scheduling.appointment_for(tx, AppointmentId(event.appointment_id))
    for to in identity.accounts_of_person(tx, visit.practitioner_id):
        service.tell(
            tx, to, "waitlist_accepted", "low", "A freed time is taken again",
            "{patient} comes on {when}, from the waiting list.", visit.id,
            patient=patient_name(tx, visit.patient_id), when=wall_time(tx, to, visit.starts_at),
        )  # fmt: skip


# -------------------------------------------------------------------------------- kiosk


def send_kiosk_code(tx: WriteTx, event: KioskStarted) -> None:
    """The code for the kiosk; derived when it is sent, never kept."""
    for to in contacts_of_patient(tx, event.patient_id):
        if to.email:
            service.send_one_time(tx, to.account_id, "kiosk", event.subject)


def _words(tx: ReadTx, to: AccountContact, practitioner_id: str, starts_at: datetime) -> dict[str, str]:
    return {"doctor": doctor_name(tx, practitioner_id), "when": wall_time(tx, to, starts_at)}


def _both(tx: ReadTx, to: AccountContact, event: MoveEvent) -> dict[str, str]:
    """The words of a message about two times."""
    return _words(tx, to, event.practitioner_id, event.starts_at) | {
        "patient": patient_name(tx, event.patient_id or ""),
        "before": wall_time(tx, to, event.previous_starts_at),
    }
