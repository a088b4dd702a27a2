"""Lines of the log as CSV and as JSON."""

import csv
from collections.abc import AsyncIterator, Callable, Iterable
from io import StringIO

import msgspec

from esante.audit.export import service
from esante.audit.structs import AuditFilter, AuditLine
from esante.kernel.actor import Actor
from esante.kernel.database import Database

FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = AuditLine.__struct_fields__


async def pages(db: Database, actor: Actor, wanted: AuditFilter, upto: int) -> AsyncIterator[list[AuditLine]]:
    """Page after page, newest first, from the line `upto` down."""
    before = upto + 1
    while found := await db.scan(actor, service.page, wanted, before):
        yield found
        before = found[-1].seq


async def as_csv(found: AsyncIterator[list[AuditLine]]) -> AsyncIterator[bytes]:
    """One row a line, with the names of the columns first. No cell is taken for a formula by a spreadsheet."""
    yield _rows([COLUMNS])
    async for lines in found:
        yield _rows([_cell(value) for value in msgspec.to_builtins(line).values()] for line in lines)


async def as_json(found: AsyncIterator[list[AuditLine]]) -> AsyncIterator[bytes]:
    """One JSON array."""
    opening = b"["
    async for lines in found:
        yield opening + b",\n".join(msgspec.json.encode(line) for line in lines)
        opening = b",\n"
    yield b"]\n" if opening != b"[" else b"[]\n"


async def as_lines(
    found: AsyncIterator[list[AuditLine]], render: Callable[[AuditLine], object]
) -> AsyncIterator[bytes]:
    """One JSON document a line (NDJSON)."""
    async for lines in found:
        yield b"".join(msgspec.json.encode(render(line)) + b"\n" for line in lines)


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _cell(value: object) -> str:
    """A cell that begins like a formula is made text by an apostrophe."""
    text = "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(FORMULA) else text
