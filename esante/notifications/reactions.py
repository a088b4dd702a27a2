"""Whom to tell, and of what (SPEC 1.9, 28). Each runs once, in a transaction of its own, after what it tells of."""

from esante.identity import service as identity
from esante.identity.events import (
    AccountAddressKnown,
    AccountLocked,
    ConfirmationIssued,
    PasswordChanged,
    PasswordWasReset,
    ResetIssued,
)
from esante.identity.structs import AccountContact
from esante.kernel.structs import AccountId
from esante.kernel.transaction import ReadTx, WriteTx
from esante.notifications import service
from esante.notifications.structs import Priority
from esante.notifications.words import agenda_keepers, contacts_of_patient, doctor_name, patient_name, site, wall_time
from esante.people.events import (
    PractitionerApproved,
    PractitionerRejected,
    PractitionerSubmitted,
    PractitionerSuspended,
)
from esante.records.consultations.events import ConsultationCompleted
from esante.records.prescriptions.events import (
    PrescriptionCancelled,
    PrescriptionCreated,
    PrescriptionLocked,
    PrescriptionUpdated,
)
from esante.scheduling import service as scheduling
from esante.scheduling.events import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentEvent,
    AppointmentExpired,
    AppointmentNoShow,
    AppointmentRejected,
    AppointmentRequested,
    AppointmentRescheduled,
)
from esante.scheduling.structs import AppointmentId

# ------------------------------------------------------------------------- accounts


def mail_confirmation(tx: WriteTx, event: ConfirmationIssued) -> None:
    """The link and the code that confirm an address."""
    service.send_one_time(tx, AccountId(event.subject), "confirm", event.one_time_id)


def mail_reset(tx: WriteTx, event: ResetIssued) -> None:
    """The link and the code for a new password; a slip that the desk hands over is not mailed."""
    if event.by_mail:
        service.send_one_time(tx, AccountId(event.subject), "reset", event.one_time_id)


def tell_known_address(tx: WriteTx, event: AccountAddressKnown) -> None:
    """Somebody registered with an address that has an account: its owner learns of it, nobody else."""
    service.tell(
        tx,
        identity.contact(tx, event.subject),
        "address_known",
        "high",
        "You have an account already",
        "Somebody tried to register with your address. You have an account already: sign in, or choose a new password if"
        " you have forgotten yours. If it was not you, there is nothing to do.",
        event.subject,
    )


def tell_password_changed(tx: WriteTx, event: PasswordChanged | PasswordWasReset) -> None:
    """The owner learns that the password is another one now."""
    service.tell(
        tx,
        identity.contact(tx, event.subject),
        "password_changed",
        "high",
        "Your password was changed",
        "The password of your account was changed, and your other sessions were ended. If it was not you, choose a new"
        " password at once and tell the clinic.",
        event.subject,
    )


def tell_locked(tx: WriteTx, event: AccountLocked) -> None:
    """Admins learn that somebody tries passwords."""
    for admin in identity.accounts_in_role(tx, "admin"):
        service.tell(
            tx,
            admin,
            "account_locked",
            "urgent",
            "Repeated failed sign-ins",
            "Five sign-ins to one account have failed within ten minutes. Unknown devices have to wait for 15 minutes.",
            event.subject,
        )


# -------------------------------------------------------------------- practitioners


def tell_submitted(tx: WriteTx, event: PractitionerSubmitted) -> None:
    """Admins have a practitioner to verify."""
    values = {"doctor": doctor_name(tx, event.subject)}
    for admin in identity.accounts_in_role(tx, "admin"):
        service.tell(
            tx, admin, "doctor_submitted", "high", "A practitioner waits for verification",
            "{doctor} waits for your decision.", event.subject, **values,
        )  # fmt: skip


def tell_approved(tx: WriteTx, event: PractitionerApproved) -> None:
    """The practitioner may be booked from now on."""
    _tell_person(
        tx, event.subject, "doctor_approved", "high", "You have been verified",
        "Patients can find and book you from now on.", event.subject,
    )  # fmt: skip


def tell_rejected(tx: WriteTx, event: PractitionerRejected) -> None:
    """The practitioner was not accepted; the reason is on the profile page."""
    _tell_person(
        tx, event.subject, "doctor_rejected", "high", "Your registration was not accepted",
        "The reason is shown with your profile. You may correct it and submit it again.", event.subject,
    )  # fmt: skip


def tell_suspended(tx: WriteTx, event: PractitionerSuspended) -> None:
    """The practitioner can no longer be booked."""
    _tell_person(
        tx, event.subject, "doctor_suspended", "high", "Your profile was suspended",
        "Patients cannot book you for now. Please speak with the clinic.", event.subject,
    )  # fmt: skip


# --------------------------------------------------------------------- appointments


def tell_requested(tx: WriteTx, event: AppointmentRequested) -> None:
    """The practitioner, and the desk that may answer, are asked for an appointment."""
    visit = scheduling.appointment_for(tx, AppointmentId(event.subject))
    for to in agenda_keepers(tx, event.practitioner_id, visit.workplace_id):
        service.tell(
            tx, to, "new_appointment_request", "high", "New appointment request", "{patient} asks {doctor} for {when}.",
            event.subject, **_words(tx, to, event),
        )  # fmt: skip


def tell_confirmed(tx: WriteTx, event: AppointmentConfirmed) -> None:
    """The patient's visit will be; when and where to come, and what to bring."""
    for to in contacts_of_patient(tx, event.patient_id):
        visit = scheduling.appointment_for(tx, AppointmentId(event.subject))
        service.tell(
            tx, to, "appointment_confirmed", "high", "Your appointment is confirmed",
            "Your appointment with {doctor} is confirmed for {when}. Please come {early} minutes early, with your identity"
            " card and your insurance card.{site}",
            event.subject, site=site(tx, to, visit.workplace_id), **_words(tx, to, event),
        )  # fmt: skip


def tell_appointment_rejected(tx: WriteTx, event: AppointmentRejected) -> None:
    """The patient's request was not accepted."""
    _tell_patient(
        tx,
        event,
        "appointment_rejected",
        "medium",
        "Your appointment request was not accepted",
        "Your request with {doctor} for {when} could not be accepted. Please choose another time.",
    )


def tell_cancelled(tx: WriteTx, event: AppointmentCancelled) -> None:
    """The other party learns that the visit will not be; a mistaken entry concerns nobody."""
    if event.in_error:
        return
    if event.by_patient:
        _tell_doctor(
            tx, event, "appointment_cancelled", "high", "Appointment cancelled", "{patient} has cancelled {when}."
        )
    else:
        _tell_patient(
            tx,
            event,
            "appointment_cancelled",
            "high",
            "Your appointment was cancelled",
            "Your appointment with {doctor} for {when} was cancelled by the clinic. Please choose another time.",
        )


def tell_rescheduled(tx: WriteTx, event: AppointmentRescheduled) -> None:
    """The patient learns the new time, and is asked whether it suits, where the clinic wants to know."""
    if event.reconfirm_until is not None:
        for to in contacts_of_patient(tx, event.patient_id):
            service.tell(
                tx, to, "appointment_rescheduled", "high", "Your appointment was moved: does the new time suit you?",
                "Your appointment with {doctor} was moved to {when}. Please say until {until} whether it suits you, ask for"
                " another time, or call it off.",
                event.subject, until=wall_time(tx, to, event.reconfirm_until), **_words(tx, to, event),
            )  # fmt: skip
        return
    _tell_patient(
        tx,
        event,
        "appointment_rescheduled",
        "high",
        "Your appointment was moved",
        "Your appointment with {doctor} was moved to {when}.",
    )


def tell_expired(tx: WriteTx, event: AppointmentExpired) -> None:
    """Nobody answered in time: both learn that the time is free again."""
    _tell_patient(
        tx,
        event,
        "appointment_expired",
        "medium",
        "Your appointment request has run out",
        "Your request with {doctor} for {when} was not answered in time. Please choose another time or call the clinic.",
    )
    _tell_doctor(
        tx, event, "appointment_expired", "medium", "An appointment request has run out",
        "The request of {patient} for {when} was not answered in time.",
    )  # fmt: skip


def tell_no_show(tx: WriteTx, event: AppointmentNoShow) -> None:
    """The patient was expected and did not come."""
    _tell_patient(
        tx,
        event,
        "appointment_no_show",
        "medium",
        "We missed you",
        "You did not come to your appointment with {doctor} on {when}. Please choose another time or call the clinic.",
    )


# -------------------------------------------------------------------------- records


def tell_consultation(tx: WriteTx, event: ConsultationCompleted) -> None:
    """The patient can read what was written."""
    _tell_record(
        tx, event.patient_id, "consultation_created", "medium", "Your consultation is in your record", event.subject
    )


def tell_prescription_created(tx: WriteTx, event: PrescriptionCreated) -> None:
    """The patient has a new prescription."""
    _tell_record(tx, event.patient_id, "prescription_created", "high", "You have a new prescription", event.subject)


def tell_prescription_updated(tx: WriteTx, event: PrescriptionUpdated) -> None:
    """The patient's prescription says something else now."""
    _tell_record(tx, event.patient_id, "prescription_updated", "high", "Your prescription was changed", event.subject)


def tell_prescription_cancelled(tx: WriteTx, event: PrescriptionCancelled) -> None:
    """The patient must not use the prescription any more."""
    _tell_record(
        tx, event.patient_id, "prescription_cancelled", "high", "Your prescription was cancelled", event.subject
    )


def tell_prescription_locked(tx: WriteTx, event: PrescriptionLocked) -> None:
    """The author learns that the prescription can no longer be changed; in the app only."""
    _tell_person(
        tx, event.practitioner_id, "prescription_locked", "low", "A prescription is locked now",
        "Its time for changes has passed. A correction is a new prescription that supersedes it.", event.subject,
    )  # fmt: skip


# -------------------------------------------------------------------------- private


def _tell_doctor(tx: WriteTx, event: AppointmentEvent, kind: str, priority: Priority, title: str, body: str) -> None:
    for contact in identity.accounts_of_person(tx, event.practitioner_id):
        service.tell(tx, contact, kind, priority, title, body, event.subject, **_words(tx, contact, event))


def _tell_patient(tx: WriteTx, event: AppointmentEvent, kind: str, priority: Priority, title: str, body: str) -> None:
    for contact in contacts_of_patient(tx, event.patient_id):
        service.tell(tx, contact, kind, priority, title, body, event.subject, **_words(tx, contact, event))


def _tell_record(tx: WriteTx, patient_id: str | None, kind: str, priority: Priority, title: str, subject: str) -> None:
    """What is in the record is read in the record: the message says only that there is something."""
    for contact in contacts_of_patient(tx, patient_id):
        service.tell(tx, contact, kind, priority, title, "Sign in to read it in your record.", subject)


def _tell_person(
    tx: WriteTx, person_id: str | None, kind: str, priority: Priority, title: str, body: str, subject: str
) -> None:
    for contact in identity.accounts_of_person(tx, person_id) if person_id else []:
        service.tell(tx, contact, kind, priority, title, body, subject)


def _words(tx: ReadTx, to: AccountContact, event: AppointmentEvent) -> dict[str, str]:
    return {
        "doctor": doctor_name(tx, event.practitioner_id),
        "patient": patient_name(tx, event.patient_id or ""),
        "when": wall_time(tx, to, event.starts_at),
        "early": str(tx.settings.arrive_early_minutes),
    }
