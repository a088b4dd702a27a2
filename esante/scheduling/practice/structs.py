"""A doctor's patients, and the hours of the week."""

from datetime import date, datetime

from esante.kernel.structs import Kept, WallTime
from esante.people.structs import PatientId


class SeenPatient(Kept):
    """A patient whom the doctor has seen: how often, and when first and last."""

    id: PatientId
    first_name: str
    last_name: str
    birth_date: date | None
    visits: int
    first_visit_at: datetime
    last_visit_at: datetime
    is_new: bool
    """The first completed visit lies in the period that was asked for."""


class Interval(Kept):
    """From one wall time to another, in the clinic's zone."""

    from_time: WallTime
    to_time: WallTime


class WeekdayHours(Kept):
    """When the doctor is there on this weekday (1 is Monday); nothing on a day off."""

    weekday: int
    intervals: list[Interval]


class WorkingHours(Kept):
    """The seven days, as the availability has them today."""

    days: list[WeekdayHours]
