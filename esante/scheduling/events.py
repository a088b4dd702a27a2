"""What happens to appointments and availability, and what is due later."""

from datetime import date, datetime
from typing import ClassVar

from esante.kernel.structs import Event, Severity
from esante.kernel.transaction import Task


class AppointmentEvent(Event):
    """Something happened to an appointment: `subject` is its id, `patient_id` is always given."""

    practitioner_id: str
    starts_at: datetime
    type_id: str
    version: int


class AppointmentRequested(AppointmentEvent, tag="appointment.requested"):
    """Somebody asks; the time is held until `hold_until`. The practitioner and the desk want to know."""

    hold_until: datetime


class AppointmentConfirmed(AppointmentEvent, tag="appointment.confirmed"):
    """The visit will be. `booked` when it came confirmed (the desk, or a type that confirms itself)."""

    booked: bool = False
    overridden: bool = False
    """Booked over time that was taken; the audit line has the reason."""


class AppointmentRejected(AppointmentEvent, tag="appointment.rejected"):
    """The practitioner or the desk said no; the time is free."""


class AppointmentCancelled(AppointmentEvent, tag="appointment.cancelled"):
    """The visit will not be; the time is free. `in_error` when it should never have been there."""

    by_patient: bool
    in_error: bool = False


class AppointmentRescheduled(AppointmentEvent, tag="appointment.rescheduled"):
    """Moved to `starts_at`; reminders are to be set anew. `confirmed` is false while it still waits for a yes."""

    previous_starts_at: datetime
    confirmed: bool
    overridden: bool = False
    reconfirm_until: datetime | None = None
    """Until then the patient is to say whether the new time suits."""


class AppointmentPreChecked(AppointmentEvent, tag="appointment.pre_checked"):
    """The desk has the papers of a coming visit in order; or not after all (`withdrawn`)."""

    withdrawn: bool = False


class AppointmentReconfirmed(AppointmentEvent, tag="appointment.reconfirmed"):
    """The new time suits the patient."""


class ReconfirmationMissed(AppointmentEvent, tag="appointment.reconfirmation_missed"):
    """The patient has not said in time whether the new time suits; the visit stays as it is."""


class AppointmentCheckedIn(AppointmentEvent, tag="appointment.checked_in"):
    """The patient is here."""


class AppointmentStarted(AppointmentEvent, tag="appointment.started"):
    """The practitioner has begun: a consultation is to be opened."""

    workplace_id: str


class AppointmentCompleted(AppointmentEvent, tag="appointment.completed"):
    """The visit has been."""


class AppointmentNoShow(AppointmentEvent, tag="appointment.no_show"):
    """The patient did not come."""

    severity: ClassVar[Severity] = "warning"


class AppointmentExpired(AppointmentEvent, tag="appointment.expired"):
    """Nobody said yes in time; the time is free."""


class AppointmentUpdated(AppointmentEvent, tag="appointment.updated"):
    """Something about it was edited; `fields` names what."""

    fields: list[str]


class AppointmentAccessed(Event, tag="appointment.accessed"):
    """Somebody read an appointment with its reason."""


class AppointmentsListed(Event, tag="appointment.listed"):
    """Somebody saw a list of names, times and states. `subject` is the route, `filter_digest` tells like questions apart."""

    filter_digest: str
    count: int


class AppointmentTypeCreated(Event, tag="appointment_type.created"):
    """A kind of visit was added."""


class AppointmentTypeUpdated(Event, tag="appointment_type.updated"):
    """`fields` names what changed; `is_active` is among them when it was withdrawn or taken back."""

    version: int
    fields: list[str]


class AvailabilityChanged(Event, tag="availability.changed"):
    """The subject is the practitioner; `day_on` is None when the weekly template changed."""

    day_on: date | None
    conflicts: int
    """Live appointments that now lie outside."""


class AvailabilityChangedInBulk(Event, tag="availability.changed_in_bulk"):
    """The subject is the practitioner: many days were changed at once."""

    first_on: date
    last_on: date
    created: int
    updated: int
    conflicts: int


class OwnPriceSet(Event, tag="appointment_type.own_price_set"):
    """A practitioner has a price of their own for a type, or (`withdrawn`) no longer; the subject is the type."""

    practitioner_id: str
    withdrawn: bool = False


class MoveEvent(Event):
    """Something happened to a patient's wish to move a visit: `subject` is the wish, `patient_id` is always given."""

    appointment_id: str
    practitioner_id: str
    starts_at: datetime
    """The start that is wished for."""
    previous_starts_at: datetime


class RescheduleRequested(MoveEvent, tag="reschedule.requested"):
    """A patient wishes another time; it is held until `hold_until`."""

    hold_until: datetime


class RescheduleApproved(MoveEvent, tag="reschedule.approved"):
    """The visit was moved to the time that was wished for."""


class RescheduleRejected(MoveEvent, tag="reschedule.rejected"):
    """The visit stays where it is; the time that was held is free."""


class RescheduleWithdrawn(MoveEvent, tag="reschedule.withdrawn"):
    """The patient no longer wishes it."""


class RescheduleLapsed(MoveEvent, tag="reschedule.lapsed"):
    """Nobody answered in time, or the visit has ended or was moved otherwise."""


class WaitlistJoined(Event, tag="waitlist.joined"):
    """A patient waits for a time to come free; the subject is the entry."""

    type_id: str
    urgency: str


class WaitlistOffered(Event, tag="waitlist.offered"):
    """A time has come free and is held for the first in line until `offer_until`."""

    practitioner_id: str
    starts_at: datetime
    offer_until: datetime


class WaitlistAccepted(Event, tag="waitlist.accepted"):
    """The offered time is booked."""

    appointment_id: str


class WaitlistDeclined(Event, tag="waitlist.declined"):
    """The patient does not want the offered time; the next in line is asked."""


class WaitlistExpired(Event, tag="waitlist.expired"):
    """The offer was not answered in time; the next in line is asked."""


class WaitlistWithdrawn(Event, tag="waitlist.withdrawn"):
    """The patient waits no longer."""


class WaitlistListed(Event, tag="waitlist.listed"):
    """Somebody saw who waits."""

    count: int


class ReminderDue(Event, tag="reminder.due"):
    """A confirmed visit is so many minutes ahead: the patient is to be told. The subject is the appointment."""

    practitioner_id: str
    starts_at: datetime
    minutes: int


class CalendarFeedMade(Event, tag="calendar_feed.made"):
    """A practitioner's agenda can be read by whoever has the link; an earlier link is dead. The subject is the practitioner."""

    severity: ClassVar[Severity] = "warning"


class CalendarFeedRevoked(Event, tag="calendar_feed.revoked"):
    """The link is dead."""


class CalendarFeedRead(Event, tag="calendar_feed.read"):
    """A calendar fetched a practitioner's agenda: times and types, no names."""

    count: int


class KioskStarted(Event, tag="kiosk.started"):
    """Somebody at the kiosk gave a mobile number and a birth date that fit a patient: the code is to be sent."""


class KioskNewcomerCame(Event, tag="kiosk.newcomer"):
    """Somebody at the kiosk is new here and waits for the desk; there is no record yet."""


class KioskCodeSeen(Event, tag="kiosk.code_seen"):
    """The desk has seen the code that it reads to the patient, or to who is to become one."""


class KioskOpened(Event, tag="kiosk.opened"):
    """The code was right: the patient is known for some minutes."""


class KioskRefused(Event, tag="kiosk.refused"):
    """A wrong code was typed at the kiosk."""

    severity: ClassVar[Severity] = "warning"

    attempts: int


class StatisticsSeen(Event, tag="statistics.seen"):
    """Somebody looked at counts of appointments; the subject says which."""

    first_on: date
    last_on: date


class LocalTimesKept(Event, tag="appointment.local_times_kept"):
    """The clinic's zone has changed: days and wall times of coming visits were written anew, so many in one go."""

    zone: str
    seen: int
    changed: int


class KeepLocalTimes(Task, tag="scheduling.keep_local_times"):
    """Due after a change of the clinic's zone, for the visits after this id."""

    after_id: str = ""


class ExpirePendingHold(Task, tag="scheduling.expire_pending_hold"):
    """Due when a request's hold ends: say that it is expired, and give the time back."""

    appointment_id: str


class ReconfirmationDue(Task, tag="scheduling.reconfirmation_due"):
    """Due when a patient should have said whether a new time suits."""

    appointment_id: str
    until: datetime


class LapseMoveRequest(Task, tag="scheduling.lapse_move_request"):
    """Due when the time that a wish to move holds is free again."""

    request_id: str


class ExpireOffer(Task, tag="scheduling.expire_offer"):
    """Due when an offer from the waiting list has run out."""

    entry_id: str


class OfferFreedTime(Task, tag="scheduling.offer_freed_time"):
    """A practitioner's time has come free: ask the first in line."""

    practitioner_id: str
    starts_at: datetime
    ends_at: datetime
