# ruff: noqa: RUF012 - msgspec copies defaults
"""What is asked of a merge and kept of it."""

from datetime import datetime
from typing import Annotated, NewType

from msgspec import Meta

from esante.kernel.structs import Asked, Kept
from esante.people.structs import Patient, PatientId, Reason

MergeId = NewType("MergeId", str)


class MergeRequest(Asked):
    """The other record becomes an alias of the one in the path."""

    other_id: PatientId
    reason: Reason


class UnmergeRequest(Asked):
    """The two records come back as they were."""

    other_id: PatientId
    reason: Reason
    to_other: Annotated[list[str], Meta(max_length=1000)] = []
    """Ids of what was made since the merge and belongs to the other record: visits (with what was written in them),
    prescriptions, consents and so on. All else that came later stays with the survivor."""


class MergeRow(Kept):
    """A merge as kept."""

    id: MergeId
    survivor_id: PatientId
    other_id: PatientId
    reason: str
    survivor_before: Patient
    survivor_after: Patient
    other_archived_at: datetime | None
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str | None


class Merge(Kept):
    """A merge as shown: who became whose alias, when, why, and how much moved."""

    id: MergeId
    survivor_id: PatientId
    other_id: PatientId
    reason: str
    moved: dict[str, int]
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str | None


class Moved(Kept):
    """How many rows of a kind moved."""

    kind: str
    count: int
