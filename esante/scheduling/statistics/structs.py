"""What is counted. Rates are null where there is nothing to divide by."""

from datetime import date

import msgspec

from esante.kernel.structs import Kept
from esante.people.structs import PatientId, PractitionerId
from esante.scheduling.structs import Status


class Tally(msgspec.Struct, frozen=True, rename="camel"):
    """How many appointments of one practitioner, day, hour and state there are, and what else is added up."""

    practitioner_id: PractitionerId
    day_on: date
    hour: int
    status: Status
    number: int
    moved: int
    price_minor: int


class DayCount(Kept):
    day_on: date = msgspec.field(name="date")
    total: int
    completed: int


class PractitionerCount(Kept):
    practitioner_id: PractitionerId
    name: str
    total: int
    completed: int
    no_show: int
    cancelled: int
    revenue_minor: int


class PatientCount(Kept):
    patient_id: PatientId
    total: int


class Counts(Kept):
    """Appointments that start between two local days, both included; those entered in error never count.

    `revenueMinor` is the price of the completed ones. completionRate = completed / (completed + cancelled + rejected + no_show +
    expired); noShowRate = no_show / (completed + no_show); cancelRate and rescheduleRate are shares of all.
    """

    first_on: date = msgspec.field(name="from")
    last_on: date = msgspec.field(name="to")
    total: int
    by_status: dict[str, int]
    completion_rate: float | None
    no_show_rate: float | None
    cancel_rate: float | None
    reschedule_rate: float | None
    revenue_minor: int
    currency: str
    weekdays: list[int]
    """By weekday of the start, Monday first."""
    hours: list[int]
    """By hour of the start's wall time, from midnight."""
    today: int
    last7_days: int
    last30_days: int
    this_week: int
    this_month: int
    """Of the days up to today, whatever range is asked for."""


class AppointmentStatistics(Kept):
    """Of the whole clinic, or of one practitioner."""

    counts: Counts
    days: list[DayCount]
    practitioners: list[PractitionerCount]
    """The most first."""
    top_patients: list[PatientCount]
    """The fifty with the most appointments; ids only."""
    weekly_growth: float | None
    """The last seven days against the seven before, as a share of those."""


class DoctorStatistics(Kept):
    """Of one's own appointments."""

    practitioner_id: PractitionerId
    counts: Counts
    days: list[DayCount]
    patients: int
    """Different people with a completed visit in the range."""
    new_patients: int
    """Those among them whose first completed visit with this practitioner lies in the range."""
