"""Numbered .sql files, each once, in order, each in a transaction of its own. Forward only."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from esante.kernel.errors import Broken

FOLDER = Path(__file__).parent.parent / "migrations"


def scripts() -> list[Path]:
    """In order; the number before the first `_` is the schema's version after it."""
    return sorted(FOLDER.glob("[0-9]*.sql"))


def newest() -> int:
    return _number(scripts()[-1])


def version(conn: apsw.Connection) -> int:
    """The number of the last migration that this database has seen; 0 when it is empty."""
    return int(conn.execute("PRAGMA user_version").get)


def check(conn: apsw.Connection) -> None:
    """`Broken` unless the schema is exactly this program's."""
    found, wanted = version(conn), newest()
    if found > wanted:
        raise Broken(
            f"This clinic's schema is version {found}, newer than this program knows ({wanted}). Install the newer"
            " esante, or go back to the file of before its upgrade: esante db go-back"
        )
    if found < wanted:
        raise Broken(
            f"This clinic's schema is version {found}, this program needs {wanted}. `esante serve` migrates it"
        )


def migrate(conn: apsw.Connection) -> list[str]:
    """Bring a maintenance connection's database to the newest schema; the names of what was run.

    Foreign keys are off meanwhile (rebuilding a table would delete its children) and checked before each commit.
    A migration that was changed after it ran is `Broken`, as is a newer schema.
    """
    if version(conn) > newest():
        check(conn)
    conn.execute(
        "CREATE TABLE IF NOT EXISTS migration ("
        "number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT"
    )
    seen: list[Any] = conn.execute("SELECT number, sha256 FROM migration").fetchall()
    done: dict[int, str] = dict(seen)
    conn.execute("PRAGMA foreign_keys = OFF").fetchall()
    ran = []
    try:
        for script in scripts():
            number, sql = _number(script), script.read_text(encoding="utf-8")
            digest = hashlib.sha256(sql.encode()).hexdigest()
            if number in done:
                if done[number] != digest:
                    raise Broken(
                        f"Migration {script.name} is not the one that made this database; install esante again"
                    )
                continue
            before = counts_of(conn)
            with conn, _named(script):
                conn.execute(sql).fetchall()
                _refuse_lost_rows(script.name, sql, before, counts_of(conn))
                broken = conn.execute("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise Broken(f"Migration {script.name} would leave rows without their parents: {broken[:3]}")
                conn.execute("INSERT INTO migration VALUES (?, ?, ?)", (number, script.name, digest))
                conn.execute(f"PRAGMA user_version = {number}").fetchall()
            ran.append(script.name)
    finally:
        conn.execute("PRAGMA foreign_keys = ON").fetchall()
    return ran


@contextmanager
def _named(script: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise Broken(f"Migration {script.name} failed: {error}") from None


def _refuse_lost_rows(name: str, sql: str, before: dict[str, int], after: dict[str, int]) -> None:
    """A table that stays keeps its rows, unless the script says so in a line of its own: `-- changes rows of: a, b`."""
    said = re.search(r"^-- changes rows of: (.+)$", sql, re.M)
    free = {table.strip() for table in said[1].split(",")} if said else set()
    for table, count in before.items():
        if table in after and table not in free and after[table] != count:
            raise Broken(f"Migration {name} would change {table} from {count} to {after[table]} rows")


def counts_of(conn: apsw.Connection) -> dict[str, int]:
    """The number of rows of every table that holds rows itself."""
    tables: list[Any] = conn.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ).fetchall()
    return {name: int(conn.execute(f'SELECT count(*) FROM "{name}"').get) for (name,) in tables}  # noqa: S608


def _number(script: Path) -> int:
    return int(script.name.split("_")[0])
