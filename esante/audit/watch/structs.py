"""What the watch finds."""

from datetime import date, datetime
from typing import Literal

from esante.kernel.structs import Kept

OddKind = Literal["own_name", "no_visit", "out_of_hours"]
"""A record of the reader's own surname; of a patient whom the reader neither treats nor receives; outside opening hours."""


class OddAccess(Kept):
    """On this day this member of staff opened this patient's record, and why that is odd. Not a reproach: a question."""

    kind: OddKind
    on: date
    actor: str
    actor_name: str | None
    role: str
    patient_id: str
    count: int
    last_seq: int
    last_at: datetime


class Access(Kept):
    """One look at a patient's record by staff, with what is needed to judge it."""

    seq: int
    at: datetime
    actor: str
    actor_name: str | None
    actor_last_name: str | None
    role: str
    patient_id: str
    patient_last_name: str | None
    has_visit: int


class Critical(Kept):
    """How often something critical happened, and the last of it."""

    action: str
    count: int
    last_seq: int


class Burst(Kept):
    """Somebody was refused so often."""

    who: str
    count: int


class Seen(Kept):
    """How far the watch has read."""

    seq: int
