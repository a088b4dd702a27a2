"""From rows to structs and back: the one mapping between SQL and Python.

Columns are snake_case and the structs' encoded names camelCase; the plan of a statement is made once and kept.
A column whose field is a list, a dict or a struct holds JSON text. Instants are text to the millisecond in UTC.
"""

from collections.abc import Callable
from datetime import date, datetime
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import apsw
import msgspec

from esante.kernel import clock

T = TypeVar("T")
Row = tuple[Any, ...]
Plan = Callable[[Row], Any]

_plans: dict[tuple[str, Any], Plan] = {}


def bind(cursor: apsw.Cursor, number: int, value: object) -> str:
    """How a value that SQLite has no type for is kept: instants, days, times and enums as text, structures as JSON."""
    if isinstance(value, datetime):
        return clock.text(value)
    if isinstance(value, date):
        return value.isoformat()
    plain = msgspec.to_builtins(value)
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def bindings(args: tuple[Any, ...]) -> Any:
    """Positional values as they are; a single struct or dict binds by name (`:first_name`)."""
    if len(args) == 1:
        if isinstance(args[0], msgspec.Struct):
            return msgspec.structs.asdict(args[0])
        if isinstance(args[0], dict):
            return args[0]
    return args


def fetch_all(kind: type[T], cursor: apsw.Cursor, sql: str) -> list[T]:
    make = _plans.get((sql, kind))
    if make is not None:
        return [make(row) for row in cursor.fetchall()]
    first = cursor.fetchone()  # a cursor that has ended no longer knows its columns
    if first is None:
        return []
    make = _planned(kind, sql, cursor)
    return [make(first), *map(make, cursor.fetchall())]


def fetch_one(kind: type[T], cursor: apsw.Cursor, sql: str) -> T | None:
    """The first row. The rest is read and dropped: an open cursor would pin a snapshot.

    It is drained and not closed: apsw 3.54 never frees a cursor that was closed by hand, and each such cursor made the
    next garbage collection, which stops everything, a little longer.
    """
    row = cursor.fetchone()
    if row is None:
        return None
    make = _plans.get((sql, kind)) or _planned(kind, sql, cursor)
    cursor.fetchall()
    return make(row)  # type: ignore[no-any-return]


def _planned(kind: type[T], sql: str, cursor: apsw.Cursor) -> Plan:
    try:
        return _plan(kind, sql, cursor)
    except BaseException:
        cursor.close()
        raise


def _plan(kind: type[T], sql: str, cursor: apsw.Cursor) -> Plan:
    columns = [column[0] for column in cursor.get_description()]
    plan: Plan
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        plan = lambda row: msgspec.convert(row[0], kind, strict=False)  # noqa: E731
    else:
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        missing = [column for column in columns if column not in fields]
        if missing:
            raise TypeError(f"{kind.__name__} has no field for the column(s) {', '.join(missing)} of: {sql}")
        hints = get_type_hints(kind)
        structured = [at for at, column in enumerate(columns) if _is_structured(hints[column])]
        plan = _by_names(kind, [fields[column].encode_name for column in columns], structured)
        if not structured:
            plan = _in_order(kind, [(column, hints[column]) for column in columns], plan)
    _plans[(sql, kind)] = plan
    return plan


def _by_names(kind: type[Any], names: list[str], structured: list[int]) -> Plan:
    convert, decode = msgspec.convert, msgspec.json.decode

    def plan(row: Row) -> Any:
        values = list(row)
        for at in structured:
            if values[at] is not None:
                values[at] = decode(values[at])
        return convert(dict(zip(names, values, strict=True)), kind, strict=False)

    return plan


def _in_order(kind: type[Any], columns: list[tuple[str, Any]], by_names: Plan) -> Plan:
    """By way of a struct that takes the row as it comes: a quarter less than by a dict of its names, which says what is wrong."""
    convert = msgspec.convert
    in_order = msgspec.defstruct(f"{kind.__name__}Row", columns, array_like=True, gc=False)

    def plan(row: Row) -> Any:
        try:
            return convert(convert(row, in_order, strict=False), kind, from_attributes=True)
        except msgspec.ValidationError:
            return by_names(row)

    return plan


def _is_structured(hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(_is_structured(option) for option in get_args(hint))
    kind = origin or hint
    return isinstance(kind, type) and issubclass(kind, list | tuple | dict | frozenset | set | msgspec.Struct)
