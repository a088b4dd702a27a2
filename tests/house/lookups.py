"""Finds rows that are looked up by their id alone and given away without anybody having asked whose they are.

A look-up is a function of a store that selects from a table with an owner (a patient, a practitioner, an account) by an id.
Whoever calls it must, in the same function, ask a policy about what was found or about the id; or the id must be the actor's
own; or the policy lets admins and the house through only. A function that does none of it gives rows away itself, and what
was said of look-ups holds for it: up to the routes, where none may arrive.
"""

import ast
import importlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import NamedTuple

import apsw

from esante.kernel.actor import Actor
from esante.kernel.errors import Refusal

OWNER = {"patient_id", "practitioner_id", "account_id", "guardian_id", "owner_id", "person_id"}
OWNERS = {"patient", "practitioner", "account"}
TELLS_NOTHING = {"bool", "int", "None"}
ASKS_ELSEWHERE = {"visible_patient", "own_patient", "require_prescriber", "acts_for"}
"""What other rooms ask of `people` instead of a policy of their own."""

Name = tuple[str, str]
"""A function: its module, and what it is called there."""


@dataclass
class Module:
    """One file, and what its names stand for."""

    name: str
    tree: ast.Module
    names: dict[str, str] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                self.names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    def meant(self, called: ast.expr) -> str:
        """The dotted name of what is called: `store.patient` is `esante.people.patients.store.patient`."""
        if isinstance(called, ast.Name):
            return self.names.get(called.id, f"{self.name}.{called.id}")
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            return f"{self.names.get(called.value.id, '?')}.{called.attr}"
        return "?"


class Gift(NamedTuple):
    """A row that a function gives away, and where it has it from."""

    function: str
    source: str


class House:
    """The modules of the house, or of an example, by their dotted names."""

    def __init__(self, sources: Mapping[str, str], schema: str, read: Collection[str] = ()) -> None:
        """`read` are functions that somebody has read, and that ask in their own way."""
        self.read, self.used = read, set[str]()
        self.modules = {name: Module(name, ast.parse(text)) for name, text in sources.items()}
        self.owned = set(_owned(schema))
        self.gives: dict[str, str] = {
            f"{module.name}.{name}": "a store"
            for module in self.modules.values()
            if "store" in module.name.rpartition(".")[2]
            for name, function in module.functions.items()
            if self._looks_up(module, function) and not self._is_read(f"{module.name}.{name}")
        }
        while found := dict(self._giving_too()):
            self.gives |= found

    def given_to_routes(self) -> list[Gift]:
        """What routes hand over, and jobs and other rooms do not."""
        return sorted(
            {
                Gift(real, self.gives[real])
                for module in self.modules.values()
                if module.name.rpartition(".")[2].startswith("routes")
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Attribute | ast.Name)
                if (real := self.real(module.meant(node))) in self.gives
            }
        )

    def real(self, name: str) -> str:
        """Behind a facade that only imports it, the function itself."""
        module, _, last = name.rpartition(".")
        there = self.modules.get(module)
        if there and last not in there.functions and last in there.names:
            return self.real(there.names[last])
        return name

    def _giving_too(self) -> Iterator[tuple[str, str]]:
        for module in self.modules.values():
            if module.name.rpartition(".")[2].startswith(("store", "policy", "availability_store", "routes")):
                continue
            for name, function in module.functions.items():
                full = f"{module.name}.{name}"
                if full in self.gives or full in self.used or _tells(function) in TELLS_NOTHING:
                    continue
                for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                    source = self.real(module.meant(call.func))
                    if source in self.gives and not self._is_asked(module, function, call):
                        if not self._is_read(full):
                            yield full, source
                        break

    def _is_read(self, full: str) -> bool:
        if full in self.read:
            self.used.add(full)
        return full in self.read

    def _looks_up(self, module: Module, function: ast.FunctionDef) -> bool:
        wanted = [one.arg for one in (*function.args.args, *function.args.kwonlyargs)][1:]
        sql = " ".join(_texts(module, function))
        return (
            any(one == "id" or one.endswith("_id") for one in wanted)
            and _tells(function) not in TELLS_NOTHING
            and not re.search(r"\b(INSERT|UPDATE|DELETE)\b", sql)
            and bool(set(re.findall(r"\b(?:FROM|JOIN) (\w+)", sql)) & self.owned)
        )

    def _is_asked(self, module: Module, function: ast.FunctionDef, call: ast.Call) -> bool:
        """Is a policy asked about anything that has to do with this call?"""
        policies = [
            node for node in ast.walk(function) if isinstance(node, ast.Call) and self._asks(module.meant(node.func))
        ]
        if any(_is_for_the_house(self.real(module.meant(one.func))) for one in policies):
            return True
        about = _kin(function, call)
        if "actor" in about or any(one in ast.walk(call) for one in policies):
            return True
        return any(about & _kin(function, one) for one in policies)

    def _asks(self, name: str) -> bool:
        module, _, last = name.rpartition(".")
        return module.rpartition(".")[2] == "policy" or last in ASKS_ELSEWHERE


def _owned(schema: str) -> Iterator[str]:
    """The tables that have an owner."""
    conn = apsw.Connection(":memory:")
    conn.execute(schema)
    tables = [str(name) for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in tables:
        columns = {str(name) for (name,) in conn.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        if table in OWNERS or OWNER & columns:
            yield table


def _tells(function: ast.FunctionDef) -> str:
    return ast.unparse(function.returns) if function.returns else "None"


def _texts(module: Module, function: ast.FunctionDef) -> Iterator[str]:
    """The texts in it, and those of the constants that it names."""
    constants = {
        target.id: node.value
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    todo: list[ast.AST] = [function]
    while todo:
        for node in ast.walk(todo.pop()):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.Name) and node.id in constants:
                todo.append(constants.pop(node.id))


NO_KIN = {"tx", "store", "policy", "self", "str", "None"}


def _kin(function: ast.FunctionDef, call: ast.Call) -> set[str]:
    """The names that have to do with a call: in its arguments, in what it becomes, and what those are made of."""
    links: list[set[str]] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Compare):
            links.append(_names(node.left, *node.comparators))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.For | ast.comprehension):
            links.append(_names(node.iter if isinstance(node, ast.For | ast.comprehension) else node.value)
                         | _names(*(node.targets if isinstance(node, ast.Assign) else [node.target])))  # fmt: skip
    found = _names(*call.args, *(one.value for one in call.keywords))
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value and call in ast.walk(node.value):
            found |= _names(*(node.targets if isinstance(node, ast.Assign) else [node.target]))
        if isinstance(node, ast.Call) and node is not call and call in ast.walk(node):
            found |= _names(*node.args)
    grown = True
    while grown:
        grown = any(link & found and not link <= found and (found.update(link) or True) for link in links)
    return found


def _names(*nodes: ast.expr | None) -> set[str]:
    found = {one.id for node in nodes if node for one in ast.walk(node) if isinstance(one, ast.Name)}
    text = " ".join(ast.unparse(node) for node in nodes if node)
    return (found - NO_KIN) | ({"actor"} if "tx.actor." in text else set())


PERSONS = ("patient", "doctor", "assistant", "pharmacist", "anonymous")


@cache
def _is_for_the_house(name: str) -> bool:
    """Does this function of a policy refuse everybody but admins and the house?"""
    module, _, last = name.rpartition(".")
    try:
        function = getattr(importlib.import_module(module), last)
    except (ImportError, AttributeError):
        return False
    for role in PERSONS:
        try:
            function(SimpleNamespace(actor=Actor(id="x", role=role, person_id="x", session_id="x")))  # type: ignore[arg-type]
        except Refusal:
            continue
        except Exception:
            return False
        return False
    return True
