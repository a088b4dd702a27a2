"""What only the house does (jobs, the command line) refuses every person, before anything else."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from esante.kernel.actor import Actor
from esante.kernel.errors import Refusal
from esante.kernel.transaction import WriteTx
from tests.conftest import Clinic

ROOT = Path(__file__).parent.parent.parent
HOUSE_ONLY = ("policy.only_house", "policy.house_only", "policy.may_run_the_house")


class Function(NamedTuple):
    """A function that asks first whether the house acts."""

    file: str
    name: str
    first: int
    last: int

    def asks_at(self, place: str) -> bool:
        file, _, line = place.partition(":")
        return file == self.file and self.first <= int(line) <= self.last

    def refuses(self, clinic: Clinic, role: Any = "admin") -> bool:
        """Is somebody in this role turned away? What the function would be given matters not: it comes not so far."""
        module = importlib.import_module(self.file.removesuffix(".py").replace("/", "."))
        real = getattr(module, self.name)
        wanted = [one for one in inspect.signature(real).parameters.values() if one.default is one.empty][1:]
        positional = [None for one in wanted if one.kind is not one.KEYWORD_ONLY]
        named = {one.name: None for one in wanted if one.kind is one.KEYWORD_ONLY}

        def call(tx: WriteTx) -> None:
            real(tx, *positional, **named)

        try:
            clinic.write(Actor(id="somebody", role=role, person_id="x"), call)
        except Refusal as refusal:
            return refusal.status == 403
        except Exception:
            return False
        return False


def house_functions() -> Iterator[Function]:
    for file in sorted((ROOT / "esante").rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                calls = {ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
                if calls & set(HOUSE_ONLY):
                    yield Function(str(file.relative_to(ROOT)), node.name, node.lineno, node.end_lineno or 0)


@pytest.mark.parametrize("role", ["patient", "doctor", "assistant", "pharmacist", "admin", "anonymous"])
def test_it_refuses_every_person(clinic: Clinic, role: str) -> None:
    functions = list(house_functions())
    assert len(functions) > 10
    assert [f"{one.file}: {one.name}" for one in functions if not one.refuses(clinic, role)] == []
