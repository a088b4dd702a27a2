"""What is known about who holds a session."""

from datetime import datetime

from esante.kernel.structs import Kept


class Proof(Kept):
    """Has the account a second factor, and when did the holder of the session last give the password or a code?"""

    has_second_factor: bool
    proven_at: datetime | None


class Fresh(Kept):
    """Until when dangerous acts need no further proof."""

    fresh_until: datetime
