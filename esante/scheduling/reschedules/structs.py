"""The nouns of wishes to move a visit."""

from datetime import datetime
from typing import Literal, NewType

from esante.kernel.structs import Asked, Kept
from esante.scheduling.structs import AppointmentId, StatedReason
from esante.workplaces.structs import RoomId

MoveRequestId = NewType("MoveRequestId", str)
MoveStatus = Literal["open", "approved", "rejected", "withdrawn", "lapsed"]


class MoveRequest(Kept):
    """A wish to move a visit. `status` is as of now: one whose hold has run out reads `lapsed`."""

    id: MoveRequestId
    appointment_id: AppointmentId
    starts_at: datetime
    ends_at: datetime
    room_id: RoomId | None
    reason: str | None
    status: MoveStatus
    hold_until: datetime
    decision_reason: str | None
    decided_at: datetime | None
    decided_by: str | None
    created_at: datetime
    created_by: str


class MoveWish(Asked):
    """The start that is wished for; without an offset it is a wall time of the clinic."""

    starts_at: datetime
    reason: StatedReason | None = None
