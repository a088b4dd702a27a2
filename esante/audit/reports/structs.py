"""What reports consist of."""

from datetime import date

from esante.kernel.structs import Kept, Severity


class Tally(Kept):
    """So many lines of this kind."""

    category: str
    severity: Severity
    done: int
    refused: int
    failed: int


class ActionCount(Kept):
    """How often something happened."""

    action: str
    count: int


class DayOfUser(Kept):
    """What one account did on one day of the clinic's zone, by action."""

    on: date
    actions: list[ActionCount]
    patients: int


class MonthReport(Kept):
    """A month of the log in figures. `odd`: accesses to ask about, by kind; `opened` and `closed`: reviews."""

    clinic: str
    month: str
    first_line: int
    last_line: int
    tallies: list[Tally]
    weighty: list[ActionCount]
    odd: dict[str, int]
    reviews_open: int
    reviews_closed: int
    checkpoint: str | None
