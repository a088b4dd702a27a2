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


class ExpirePendingHold(Task, tag="scheduling.expire_pending_hold"):
    """Due when a request's hold ends: say that it is expired, and give the time back."""

    appointment_id: str
