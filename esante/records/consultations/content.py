"""The rules of what a consultation says: blood pressure in order, BMI derived, a follow-up in the future, patches merged."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from esante.kernel import clock
from esante.kernel.errors import Invalid
from esante.kernel.transaction import ReadTx
from esante.records.consultations.structs import (
    Consultation,
    ConsultationContent,
    ConsultationPatch,
    Vitals,
    VitalsAsked,
    VitalsPatch,
)

FOLLOW_UP = ("follow_up_required", "follow_up_on", "follow_up_notes")


def filled(tx: ReadTx, kept: Consultation, content: ConsultationContent) -> Consultation:
    """The row with this whole content. Refuses vitals and follow-ups that contradict themselves."""
    given = {name: getattr(content, name) for name in ConsultationContent.__struct_fields__}
    given["vitals"] = None if content.vitals is None else measured(msgspec.structs.asdict(content.vitals))
    return _checked(tx, kept, msgspec.structs.replace(kept, **given))


def merged(tx: ReadTx, kept: Consultation, patch: ConsultationPatch) -> Consultation:
    """The row with what the patch names changed; the other fields, and the other vitals, stay."""
    given = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
    if isinstance(patch.vitals, VitalsPatch):
        values = msgspec.structs.asdict(kept.vitals or Vitals())
        values |= {name: value for name, value in msgspec.structs.asdict(patch.vitals).items() if value is not UNSET}
        given["vitals"] = measured(values)
    return _checked(tx, kept, msgspec.structs.replace(kept, **given))


def changed_fields(before: Consultation, after: Consultation) -> list[str]:
    """The names of the content fields that differ."""
    return [name for name in ConsultationContent.__struct_fields__ if getattr(before, name) != getattr(after, name)]


def measured(values: dict[str, Any]) -> Vitals | None:
    """Vitals with the BMI derived; None when nothing was measured. Blood pressure is two numbers, the first one higher."""
    asked = {name: values.get(name) for name in VitalsAsked.__struct_fields__}
    if all(value is None for value in asked.values()):
        return None
    systolic, diastolic = asked["systolic"], asked["diastolic"]
    if (systolic is None) != (diastolic is None):
        missing = "vitals.systolic" if systolic is None else "vitals.diastolic"
        raise Invalid("Blood pressure needs both values, systolic and diastolic", field=missing)
    if systolic is not None and diastolic is not None and systolic <= diastolic:
        raise Invalid("Systolic pressure must be higher than diastolic pressure", field="vitals.systolic")
    return Vitals(**asked, bmi=body_mass_index(asked["weight_kg"], asked["height_cm"]))


def with_bmi(vitals: Vitals | None) -> Vitals | None:
    """With the BMI that was given, else derived."""
    if vitals is None or vitals.bmi is not None:
        return vitals
    return msgspec.structs.replace(vitals, bmi=body_mass_index(vitals.weight_kg, vitals.height_cm))


def body_mass_index(weight_kg: float | None, height_cm: float | None) -> float | None:
    """kg/m², to one decimal; None when either is missing."""
    if not weight_kg or not height_cm:
        return None
    return round(weight_kg / (height_cm / 100) ** 2, 1)


def _checked(tx: ReadTx, before: Consultation, after: Consultation) -> Consultation:
    if any(getattr(before, name) != getattr(after, name) for name in FOLLOW_UP):
        _check_follow_up(tx, after)
    if after.status == "completed" and not after.chief_complaint:
        raise Invalid("A completed consultation keeps its chief complaint", field="chiefComplaint")
    return after


def _check_follow_up(tx: ReadTx, row: Consultation) -> None:
    today = clock.local_date(tx.now, ZoneInfo(tx.settings.time_zone))
    if row.follow_up_required and row.follow_up_on is None:
        raise Invalid("A follow-up needs its day", field="followUpOn")
    if row.follow_up_on is not None and row.follow_up_on <= today:
        raise Invalid("The day of the follow-up must be in the future", field="followUpOn")
