"""What a request for a visit must keep to: who, when, how soon, how far ahead."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from esante.kernel import clock
from esante.kernel.errors import Conflict, Forbidden, Invalid
from esante.kernel.transaction import ReadTx
from esante.people import service as people
from esante.people.structs import PatientBrief, PatientId, PractitionerId
from esante.scheduling import finder, occupancy, slots, store
from esante.scheduling.structs import Appointment, AppointmentPatch, AppointmentRequest, AppointmentType
from esante.workplaces.structs import WorkplaceId


def patient_of(tx: ReadTx, wish: AppointmentRequest) -> PatientBrief:
    """Whom it is for: oneself or a dependant; for staff a patient whom they may see. An archived one is refused."""
    actor = tx.actor
    if actor.role == "patient":
        patient = people.own_patient(tx, wish.patient_id or PatientId(actor.person_id or ""))
    elif wish.patient_id is None:
        raise Invalid("Say who the patient is", field="patientId")
    else:
        patient = people.visible_patient(tx, wish.patient_id)
    if patient.archived_at is not None:
        raise Conflict("This patient's record is archived", code="PATIENT_ARCHIVED")
    return patient


def start_of(tx: ReadTx, wish: AppointmentRequest) -> datetime:
    """The instant that is asked for; a walk-in starts now, on the grid."""
    if wish.walk_in:
        if wish.starts_at is not None:
            raise Invalid("A walk-in starts now: leave startsAt out", field="startsAt")
        return tx.now.replace(minute=tx.now.minute // slots.GRID_MINUTES * slots.GRID_MINUTES, second=0, microsecond=0)
    if wish.starts_at is None:
        raise Invalid("Say when it starts", field="startsAt")
    return instant_of(tx, wish.starts_at)


def instant_of(tx: ReadTx, asked: datetime) -> datetime:
    """With an offset as it is; without, a wall time of the clinic. Off the grid, or skipped by the clock: `Invalid`."""
    slots.check_year(asked)
    if asked.minute % slots.GRID_MINUTES or asked.second or asked.microsecond:
        raise Invalid("Times are on a grid of five minutes", field="startsAt")
    if asked.tzinfo is not None:
        return asked.astimezone(UTC)
    found = slots.instant(asked, finder.zone_of(tx))
    if found is None:
        raise Invalid("The clock skips this time on that day", field="startsAt", code="NO_SUCH_LOCAL_TIME")
    return found


def check_request(
    tx: ReadTx,
    wish: AppointmentRequest,
    kind: AppointmentType,
    starts_at: datetime,
    patient_id: PatientId,
    place: WorkplaceId,
) -> None:
    """Nobody books the past; a patient also keeps to what is offered and gives a reason. The desk need not."""
    if not wish.walk_in:
        check_not_past(tx, starts_at)
    if tx.actor.role != "patient":
        return
    if wish.walk_in or any(
        one is not None for one in (wish.room_id, wish.override_reason, wish.notes, wish.remote_text)
    ):
        raise Forbidden("Only the desk may book a walk-in, choose a room, write notes or book over what is taken")
    if wish.reason is None:
        raise Invalid("Say what the visit is about", field="reason")
    check_referral(tx, kind)
    check_profile(tx, patient_id)
    check_offered(tx, wish.practitioner_id, kind, starts_at, timedelta(minutes=kind.duration_minutes), place)


def check_offered(
    tx: ReadTx,
    practitioner_id: PractitionerId,
    kind: AppointmentType,
    starts_at: datetime,
    length: timedelta,
    place: WorkplaceId,
) -> None:
    """A patient takes what is offered: not too soon, not too far ahead, at a start that the availability has."""
    _check_ahead(tx, starts_at)
    if not finder.is_offered(tx, practitioner_id, starts_at, length // timedelta(minutes=1), place):
        raise Conflict(
            "This time is not offered",
            code="NOT_OFFERED",
            extra={"nearest": occupancy.nearest(tx, practitioner_id, starts_at, kind, place)},
        )


def check_referral(tx: ReadTx, kind: AppointmentType) -> None:
    """Patients do not book by themselves what a colleague must ask for."""
    if kind.requires_referral and tx.actor.role == "patient":
        raise Conflict("This kind of visit needs a referral. Please call the desk", code="REFERRAL_REQUIRED")


def check_profile(tx: ReadTx, patient_id: PatientId) -> None:
    """Where the clinic wants it, a patient who books has birth date, telephone number and consent to processing on record."""
    if tx.settings.require_profile_before_booking and not store.has_profile(tx, patient_id):
        raise Conflict(
            "Please complete your profile first: birth date, telephone number, consent to the processing of your data",
            code="PROFILE_INCOMPLETE",
        )


def edits(kept: Appointment, patch: AppointmentPatch) -> dict[str, Any]:
    """What the patch really changes."""
    return {
        name: value
        for name, value in msgspec.structs.asdict(patch).items()
        if value is not UNSET and value != getattr(kept, name)
    }


def check_not_past(tx: ReadTx, starts_at: datetime) -> None:
    """Nobody books the past."""
    if starts_at < tx.now:
        raise Invalid("This time is past", field="startsAt", code="IN_THE_PAST")


def check_notice(tx: ReadTx, kept: Appointment) -> None:
    """A patient calls off in time, and not when already here."""
    if kept.status == "checked_in":
        raise Conflict(
            "You are checked in. Please speak to the desk",
            code="WRONG_STATE",
            extra={"state": kept.status, "possible": []},
        )
    hours = tx.settings.patient_cancel_hours
    if kept.reconfirm_until is not None and tx.now < kept.starts_at:
        return  # the clinic chose this time: whoever is asked may say no
    if tx.now > kept.starts_at - timedelta(hours=hours):
        raise Conflict(
            "This can be cancelled online until {hours} hours before. Please call the desk",
            code="TOO_LATE_TO_CANCEL",
            hours=hours,
        )


def check_today(tx: ReadTx, kept: Appointment) -> None:
    """Today, in the clinic's zone, is the day of the appointment."""
    if clock.local_date(tx.now, finder.zone_of(tx)) != kept.local_on:
        raise Conflict("This can be done only on the day of the appointment", code="OTHER_DAY")


def _check_ahead(tx: ReadTx, starts_at: datetime) -> None:
    """Not too soon, not too far ahead."""
    if starts_at < finder.earliest(tx):
        raise Invalid(
            "Please book at least {minutes} minutes ahead",
            field="startsAt",
            code="TOO_SOON",
            minutes=tx.settings.patient_lead_minutes,
        )
    latest = finder.horizon(tx)
    if latest is not None and starts_at > latest:
        raise Invalid(
            "Please book at most {days} days ahead",
            field="startsAt",
            code="TOO_FAR",
            days=tx.settings.booking_horizon_days,
        )
