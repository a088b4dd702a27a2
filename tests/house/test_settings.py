"""Every setting says what it means, has bounds, and is asked for somewhere: one that nobody reads would be a lie."""

import re
from pathlib import Path

import pytest

from esante.admin.settings.catalogue import Known, known

HOUSE = Path(__file__).parent.parent.parent / "esante"
SOURCES = "\n".join(
    file.read_text(encoding="utf-8") for file in HOUSE.rglob("*.py") if file != HOUSE / "kernel" / "settings.py"
)

every = pytest.mark.parametrize("one", known().values(), ids=lambda one: one.key)


@every
def test_it_says_what_it_means(one: Known) -> None:
    assert len(one.description) > 20, f"{one.field} needs a sentence below it in kernel/settings.py"


@every
def test_it_has_bounds(one: Known) -> None:
    schema = one.schema
    bounded = {
        "integer": {"minimum", "maximum"} <= schema.keys(),
        "number": {"minimum", "maximum"} <= schema.keys(),
        "string": bool({"maxLength", "pattern"} & schema.keys()),
        "boolean": True,
        "array": "maxItems" in schema,
        "object": True,
    }
    assert "enum" in schema or bounded[schema["type"]], schema


@every
def test_somebody_asks_for_it(one: Known) -> None:
    if one.field.startswith("feature_"):
        return  # the face of the clinic shows them to every client
    assert re.search(rf"\b(settings|now)\.{one.field}\b", SOURCES), f"nothing reads {one.field}"
