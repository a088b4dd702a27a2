"""What follows what. Read it top to bottom: these are the clinic's reflexes."""

from datetime import timedelta

import msgspec
from litestar import Router

from esante.admin import reactions as admin_react
from esante.admin.backups import service as backups
from esante.admin.backups.events import BackUp, BackupFailed, SweepFiles
from esante.admin.backups.process import back_up
from esante.admin.backups.sweep import NamedFiles, sweep
from esante.admin.events import KitMade, KitProofDue, SettingChanged, SlotAdded, SlotRemoved
from esante.admin.keys import service as admin_keys
from esante.admin.logo import service as logo
from esante.admin.routes import router as admin
from esante.admin.routes_backups import router as admin_backups
from esante.admin.routes_health import router as admin_health
from esante.audit.routes import router as audit
from esante.audit.watch import service as watch
from esante.identity import reactions as identity_reactions
from esante.identity.events import (
    AccountAddressKnown,
    AccountArchived,
    AccountLocked,
    AccountReactivated,
    AccountRemoved,
    AccountSuspended,
    ConfirmationIssued,
    PasswordChanged,
    PasswordWasReset,
    ResetIssued,
)
from esante.identity.routes import router as identity
from esante.identity.second_factor.events import RecoveryCodeUsed, SecondFactorDisabled, SecondFactorEnabled
from esante.identity.sessions.events import SessionEnded, SessionLocked, TokenReused
from esante.interop.fhir import reactions as fhir
from esante.interop.routes import router as interop
from esante.kernel import idempotency, jobs
from esante.kernel.clock_guard import ClockDoubted
from esante.kernel.config import Backup
from esante.kernel.disk import DiskLevelChanged
from esante.kernel.jobs import Recurring, Work, inside_work
from esante.kernel.transaction import Reactions, Wiring
from esante.notifications import reactions as notify
from esante.notifications import reactions_scheduling as notify_scheduling
from esante.notifications import reactions_security as warn
from esante.notifications import reactions_workplaces as notify_workplaces
from esante.notifications.channels import email
from esante.notifications.events import SendMail
from esante.notifications.routes import router as notifications
from esante.people.credentials import service as credentials
from esante.people.duplicates import service as duplicates
from esante.people.events import (
    PatientErased,
    PatientRemoving,
    PatientsMerged,
    PatientsUnmerged,
    PractitionerApproved,
    PractitionerRejected,
    PractitionerSubmitted,
    PractitionerSuspended,
)
from esante.people.photos import service as photos
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
    ExpireOffer,
    ExpirePendingHold,
    KeepLocalTimes,
    KioskStarted,
    LapseMoveRequest,
    OfferFreedTime,
    ReconfirmationDue,
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
from esante.scheduling.moving import reactions as visits_moving
from esante.scheduling.routes import router as scheduling_routes
from esante.workplaces import reactions as workplaces_react
from esante.workplaces import service as workplaces
from esante.workplaces.events import (
    AssignmentEnded,
    AssistantAccepted,
    AssistantInvitationCancelled,
    AssistantInvitationExpired,
    AssistantInvited,
    AssistantRejected,
    MemberLeft,
    WorkplaceClosing,
)
from esante.workplaces.routes import router as workplace_routes
from esante.workplaces.routes_assistants import router as assistant_routes

ROUTERS: tuple[Router, ...] = (
    identity,
    people,
    workplace_routes,
    assistant_routes,
    scheduling_routes,
    consultation_routes,
    prescription_routes,
    chart,
    notifications,
    audit,
    admin,
    admin_health,
    admin_backups,
    interop,
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
    AccountSuspended: Reactions(later=(warn.tell_account_suspended,)),
    AccountReactivated: Reactions(later=(warn.tell_account_reactivated,)),
    AccountArchived: Reactions(inside=(workplaces_react.end_assignments,), later=(warn.tell_account_archived,)),
    AccountRemoved: Reactions(inside=(warn.forget_account, admin_react.forget_account)),
    SecondFactorEnabled: Reactions(later=(warn.tell_second_factor_enabled,)),
    SecondFactorDisabled: Reactions(later=(warn.tell_second_factor_disabled,)),
    RecoveryCodeUsed: Reactions(later=(warn.tell_recovery_code_used,)),
    TokenReused: Reactions(later=(warn.tell_token_reused,)),
    SessionEnded: Reactions(live=(identity_reactions.hang_up,)),
    SessionLocked: Reactions(live=(identity_reactions.hang_up,)),
    # practitioners
    PractitionerSubmitted: Reactions(later=(notify.tell_submitted,)),
    PractitionerApproved: Reactions(inside=(workplaces_react.give_a_place,), later=(notify.tell_approved,)),
    PractitionerRejected: Reactions(later=(notify.tell_rejected,)),
    PractitionerSuspended: Reactions(later=(notify.tell_suspended,)),
    # workplaces and assistants
    MemberLeft: Reactions(inside=(scheduling.leave_site,)),
    WorkplaceClosing: Reactions(inside=(scheduling.refuse_closing,)),
    AssistantInvited: Reactions(later=(notify_workplaces.tell_invited,)),
    AssistantAccepted: Reactions(later=(notify_workplaces.tell_accepted,)),
    AssistantRejected: Reactions(later=(notify_workplaces.tell_rejected,)),
    AssistantInvitationCancelled: Reactions(later=(notify_workplaces.tell_invitation_cancelled,)),
    AssistantInvitationExpired: Reactions(later=(notify_workplaces.tell_invitation_expired,)),
    AssignmentEnded: Reactions(later=(notify_workplaces.tell_assignment_ended,)),
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
    PatientRemoving: Reactions(inside=(scheduling.forget_patient,)),
    PatientErased: Reactions(inside=(fhir.forget_person,)),
    # appointments: what the desk does all day is told in the same commit
    AppointmentRequested: Reactions(soon=(notify.tell_requested,)),
    AppointmentConfirmed: Reactions(soon=(notify.tell_confirmed,)),
    AppointmentRejected: Reactions(soon=(notify.tell_appointment_rejected,)),
    AppointmentCancelled: Reactions(soon=(notify.tell_cancelled,)),
    AppointmentRescheduled: Reactions(soon=(notify.tell_rescheduled,)),
    AppointmentExpired: Reactions(later=(notify.tell_expired,)),
    ReconfirmationMissed: Reactions(later=(notify_scheduling.tell_reconfirmation_missed,)),
    AppointmentNoShow: Reactions(later=(notify.tell_no_show,)),
    AppointmentStarted: Reactions(inside=(consultations.open_draft,)),
    ReminderDue: Reactions(later=(notify_scheduling.remind,)),
    RescheduleRequested: Reactions(later=(notify_scheduling.tell_move_wished,)),
    RescheduleWithdrawn: Reactions(later=(notify_scheduling.tell_move_withdrawn,)),
    RescheduleRejected: Reactions(later=(notify_scheduling.tell_move_rejected,)),
    RescheduleLapsed: Reactions(later=(notify_scheduling.tell_move_lapsed,)),
    WaitlistOffered: Reactions(later=(notify_scheduling.tell_offered,)),
    WaitlistExpired: Reactions(later=(notify_scheduling.tell_offer_expired,)),
    WaitlistAccepted: Reactions(later=(notify_scheduling.tell_offer_accepted,)),
    KioskStarted: Reactions(later=(notify_scheduling.send_kiosk_code,)),
    # records
    ConsultationCompleted: Reactions(later=(notify.tell_consultation,)),
    PrescriptionCreated: Reactions(later=(notify.tell_prescription_created,)),
    PrescriptionUpdated: Reactions(later=(notify.tell_prescription_updated,)),
    PrescriptionCancelled: Reactions(later=(notify.tell_prescription_cancelled,)),
    PrescriptionLocked: Reactions(later=(notify.tell_prescription_locked,)),
    # the box
    DiskLevelChanged: Reactions(later=(warn.tell_disk_level,)),
    ClockDoubted: Reactions(later=(warn.tell_clock_doubted,)),
    # administration
    SettingChanged: Reactions(
        later=(
            scheduling.heed_setting,
            admin_react.tell_setting_changed,
        )
    ),
    SlotAdded: Reactions(later=(admin_react.tell_keys_changed,)),
    SlotRemoved: Reactions(later=(admin_react.tell_keys_changed,)),
    KitMade: Reactions(later=(admin_react.tell_keys_changed,)),
    KitProofDue: Reactions(later=(admin_react.tell_kit_proof_due,)),
    BackupFailed: Reactions(later=(admin_react.tell_backup_failed,)),
}

FILES: tuple[NamedFiles, ...] = (photos.named_files, credentials.named_files, logo.named_files)
"""Which sealed files the rooms' rows name. A room that keeps files must be here: what nobody names is swept away."""

WORK = Work(
    inside=inside_work(
        {
            ExpirePendingHold: scheduling.expire_pending_hold,
            KeepLocalTimes: scheduling.keep_local_times,
            LapseMoveRequest: scheduling.lapse_move_request,
            ReconfirmationDue: scheduling.note_missed_reconfirmation,
            ExpireOffer: scheduling.expire_offer,
            OfferFreedTime: scheduling.offer_freed_time,
            AnnounceSeal: consultations.announce_seal,
            AnnounceLock: prescriptions.announce_lock,
        },
        {event: (*reactions.soon, *reactions.later) for event, reactions in WIRING.items()},
    ),
    outside={"notifications.send_mail": (SendMail, email.deliver), "admin.sweep_files": (SweepFiles, sweep(FILES))},
    slow={"admin.back_up": (BackUp, back_up)},
    recurring=(
        Recurring("workplaces.expire_invitations", workplaces.expire_invitations, every=timedelta(minutes=15)),
        Recurring("scheduling.remind", scheduling.note_due_reminders, every=timedelta(minutes=5)),
        Recurring("notifications.tell_the_day", notify_scheduling.tell_the_day, daily_at="09:00"),
        Recurring("scheduling.mark_missed", scheduling.mark_missed, every=timedelta(hours=1)),
        Recurring("scheduling.forget_old", scheduling.forget_old, daily_at="03:20", destroys=True),
        Recurring("kernel.forget_idempotency_keys", idempotency.forget_old, every=timedelta(hours=1), destroys=True),
        Recurring("identity.sweep", identity_reactions.sweep, daily_at="03:15", destroys=True),
        Recurring("people.give_name_keys", duplicates.give_keys, every=timedelta(minutes=10)),
        Recurring("audit.watch", watch.watch, every=timedelta(minutes=1)),
        Recurring("admin.ask_for_proof", admin_keys.ask_for_proof, every=timedelta(days=7)),
        Recurring("kernel.forget_done_jobs", jobs.forget_old, daily_at="03:10", destroys=True),
        Recurring("admin.queue_sweep", backups.queue_sweep, daily_at="03:25", destroys=True),
    ),
)
"""What job rows may ask for, and what comes again by itself."""

SPEAKING = frozenset(
    name for name in (*WORK.outside, *WORK.inside) if name.startswith("notifications.") or ".tell_" in name
)
"""The jobs that reach people. A clinic that begins again from a backup gives up those that are old."""


def work(backup: Backup) -> Work:
    """What job rows may ask for, with the nightly backup at the hour that `esante.toml` names."""
    if not backup.nightly:
        return WORK
    nightly = Recurring("admin.queue_backup", backups.queue_nightly, daily_at=backup.at)
    return msgspec.structs.replace(WORK, recurring=(*WORK.recurring, nightly))
