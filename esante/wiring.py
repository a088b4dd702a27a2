"""What follows what. Read it top to bottom: these are the clinic's reflexes."""

from datetime import timedelta

from litestar import Router

from esante.audit.routes import router as audit
from esante.identity.events import (
    AccountAddressKnown,
    AccountLocked,
    ConfirmationIssued,
    PasswordChanged,
    PasswordWasReset,
    ResetIssued,
)
from esante.identity.routes import router as identity
from esante.interop.fhir import reactions as fhir
from esante.kernel import idempotency, jobs
from esante.kernel.jobs import Recurring, Work, inside_work
from esante.kernel.transaction import Reactions, Wiring
from esante.notifications import reactions as notify
from esante.notifications.channels import email
from esante.notifications.events import SendMail
from esante.notifications.routes import router as notifications
from esante.people.duplicates import service as duplicates
from esante.people.events import (
    PatientErased,
    PatientsMerged,
    PatientsUnmerged,
    PractitionerApproved,
    PractitionerRejected,
    PractitionerSubmitted,
    PractitionerSuspended,
)
from esante.people.routes import router as people
from esante.records.chart import reactions as chart_lists
from esante.records.chart.routes import router as chart
from esante.records.consultations import reactions as consultations
from esante.records.consultations.events import AnnounceSeal, ConsultationCompleted
from esante.records.consultations.routes import router as consultation_routes
from esante.records.prescriptions import reactions as prescriptions
from esante.records.prescriptions.events import (
    AnnounceLock,
    PrescriptionCancelled,
    PrescriptionCreated,
    PrescriptionLocked,
    PrescriptionUpdated,
)
from esante.records.prescriptions.routes import router as prescription_routes
from esante.scheduling import reactions as scheduling
from esante.scheduling.events import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentExpired,
    AppointmentNoShow,
    AppointmentRejected,
    AppointmentRequested,
    AppointmentRescheduled,
    AppointmentStarted,
    ExpirePendingHold,
)
from esante.scheduling.moving import reactions as visits_moving
from esante.scheduling.routes import router as scheduling_routes
from esante.workplaces.routes import router as workplaces

ROUTERS: tuple[Router, ...] = (
    identity,
    people,
    workplaces,
    scheduling_routes,
    consultation_routes,
    prescription_routes,
    chart,
    notifications,
    audit,
)
"""The doors of the rooms, under `/api/v1`."""

WIRING: Wiring = {
    # accounts
    ConfirmationIssued: Reactions(later=(notify.mail_confirmation,)),
    ResetIssued: Reactions(later=(notify.mail_reset,)),
    AccountAddressKnown: Reactions(later=(notify.tell_known_address,)),
    PasswordChanged: Reactions(later=(notify.tell_password_changed,)),
    PasswordWasReset: Reactions(later=(notify.tell_password_changed,)),
    AccountLocked: Reactions(later=(notify.tell_locked,)),
    # practitioners
    PractitionerSubmitted: Reactions(later=(notify.tell_submitted,)),
    PractitionerApproved: Reactions(later=(notify.tell_approved,)),
    PractitionerRejected: Reactions(later=(notify.tell_rejected,)),
    PractitionerSuspended: Reactions(later=(notify.tell_suspended,)),
    # patients
    PatientsMerged: Reactions(
        inside=(
            visits_moving.move_to_survivor,
            consultations.move_to_survivor,
            prescriptions.move_to_survivor,
            chart_lists.move_to_survivor,
            fhir.move_to_survivor,
        )
    ),
    PatientsUnmerged: Reactions(
        inside=(
            visits_moving.move_back,  # the visits first: what was written in them follows
            consultations.move_back,
            prescriptions.move_back,
            chart_lists.move_back,
            fhir.move_back,
        )
    ),
    PatientErased: Reactions(inside=(fhir.forget_person,)),
    # appointments
    AppointmentRequested: Reactions(later=(notify.tell_requested,)),
    AppointmentConfirmed: Reactions(later=(notify.tell_confirmed,)),
    AppointmentRejected: Reactions(later=(notify.tell_appointment_rejected,)),
    AppointmentCancelled: Reactions(later=(notify.tell_cancelled,)),
    AppointmentRescheduled: Reactions(later=(notify.tell_rescheduled,)),
    AppointmentExpired: Reactions(later=(notify.tell_expired,)),
    AppointmentNoShow: Reactions(later=(notify.tell_no_show,)),
    AppointmentStarted: Reactions(inside=(consultations.open_draft,)),
    # records
    ConsultationCompleted: Reactions(later=(notify.tell_consultation,)),
    PrescriptionCreated: Reactions(later=(notify.tell_prescription_created,)),
    PrescriptionUpdated: Reactions(later=(notify.tell_prescription_updated,)),
    PrescriptionCancelled: Reactions(later=(notify.tell_prescription_cancelled,)),
    PrescriptionLocked: Reactions(later=(notify.tell_prescription_locked,)),
}

WORK = Work(
    inside=inside_work(
        {
            ExpirePendingHold: scheduling.expire_pending_hold,
            AnnounceSeal: consultations.announce_seal,
            AnnounceLock: prescriptions.announce_lock,
        },
        {event: reactions.later for event, reactions in WIRING.items() if reactions.later},
    ),
    outside={"notifications.send_mail": (SendMail, email.deliver)},
    recurring=(
        Recurring("kernel.forget_idempotency_keys", idempotency.forget_old, every=timedelta(hours=1)),
        Recurring("people.give_name_keys", duplicates.give_keys, every=timedelta(minutes=10)),
        Recurring("kernel.forget_done_jobs", jobs.forget_old, daily_at="03:10", destroys=True),
    ),
)
"""What job rows may ask for, and what comes again by itself."""
