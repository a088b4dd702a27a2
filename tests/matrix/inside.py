"""Every use case asked directly, without a route and its door: whom its policy refuses before it looks at anything.

The table is `inside.txt`. What would be given matters not (it is None): who is refused is refused for what he is. Whose the
thing asked for is, the routes try (`expected.txt`).

`python -m tests.matrix.inside` prints the table as it is now; with `--write` it takes it over.
"""

import ast
import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from esante.kernel.actor import ANONYMOUS, Actor, house
from esante.kernel.errors import Refusal
from esante.kernel.transaction import WriteTx
from tests.conftest import Clinic

ROOT = Path(__file__).parent.parent.parent
FILE = Path(__file__).parent / "inside.txt"
WIDE = 62

HEAD = """
Whom the use cases themselves refuse, each asked directly: 1 not signed in, 3 not for this role, 4 hidden, + goes on.
The assistant has no scopes here. A use case that nobody asks first who it is has no line (tests/house says which may).
`python -m tests.matrix.inside --write` takes over what is; the difference that git then shows is yours to defend.
""".strip()

ROLES = ("anonymous", "patient", "assistant", "doctor", "pharmacist", "admin", "house")
NAMES = {"patient": "driss", "assistant": "nils", "doctor": "amina", "pharmacist": "farid", "admin": "gwen"}


class UseCase(NamedTuple):
    """A public function that asks a policy."""

    file: str
    name: str

    @property
    def title(self) -> str:
        return f"{self.file.removeprefix('esante/').removesuffix('.py').replace('/', '.')}.{self.name}"

    def sign(self, clinic: Clinic, role: str, request_id: str | None = None) -> str:
        """How a policy refuses this role, or `+`."""
        real = getattr(importlib.import_module(self.file.removesuffix(".py").replace("/", ".")), self.name)
        wanted = [one for one in inspect.signature(real).parameters.values() if one.default is one.empty][1:]
        positional = [None for one in wanted if one.kind is not one.KEYWORD_ONLY]
        named = {one.name: None for one in wanted if one.kind is one.KEYWORD_ONLY}

        def call(tx: WriteTx) -> None:
            real(tx, *positional, **named)

        try:
            clinic.write(actor_of(clinic, role, request_id), call)
        except Refusal as refusal:
            if any(Path(frame.filename).name == "policy.py" for frame in traceback.extract_tb(refusal.__traceback__)):
                return {401: "1", 403: "3", 404: "4"}.get(refusal.status, "+")
        except Exception:  # it came so far that it missed what was not given
            return "+"
        return "+"


def actor_of(clinic: Clinic, role: Any, request_id: str | None = None) -> Actor:
    if role == "anonymous":
        return Actor(id=ANONYMOUS.id, role=role, request_id=request_id)
    if role == "house":
        return Actor(id=house("job:test").id, role="system", request_id=request_id)
    name = NAMES[role]
    person = clinic.ids.get(name) if role in ("patient", "doctor") else None
    return Actor(id=clinic.accounts[name], role=role, person_id=person, session_id="none", request_id=request_id)


@cache
def use_cases() -> tuple[UseCase, ...]:
    return tuple(_use_cases())


def _use_cases() -> Iterator[UseCase]:
    for file in sorted((ROOT / "esante").rglob("*.py")):
        if file.name == "policy.py":
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.args.args:
                calls = {ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
                if node.args.args[0].arg == "tx" and any("policy." in call for call in calls):
                    yield UseCase(str(file.relative_to(ROOT)), node.name)


def table(clinic: Clinic) -> dict[str, str]:
    """By use case, one sign for each role; only where somebody is refused."""
    found = {one.title: "".join(one.sign(clinic, role) for role in ROLES) for one in use_cases()}
    return {title: signs for title, signs in found.items() if set(signs) != {"+"}}


def rendered(found: dict[str, str]) -> str:
    comment = "\n".join(f"# {line}" for line in HEAD.splitlines())
    rows = [f"{title:{WIDE}} {_spread(tuple(signs))}" for title, signs in found.items()]
    return "\n".join([comment, "#", f"{'#':{WIDE}} {_spread(ROLES)}", *rows, ""])


def _spread(cells: tuple[str, ...]) -> str:
    return " ".join(f"{cell:{len(role)}}" for cell, role in zip(cells, ROLES, strict=True)).rstrip()


def read_table() -> dict[str, str]:
    lines = [line.split() for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {title: "".join(signs) for title, *signs in lines}


def main() -> None:
    from tests.matrix import trial
    from tests.matrix.furnished import matrix_clinic

    with matrix_clinic() as (clinic, _), trial.undoing():
        text = rendered(table(clinic))
    if "--write" in sys.argv:
        FILE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
