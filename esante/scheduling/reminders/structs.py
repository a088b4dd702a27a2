"""What a day brings."""

from datetime import datetime

from esante.kernel.structs import Kept


class DayAhead(Kept):
    """What the rest of the day brings to a practitioner at a site."""

    practitioner_id: str
    workplace_id: str
    visits: int
    first_at: datetime | None
    requests: int
