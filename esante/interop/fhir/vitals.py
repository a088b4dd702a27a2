"""Vital signs: which observations are one, in which field they go, and in which unit."""

from esante.interop.fhir.values import Resource, item, items, number, text
from esante.records.consultations.structs import Vitals

FIELDS = {
    "8310-5": "temperature",
    "8331-1": "temperature",
    "8480-6": "systolic",
    "8462-4": "diastolic",
    "8867-4": "heart_rate",
    "9279-1": "respiratory_rate",
    "2708-6": "oxygen_saturation",
    "59408-5": "oxygen_saturation",
    "29463-7": "weight_kg",
    "3141-9": "weight_kg",
    "8302-2": "height_cm",
    "8306-3": "height_cm",
    "39156-5": "bmi",
}
"""By LOINC code."""

_AS_IT_IS = {
    "temperature": {"Cel", "C", "°C", "degC"},
    "systolic": {"mm[Hg]", "mmHg", "mm Hg"},
    "diastolic": {"mm[Hg]", "mmHg", "mm Hg"},
    "heart_rate": {"/min", "{Beats}/min", "beats/min", "beats/minute", "bpm", "{beats}/min"},
    "respiratory_rate": {"/min", "{Breaths}/min", "breaths/min", "breaths/minute", "{breaths}/min"},
    "oxygen_saturation": {"%", "% O2"},
    "weight_kg": {"kg"},
    "height_cm": {"cm"},
    "bmi": {"kg/m2", "kg/m^2", "kg/m²"},
}
_FACTORS = {
    ("weight_kg", "g"): 0.001,
    ("weight_kg", "[lb_av]"): 0.45359237,
    ("weight_kg", "lbs"): 0.45359237,
    ("height_cm", "m"): 100.0,
    ("height_cm", "mm"): 0.1,
    ("height_cm", "[in_i]"): 2.54,
    ("height_cm", "[ft_i]"): 30.48,
}

Measured = dict[str, float]


def measured(observation: Resource) -> Measured | None:
    """What a vital-sign observation measured, by field; None when it is not one, or says anything that has no field."""
    if observation.get("status") in ("entered-in-error", "cancelled"):
        return None
    components = items(observation.get("component"))
    found: Measured = {}
    for part in components or [observation]:
        name = _field(part)
        value = _value(name, item(part.get("valueQuantity"))) if name else None
        if name is None or value is None or name in found:
            return None
        found[name] = value
    if components and _has_value(observation):
        return None
    return found


def combined(into: Measured, more: Measured) -> bool:
    """Add `more`; False, and nothing added, when one of its fields is there already."""
    if into.keys() & more.keys():
        return False
    into |= more
    return True


def as_vitals(found: Measured) -> Vitals | None:
    """As the room takes them; None when nothing was measured."""
    return Vitals(**found) if found else None


def _has_value(observation: Resource) -> bool:
    return any(name.startswith("value") for name in observation)


def _field(part: Resource) -> str | None:
    for coding in items(item(part.get("code")).get("coding")):
        code = text(coding.get("code"))
        if coding.get("system") in ("http://loinc.org", None) and code in FIELDS:
            return FIELDS[code]
    return None


def _value(name: str, quantity: Resource) -> float | None:
    value = number(quantity.get("value"))
    unit = text(quantity.get("code")) or text(quantity.get("unit"))
    if value is None or quantity.get("comparator") is not None:
        return None
    if unit in _AS_IT_IS[name]:
        return value
    if name == "temperature" and unit in ("[degF]", "F", "°F"):
        return round((value - 32) * 5 / 9, 2)
    factor = _FACTORS.get((name, unit or ""))
    return None if factor is None else round(value * factor, 3)
