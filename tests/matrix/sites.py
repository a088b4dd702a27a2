"""Every place in the house where permission is asked, each of which can be switched off by its number.

`install` must run before esante is imported: modules are compiled with each `policy.may_...(...)`, `has_scope(...)` and
`serves(...)` sent through `ask`, which knows the place.
"""

import ast
import importlib.abc
import importlib.machinery
import inspect
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

HOUSE = Path(__file__).parent.parent.parent / "esante"

NO_PERMISSION = {
    "bindings",  # what the fragments bind
    "of_age_before",  # a date
    "speak_for",  # on whose behalf the audit line says it was
}
"""Functions of policies that refuse nothing."""


class Site(NamedTuple):
    """Where permission is asked."""

    number: int
    place: str
    call: str


SITES: list[Site] = []
FUNCTIONS: dict[int, Callable[..., Any]] = {}
"""What was asked at each place."""
state: dict[str, Any] = {"off": set(), "heard": lambda number, request_id: None, "doctor": None}
"""`off` are the places that ask nobody now; `heard` is told who asks where; `doctor` is whom it takes an unknown one for."""


def install() -> None:
    """From now on esante is imported with its places numbered."""
    assert "esante" not in sys.modules, "esante has been imported already"
    sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith("esante."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return None
        spec.loader = _Loader(name, str(spec.origin))
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> Any:
        path = Path(self.path)
        tree = ast.parse(path.read_bytes(), self.path)
        marked = _Marker(path, tree).visit(tree)
        return compile(ast.fix_missing_locations(marked), self.path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__ask__"] = ask
        super().exec_module(module)


class _Marker(ast.NodeTransformer):
    """`policy.may_x(tx)` becomes `__ask__(7, policy.may_x)(tx)`."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        self._path = path
        self._policies = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.name == "policy"
        }

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        of = node.func
        if not isinstance(of, ast.Attribute):
            return node
        is_policy = isinstance(of.value, ast.Name) and of.value.id in self._policies and of.attr not in NO_PERMISSION
        if is_policy or (of.attr in ("has_scope", "serves") and self._path.name != "actor.py"):
            site = Site(len(SITES), f"{self._path.relative_to(HOUSE.parent)}:{node.lineno}", ast.unparse(of))
            SITES.append(site)
            node.func = ast.Call(ast.Name("__ask__", ast.Load()), [ast.Constant(site.number), of], [])
        return node


def ask(number: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, or one that permits everything."""

    def asked(*args: Any, **kwargs: Any) -> Any:
        actor = getattr(real, "__self__", None) or args[0].actor
        state["heard"](number, actor.request_id)
        FUNCTIONS[number] = real
        if number not in state["off"]:
            return real(*args, **kwargs)
        return permit(real, actor, args, kwargs)

    return asked


def is_open_to_all(number: int) -> bool:
    """Does what is asked there only say, in its docstring, that everybody may?"""
    function = FUNCTIONS.get(number)
    if function is None:
        return False
    body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    return isinstance(body, ast.FunctionDef) and len(body.body) == 1


def permit(real: Callable[..., Any], actor: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the function would give to somebody who may do it all."""
    from esante.kernel.errors import Refusal

    if real.__name__ == "has_scope":
        return True
    if real.__name__ == "serves":
        return frozenset({"*"})
    if real.__name__ == "keeps_sites":
        return None
    kind = str(real.__annotations__.get("return"))
    if kind in ("None", "<class 'NoneType'>"):
        return None
    if "bool" in kind:
        return True
    if "tuple" in kind:
        return "1 = 1", {}
    if real.__name__ == "seen":
        return "1 = 1"
    try:
        return real(*args, **kwargs)
    except Refusal:
        if "None" in kind or "Optional" in kind:
            return None
        if "PractitionerBrief" in kind:
            from esante.people import service as people

            return people.practitioner_brief(args[0], state["doctor"])
        return actor.person_id or state["doctor"]
