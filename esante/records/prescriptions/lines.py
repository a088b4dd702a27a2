"""The lines of a prescription: how they are kept, and until when they run."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from esante.kernel.structs import new_id
from esante.records.prescriptions.structs import Line, LineAsked, LineId

DEFAULT_DAYS = 90
"""For how long a prescription counts as running when its lines do not say (SPEC PR-08)."""

_DURATION = re.compile(r"^\s*(?:pendant |for |x )?(\d{1,4})\s*([a-zé]+)", re.IGNORECASE)
_DAYS = {"d": 1, "j": 1, "w": 7, "s": 7, "m": 30, "y": 365, "a": 365}
_UNITS = {
    "d": "d", "day": "d", "days": "d", "j": "j", "jour": "j", "jours": "j",
    "w": "w", "wk": "w", "week": "w", "weeks": "w", "sem": "s", "semaine": "s", "semaines": "s",
    "month": "m", "months": "m", "mo": "m", "mois": "m",
    "year": "y", "years": "y", "an": "a", "ans": "a", "année": "a", "années": "a",
}  # fmt: skip


def kept(lines: Iterable[LineAsked]) -> list[Line]:
    """As they are kept, each with an id of its own."""
    return [Line(id=LineId(new_id()), **msgspec.structs.asdict(line)) for line in lines]


def ends_on(lines: Iterable[Line], starts_on: date) -> date:
    """The last day of the longest line; 90 days when a line does not say how long in days, weeks, months or years."""
    days = [days_of(line.duration) for line in lines]
    longest = max((DEFAULT_DAYS if each is None else each for each in days), default=DEFAULT_DAYS)
    return starts_on + timedelta(days=longest)


def days_of(duration: str | None) -> int | None:
    """`7 days`, `2 semaines`, `3 mois` in days; None for anything else."""
    found = _DURATION.match(duration or "")
    if found is None or found[2].lower() not in _UNITS:
        return None
    return int(found[1]) * _DAYS[_UNITS[found[2].lower()]]
