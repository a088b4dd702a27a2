"""What a setting's type cannot say: zones, countries and currencies must exist. Pure."""

import difflib
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import msgspec
import phonenumbers
from babel.core import get_global

from esante.admin.settings.catalogue import Known, known
from esante.kernel.errors import Invalid, NotFound


def setting(key: str) -> Known:
    """The setting of this name; `NotFound` names the nearest one."""
    found = known().get(key)
    if found is not None:
        return found
    folded = {name.lower(): name for name in known()}
    plain = key.lower().replace("_", "").replace("-", "")
    near = difflib.get_close_matches(plain, folded, 1, 0.0)
    nearest = folded[near[0]]
    raise NotFound(
        "There is no setting {key}; the nearest is {nearest}",
        code="UNKNOWN_SETTING",
        key=key[:64],
        nearest=nearest,
        extra={"nearest": nearest},
    )


def checked(one: Known, value: Any) -> Any:
    """The value as this setting takes it. `Invalid` names the bounds."""
    try:
        fitting = msgspec.convert(value, one.kind)
    except msgspec.ValidationError:
        raise _refused(one) from None
    if one.field == "time_zone" and fitting not in time_zones():
        raise Invalid("There is no time zone {name}", field="value", name=fitting)
    if one.field == "country" and fitting not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid("There is no country {name}", field="value", name=fitting)
    if one.field == "currency" and fitting not in currencies():
        raise Invalid("There is no currency {name}", field="value", name=fitting)
    if isinstance(fitting, str) and not fitting.strip():
        raise _refused(one)
    return msgspec.to_builtins(fitting)


@cache
def time_zones() -> frozenset[str]:
    """The zones that the tzdata of this machine knows."""
    return frozenset(available_timezones())


@cache
def currencies() -> frozenset[str]:
    """The currencies that somebody pays with today."""
    return frozenset(
        code
        for used in get_global("territory_currencies").values()
        for code, _, until, is_tender in used
        if until is None and is_tender
    )


def _refused(one: Known) -> Invalid:
    schema = one.schema
    if "minimum" in schema and "maximum" in schema:
        return Invalid(
            "{key} is a whole number from {least} to {most}",
            field="value",
            key=one.key,
            least=schema["minimum"],
            most=schema["maximum"],
            extra={"schema": schema},
        )
    if "enum" in schema:
        options = ", ".join(schema["enum"])
        return Invalid(
            "{key} is one of: {options}", field="value", key=one.key, options=options, extra={"schema": schema}
        )
    if schema.get("type") == "boolean":
        return Invalid("{key} is true or false", field="value", key=one.key, extra={"schema": schema})
    return Invalid("{key} does not fit: see `schema`", field="value", key=one.key, extra={"schema": schema})
