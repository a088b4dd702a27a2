"""Whatever stands in a resource: the import goes on, the report adds up, and a second run adds nothing."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esante.interop.fhir.importer import import_fhir
from tests.conftest import Clinic
from tests.interop.population import EVERYTHING, save

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "code", "reference"]), inner),
    max_leaves=5,
)


def places(value: Any, into: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every place of a resource where something else could stand."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        if key != "resourceType":
            into.append((value, key))
            places(value[key], into)
    return into


@st.composite
def spoiled(draw: st.DrawFn) -> list[Any]:
    """The small population with something else in some places."""
    resources = copy.deepcopy(list(EVERYTHING))
    for _ in range(draw(st.integers(1, 6))):
        where, key = draw(st.sampled_from(places(resources, [])))
        where[key] = draw(JSON)
    return draw(st.permutations(resources))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(resources=spoiled())
def test_it_adds_up(clinic: Clinic, tmp_path: Path, resources: list[Any]) -> None:
    file = save(tmp_path, "spoiled.ndjson", *resources)
    first = clinic.run(import_fhir(clinic.db, [file]))
    assert first.read == len(resources)
    assert first.read == first.imported + first.kept_raw + first.already_there + first.refused
    assert first.refused == len(first.problems)
    assert not [problem.reason for problem in first.problems if "could not be understood" in problem.reason]
    again = clinic.run(import_fhir(clinic.db, [file]))
    assert (again.imported, again.kept_raw, again.refused) == (0, 0, first.refused), json.dumps(resources)
