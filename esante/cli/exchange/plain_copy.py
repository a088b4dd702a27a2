"""A plain SQLite file of the clinic's records, with types, foreign keys, full-text search and views; pseudonymised on demand."""

import hmac
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import msgspec

from esante.cli.exchange.plain_tables import SEARCHED, TABLES, VIEWS, WITHOUT_NAMES
from esante.kernel import files
from esante.kernel.errors import Broken

if TYPE_CHECKING:
    from sqlite_utils import Database

BATCH = 1_000
TYPES = {"TEXT": str, "INTEGER": int, "REAL": float, "BLOB": bytes}


class Column(msgspec.Struct, frozen=True):
    """A column of the clinic's: its type, whether it is of the key, and what it points to."""

    name: str
    type: str
    is_key: bool
    points_to: str | None


class Copied(msgspec.Struct, frozen=True, rename="camel"):
    """What the copy holds: rows by table."""

    file: str
    pseudonymised: bool
    rows: dict[str, int]


def write(
    source: apsw.Connection, file: Path, *, pseudonymised: bool, progress: Callable[[str], None] = lambda table: None
) -> Copied:
    """Write the copy, for its owner only; a file that is there is `Broken`, and a copy that fails leaves none.

    A pseudonym is the same in the whole copy and different in the next one: two copies cannot be joined.
    """
    from sqlite_utils import Database  # not before it is needed: the server must never load another SQLite

    if file.exists():
        raise Broken(f"{file} exists already; it is not overwritten")
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        copy = Database(str(draft))
        veil = _veil(secrets.token_bytes(32)) if pseudonymised else None
        source.execute("BEGIN")
        try:
            rows = {table: _table(source, copy, table, veil, progress) for table in TABLES}
        finally:
            source.execute("COMMIT")
        copy.add_foreign_keys(
            [
                (table, one.name, str(one.points_to), "id")
                for table in TABLES
                for one in columns_of(source, table)
                if one.points_to and one.name in copy.table(table).columns_dict
            ]
        )
        for table, columns in () if pseudonymised else SEARCHED.items():
            copy.table(table).enable_fts(columns)
        for name, sql in VIEWS.items():
            if not pseudonymised or name in WITHOUT_NAMES:
                copy.create_view(name, sql)
        copy.vacuum()
        copy.close()
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        files.settle(draft, file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return Copied(str(file), pseudonymised, rows)


def _table(
    source: apsw.Connection,
    copy: "Database",
    table: str,
    veil: Callable[[str], str] | None,
    progress: Callable[[str], None],
) -> int:
    progress(table)
    columns = columns_of(source, table)
    kept = TABLES[table].split()
    made = [
        one
        for one in columns
        if veil is None or one.name in kept or one.is_key or _is_id(one) or one.name == "birth_date"
    ]
    keys = [one.name for one in columns if one.is_key] or ["id"]
    copy.table(table).create(
        {one.name: TYPES[one.type] for one in made},
        pk=keys[0] if len(keys) == 1 else tuple(keys),
    )
    veiled = [veil is not None and _is_id(one) for one in made]
    years = [veil is not None and one.name == "birth_date" for one in made]
    names = ", ".join(f'"{one.name}"' for one in made)

    def rows() -> Iterator[dict[str, Any]]:
        for row in source.execute(f'SELECT {names} FROM "{table}"'):  # noqa: S608
            yield {
                one.name: veil(value) if hide and value and veil else value[:4] if year and value else value
                for one, value, hide, year in zip(made, row, veiled, years, strict=True)
            }

    copy.table(table).insert_all(rows(), batch_size=BATCH)
    return int(copy.table(table).count)


def columns_of(source: apsw.Connection, table: str) -> list[Column]:
    """The table's columns; foreign keys to tables that are left out are none. `number`, by which a search finds a row, is none."""
    pointing: dict[Any, Any] = {
        row[3]: row[2] for row in source.execute(f'PRAGMA foreign_key_list("{table}")') if row[2] in TABLES
    }
    found: list[Any] = source.execute(f'PRAGMA table_info("{table}")').fetchall()
    has_id = any(name == "id" for _, name, *_ in found)
    return [
        Column(name, kind, name == "id" if has_id else bool(key), pointing.get(name))
        for _, name, kind, _, _, key in found
        if not (has_id and key and name != "id")
    ]


def _is_id(column: Column) -> bool:
    return column.name == "id" or column.name.endswith("_id")


def _veil(key: bytes) -> Callable[[str], str]:
    return lambda id: hmac.digest(key, id.encode(), "sha256")[:12].hex()
