"""What happens to the PINs of shared desks."""

from typing import ClassVar

from esante.kernel.structs import Event, Outcome, Severity


class PinSet(Event, tag="auth.pin_set"):
    """The account `subject` has a PIN on the device of this session."""


class PinRemoved(Event, tag="auth.pin_removed"):
    """The PIN of the account `subject` on the device of this session is gone."""


class PinRefused(Event, tag="auth.pin_refused"):
    """A wrong PIN was tried at the session `subject`; `tries` since it was last unlocked. After the fifth it is ended."""

    severity: ClassVar[Severity] = "warning"
    outcome: ClassVar[Outcome] = "failed"

    account_id: str
    tries: int
