"""FHIR's data types, read with suspicion: what has not the expected shape counts as absent."""

import re
from datetime import UTC, date, datetime, time
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from esante.kernel import clock

Resource = dict[str, Any]
Precision = Literal["instant", "day", "month", "year", "unknown"]
T = TypeVar("T", bound=msgspec.Struct)

_DATE = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2})(T.+)?)?)?$")


class Refused(Exception):
    """This resource cannot come in; the text says why, without naming anybody."""


class AnotherPerson(Refused):
    """Somebody else came in under this key before: what points at it may mean either."""


def items(value: object) -> list[Resource]:
    """The objects of a list; a single object counts as a list of one."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def item(value: object) -> Resource:
    """An object, or the first one of a list; empty when there is none."""
    return next(iter(items(value)), {})


def text(value: object) -> str | None:
    """A text that is not blank."""
    return value.strip() or None if isinstance(value, str) else None


def texts(value: object) -> list[str]:
    return [found for each in value if (found := text(each))] if isinstance(value, list) else []


def number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def concept_text(value: object) -> str | None:
    """What a CodeableConcept says: its text, else a display, else a code."""
    concept = item(value)
    codings = items(concept.get("coding"))
    candidates = [
        concept.get("text"),
        *(each.get("display") for each in codings),
        *(each.get("code") for each in codings),
    ]
    return next((found for each in candidates if (found := text(each))), None)


def concept_code(value: object) -> tuple[str | None, str | None]:
    """The first code of a CodeableConcept, with its system."""
    for coding in items(item(value).get("coding")):
        if code := text(coding.get("code")):
            return code, text(coding.get("system"))
    return None, None


def code_or_text(value: object) -> str | None:
    """The code of a status concept (`active`); its text when there is no code."""
    return concept_code(value)[0] or concept_text(value)


def notes(value: object) -> str | None:
    return "\n".join(found for each in items(value) if (found := text(each.get("text")))) or None


def instant(value: object, zone: ZoneInfo) -> tuple[datetime, Precision] | None:
    """A FHIR date or dateTime as its first instant and how exactly it is known; None when it is not one."""
    found = _DATE.match(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        if found[4]:
            at = datetime.fromisoformat(found[0])
            at = at if at.tzinfo else at.replace(tzinfo=zone)
            return clock.to_millisecond(at.astimezone(UTC)), "instant"
        day = date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
        at = datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at, "day" if found[3] else "month" if found[2] else "year"


def partial_date(value: object) -> str | None:
    """A FHIR date or dateTime as it was written, if it is one."""
    written = text(value)
    return written if written and instant(written, ZoneInfo("UTC")) else None


def onset(resource: Resource, name: str) -> str | None:
    """`onset[x]` and its like: the date, the start of the period, or the words."""
    period = item(resource.get(f"{name}Period"))
    age = item(resource.get(f"{name}Age"))
    dated = partial_date(resource.get(f"{name}DateTime")) or partial_date(period.get("start"))
    if dated:
        return dated
    if number(age.get("value")) is not None:
        return f"{age['value']} {text(age.get('unit')) or text(age.get('code')) or ''}".strip()
    return text(resource.get(f"{name}String"))


def full_date(value: object) -> date | None:
    """A whole day; a partial date is none."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) and len(value) >= 10 else None
    except ValueError:
        return None


def fitting(kind: type[T], values: dict[str, Any]) -> T | None:
    """A struct of what fits its limits; what does not fit is left out. None when nothing fits, or something needed does not."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    kept = {}
    for name, value in values.items():
        try:
            kept[name] = msgspec.convert(value, fields[name].type)
        except msgspec.ValidationError:
            continue
    if not any(value is not None for value in kept.values()):
        return None
    try:
        return kind(**kept)
    except TypeError:
        return None
