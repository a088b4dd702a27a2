"""The audit log as it is shown."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from esante.kernel.structs import Kept, Severity


class AuditLine(Kept):
    """One line: who, in which role and session, from where, did what to which record, with what result.

    `detail` holds ids, versions, enums, times and names of changed fields; never a clinical value.
    """

    seq: int
    at: datetime
    actor: str
    actor_name: str | None = None
    role: str
    on_behalf_of: str | None
    session_id: str | None
    address: str | None
    request_id: str | None
    action: str
    severity: Severity
    outcome: Literal["done", "refused", "failed"]
    patient_id: str | None
    subject: str | None
    reason: str | None
    purpose: str | None
    detail: dict[str, object] | None


class AuditFilter(Kept):
    """What to show; everything given must hold. `category` is the part of an action before its first dot."""

    actor: str | None = None
    patient_id: str | None = None
    action: str | None = None
    category: str | None = None
    severity: Severity | None = None
    outcome: Literal["done", "refused", "failed"] | None = None
    since: datetime | None = None
    until: datetime | None = None
    security: bool = False


class RecordAccess(Kept):
    """On this day this person opened this patient's record so many times."""

    on: date
    actor: str
    actor_name: str | None
    role: str
    actions: list[str]
    count: int
    last_at: datetime


class Proof(Kept):
    """That the log of `second` lines begins with the log of `first`: hashes in base64, as RFC 9162, 2.1.4 orders them."""

    first: int
    second: int
    path: list[str]


Limit = Annotated[int, Meta(ge=1, le=500)]
