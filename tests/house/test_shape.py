"""The shape of the house is a test: who may import whom, how long a file may be, who asks for permission."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HOUSE = ROOT / "esante"

ROOMS = [
    "identity",
    "people",
    "workplaces",
    "scheduling",
    "records.consultations",
    "records.prescriptions",
    "records.chart",
    "notifications",
    "audit",
    "admin",
]
"""From left to right: a room may import from rooms on its left."""
ON_TOP = [
    "interop",
    "cli",
    "app",
    "wiring",
    "server",
    "edge",
    "system",
    "watching",
    "network",
    "welcome",
    "sealed",
    "pages",
    "demo",
]
PUBLIC = {"service", "structs", "events"}
ORDER = {"structs": 0, "events": 1, "policy": 3, "store": 2, "service": 4, "reactions": 5, "routes": 5}
"""Inside a room: a file may import files of a lower rank."""
MOST_LINES = 420


def modules() -> Iterator[tuple[Path, tuple[str, ...]]]:
    for file in sorted(HOUSE.rglob("*.py")):
        yield file, file.relative_to(HOUSE).with_suffix("").parts


def room_of(parts: tuple[str, ...]) -> str | None:
    """The room that a module belongs to: `identity.sessions.store` belongs to `identity`."""
    dotted = ".".join(parts)
    return next((room for room in ROOMS if dotted == room or dotted.startswith(room + ".")), None)


def imports(file: Path) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("esante"):
            base = tuple((node.module or "").split(".")[1:])
            for alias in node.names:
                deeper = (*base, alias.name)
                is_module = HOUSE.joinpath(*deeper).with_suffix(".py").exists() or HOUSE.joinpath(*deeper).is_dir()
                yield deeper if is_module else base
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("esante."):
                    yield tuple(alias.name.split(".")[1:])


def test_the_kernel_imports_no_room() -> None:
    wrong = [
        f"{file.relative_to(ROOT)} imports {'.'.join(there)}"
        for file, here in modules()
        if here[0] == "kernel"
        for there in imports(file)
        if there and there[0] != "kernel"
    ]
    assert wrong == []


def test_rooms_import_to_their_left_only_and_only_what_is_public() -> None:
    wrong = []
    for file, here in modules():
        room = room_of(here)
        if room is None:
            continue
        for there in imports(file):
            other = room_of(there)
            name = f"{file.relative_to(ROOT)} imports {'.'.join(there)}"
            if there and there[0] in ON_TOP:
                wrong.append(f"{name}: that looks upward")
            if other is None or other == room:
                continue
            if ROOMS.index(other) > ROOMS.index(room):
                wrong.append(f"{name}: {other} is to the right of {room}")
            if not PUBLIC & set(there):
                wrong.append(f"{name}: only service, structs and events of another room are public")
    assert wrong == []


def test_inside_a_room_nothing_looks_up() -> None:
    wrong = []
    for file, here in modules():
        if room_of(here) is None or here[-1] not in ORDER:
            continue
        for there in imports(file):
            if there[:-1] == here[:-1] and there[-1] in ORDER and ORDER[there[-1]] >= ORDER[here[-1]]:
                wrong.append(f"{file.relative_to(ROOT)}: {here[-1]} may not import {there[-1]}")
    assert wrong == []


def test_files_stay_small() -> None:
    long = [f"{file.relative_to(ROOT)}" for file, _ in modules() if len(file.read_text().splitlines()) > MOST_LINES]
    assert long == []


def test_every_module_and_public_function_says_what_it_promises() -> None:
    silent = []
    for file, here in modules():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            silent.append(str(file.relative_to(ROOT)))
        if room_of(here) is None or here[-1] in ("store", "policy"):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                takes_tx = any(
                    "Tx" in ast.unparse(argument.annotation or ast.Constant("")) for argument in node.args.args
                )
                is_route = here[-1].startswith("routes") and node.decorator_list
                if (takes_tx or is_route) and not ast.get_docstring(node):
                    silent.append(f"{file.relative_to(ROOT)}:{node.name}")
    assert silent == []


def test_every_use_case_asks_its_policy() -> None:
    """A public function of a service asks the policy, or says that it is for other rooms or for the house."""
    silent = []
    for file, here in modules():
        if room_of(here) is None or here[-1] != "service":
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            said = ast.get_docstring(node) or ""
            excused = any(words in said for words in ("For other rooms", "For the house", "For the right", "No policy"))
            if not excused and "policy." not in ast.unparse(node):
                silent.append(f"{file.relative_to(ROOT)}:{node.name}")
    assert silent == []


def test_every_event_says_what_has_happened() -> None:
    silent = []
    for file, here in modules():
        if here[-1] != "events":
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not ast.get_docstring(node):
                silent.append(f"{file.relative_to(ROOT)}:{node.name}")
    assert silent == []


def owners() -> dict[str, str]:
    """Which room owns which table: the one that the migration which makes it is named after."""
    return {
        name: script.stem.split("_")[1]
        for script in sorted((HOUSE / "migrations").glob("*.sql"))
        for name in re.findall(r"CREATE (?:VIRTUAL )?TABLE (\w+)", script.read_text(encoding="utf-8"))
    }


def test_a_room_writes_only_its_own_tables() -> None:
    writes = re.compile(r"\b(?:INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM)\s+(\w+)", re.I)
    tables, wrong = owners(), []
    for file, here in modules():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for table in writes.findall(node.value):
                    if table in tables and tables[table] != here[0]:
                        wrong.append(f"{file.relative_to(ROOT)} writes {table}, which belongs to {tables[table]}")
    assert wrong == []
