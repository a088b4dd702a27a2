"""What is asked of an erasure and answered."""

from datetime import datetime

from esante.kernel.structs import Asked, Kept
from esante.people.structs import PatientId, Reason


class ErasureRequest(Asked):
    """Who asked, and on what ground; kept in the audit log."""

    reason: Reason


class Erased(Kept):
    """The record is nobody's by name any more."""

    id: PatientId
    erased_at: datetime
    records: int
    """How many records there were: this one, and those that had been merged into it."""


class ErasedRow(Kept):
    """A record that is to be emptied."""

    id: PatientId
    number: int
    photo_id: str | None
    erased_at: datetime | None
