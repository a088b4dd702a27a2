"""What a reader of the code would look for first: loose SQL, files written past the one place, known bad calls."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HOUSE = ROOT / "esante"

SQL = re.compile(r"\b(SELECT .* FROM|INSERT .*INTO|UPDATE \w+ SET|DELETE FROM|WHERE)\b", re.S)
FROM_A_POLICY = {"visible", "seen", "narrowed", "fragment", "where", "order"}
"""Parameters of stores that take a fixed fragment; the policy or the store itself has it as a constant."""

WRITERS = {
    "cli/exchange/plain_copy.py": "a plain copy, made empty at 0600 before SQLite opens it",
    "cli/main.py": "the key file of `esante init`, made at 0600 and given away once",
    "interop/export.py": "an entry of a ZIP that is being sent",
    "kernel/backup/archive.py": "the parts of an archive, streamed into a draft that takes its name when whole",
    "kernel/connection.py": "the empty database, at 0600 before SQLite opens it",
    "kernel/disk.py": "the ballast",
    "kernel/files.py": "the one place: whole or not at all",
    "kernel/log.py": "the log, appended to",
}
"""Who opens a file for writing, and why that may be."""


def modules() -> list[tuple[str, ast.Module]]:
    return [
        (str(file.relative_to(HOUSE)), ast.parse(file.read_text(encoding="utf-8")))
        for file in sorted(HOUSE.rglob("*.py"))
    ]


def test_sql_is_put_together_of_fixed_pieces_only() -> None:
    """Values are bound. What stands in braces is a constant, or a fragment that a policy gave."""
    wrong = {
        f"{name} {{{ast.unparse(part.value)}}}"
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and SQL.search("".join(str(one.value) for one in node.values if isinstance(one, ast.Constant)))
        for part in node.values
        if isinstance(part, ast.FormattedValue) and not _is_fixed(part.value)
    }
    assert (wrong - LOOSE.keys(), LOOSE.keys() - wrong) == (set(), set())


def _is_fixed(value: ast.expr) -> bool:
    if isinstance(value, ast.Name):
        return value.id.isupper() or value.id in FROM_A_POLICY
    return isinstance(value, ast.Attribute) and value.attr.isupper()


LOOSE = {
    "audit/review/store.py {_OPEN if state == 'open' else _CLOSED}": "one of two constants",
    "audit/review/store.py {mine}": "a constant, or nothing",
    "audit/store.py {' AND '.join(conditions)}": "constants, one for each filter that is given",
    "cli/exchange/plain_copy.py {names}": "columns, as the schema names them",
    "cli/exchange/plain_copy.py {table}": "tables, as the schema names them",
    "identity/leaving/store.py {table}": "tables, as the schema names them",
    "kernel/migrate.py {name}": "tables, as the schema names them",
    "scheduling/store.py {', '.join(COLUMNS)}": "the fields of the row's struct",
    "scheduling/store.py {', '.join((f':{name}' for name in COLUMNS))}": "the fields of the row's struct",
}
"""Other pieces that were read, and why they are fixed too."""


def test_files_are_written_in_one_place() -> None:
    found = {
        name for name, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Call) and _writes(node)
    }
    assert found - WRITERS.keys() == set()


def _writes(call: ast.Call) -> bool:
    of = call.func
    if isinstance(of, ast.Attribute) and of.attr in ("write_bytes", "write_text"):
        return True
    said = ast.unparse(call)
    opens = ast.unparse(of) in ("open", "os.open", "os.fdopen") or (isinstance(of, ast.Attribute) and of.attr == "open")
    return opens and bool(re.search(r"'[wax]b?\+?'|'r\+b?'|O_WRONLY|O_RDWR", said))


def test_bandit_finds_nothing() -> None:
    """Its settings, with the reason of each rule that is left out, stand in pyproject.toml."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", "esante", "-c", "pyproject.toml"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
