"""What nobody may write in esante, each as a function of a parsed file that tells where it was written all the same.

`test_static.py` asks them of the whole house, and each of a few lines that it must find and a few that it must not.
"""

import ast
import re
from collections.abc import Iterator

SQL = re.compile(r"\b(SELECT .* FROM|INSERT .*INTO|UPDATE \w+ SET|DELETE FROM|WHERE)\b", re.S)
FROM_A_POLICY = {"visible", "seen", "narrowed", "fragment", "where", "order"}
"""Parameters of stores that take a fixed fragment; the policy or the store itself has it as a constant."""


def loose_sql(tree: ast.AST) -> Iterator[str]:
    """What is put into SQL and is neither a constant nor a policy's fragment: in braces, by `%`, `+` or `format`."""
    for node in ast.walk(tree):
        for value in _put_in(node):
            if not _is_fixed(value):
                yield f"{{{ast.unparse(value)}}}"


def _put_in(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.JoinedStr):
        said = "".join(str(one.value) for one in node.values if isinstance(one, ast.Constant))
        if SQL.search(said):
            yield from (one.value for one in node.values if isinstance(one, ast.FormattedValue))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if _is_sql(side) and not isinstance(other, ast.Constant | ast.JoinedStr):
                yield other
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("format"):
        yield from (*node.args, *(one.value for one in node.keywords)) if _is_sql(node.func.value) else ()


def _is_sql(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_sql(node.left) or _is_sql(node.right)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(SQL.search(node.value))


def _is_fixed(value: ast.expr) -> bool:
    if isinstance(value, ast.BinOp):
        return _is_fixed(value.left) and _is_fixed(value.right)
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.Name):
        return value.id.isupper() or value.id in FROM_A_POLICY
    return isinstance(value, ast.Attribute) and value.attr.isupper()


def files_written(tree: ast.AST) -> Iterator[str]:
    """Files opened for writing, or with a mode that only the running program knows; and what writes a file by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _writes(node):
            yield ast.unparse(node)


WRITING = {
    "write_bytes",
    "write_text",
    "touch",
    "copyfile",
    "copyfileobj",
    "copy2",
    "copytree",
    "truncate",
}
TEMPORARY = {"NamedTemporaryFile", "mkstemp"}


def _writes(call: ast.Call) -> bool:
    of = call.func
    name = of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""
    if name in WRITING | TEMPORARY:
        return True
    if name not in ("open", "fdopen"):
        return False
    if re.search(r"O_WRONLY|O_RDWR|O_APPEND", ast.unparse(call)):
        return True
    mode = next((one.value for one in call.keywords if one.arg == "mode"), None)
    if mode is not None and not isinstance(mode, ast.Constant):
        return True
    given = [one.value for one in (mode, *call.args) if isinstance(one, ast.Constant)]
    return any(re.fullmatch(r"[rwaxbt+]*[wax+][rwaxbt+]*", str(one)) for one in given)


def other_sqlites(tree: ast.AST) -> Iterator[str]:
    """Imports of another SQLite than apsw's: two libraries in one process drop each other's locks."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "__import__",
            "importlib.import_module",
            "import_module",
        ):
            names = [str(one.value) for one in node.args if isinstance(one, ast.Constant)]
        for name in names:
            if name.partition(".")[0] in ("sqlite3", "_sqlite3", "sqlite_utils", "pysqlite3", "aiosqlite"):
                yield name


NO_ZONE = {"utcnow", "utcfromtimestamp", "today"}
OF_THE_MACHINE = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.sleep"}


def naive_times(tree: ast.AST) -> Iterator[str]:
    """The time asked of the machine past the clock, and instants without a zone."""
    direct = {
        alias.asname or alias.name: f"time.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        said = ast.unparse(node.func)
        owner, _, name = said.rpartition(".")
        last = owner.rpartition(".")[2]
        asks_itself = last in ("datetime", "date") and (name in NO_ZONE or name == "now")
        of_nowhere = (
            last in ("datetime", "date") and name == "fromtimestamp" and len(node.args) + len(node.keywords) < 2
        )
        if direct.get(said, said) in OF_THE_MACHINE or asks_itself or of_nowhere:
            yield ast.unparse(node)
