"""The state machine of an appointment (SPEC 25), as one table; what is not in it is refused."""

from typing import Literal

from esante.kernel.errors import Conflict
from esante.scheduling.structs import Status

Verb = Literal["confirm", "reject", "expire", "cancel", "move", "check_in", "start", "complete", "no_show", "pre_check"]

LIVE: frozenset[Status] = frozenset({"pending", "confirmed", "checked_in", "in_progress"})
"""These take time of practitioner, patient and room."""

TRANSITIONS: dict[Verb, dict[Status, Status]] = {
    "confirm": {"pending": "confirmed", "no_show": "confirmed"},
    "reject": {"pending": "rejected"},
    "expire": {"pending": "expired"},
    "cancel": {"pending": "cancelled", "confirmed": "cancelled", "checked_in": "cancelled"},
    "move": {"pending": "pending", "confirmed": "confirmed"},
    "check_in": {"confirmed": "checked_in", "no_show": "checked_in"},
    "start": {"checked_in": "in_progress"},
    "complete": {"confirmed": "completed", "checked_in": "completed", "in_progress": "completed"},
    "no_show": {"confirmed": "no_show"},
    "pre_check": {"confirmed": "confirmed"},
}


def after(verb: Verb, status: Status) -> Status:
    """The state that the verb leads to; `Conflict` with what is possible when the table has no such row."""
    reached = TRANSITIONS[verb].get(status)
    if reached is None:
        raise wrong_state(status)
    return reached


def check_editable(status: Status) -> None:
    """What is over is no longer edited."""
    if status not in LIVE:
        raise wrong_state(status)


def wrong_state(status: Status) -> Conflict:
    """The refusal, with the state and what is possible in it."""
    possible = sorted(name for name, rows in TRANSITIONS.items() if status in rows and name != "expire")
    return Conflict(
        "This cannot be done while the appointment is {state}",
        code="WRONG_STATE",
        extra={"state": status, "possible": possible},
        state=status,
    )
