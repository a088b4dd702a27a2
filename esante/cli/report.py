"""How commands speak: results for people or for programs, refusals in one line."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.errors import MarkupError
from rich.markup import escape
from rich.table import Table

_NOT_OURS = re.compile(r"\[(?!(?:bold|bold red|green|yellow|dim)\]|/\])")


class _Console(Console):
    """Knows our own few tags; any other bracket, in a path or a name, is a bracket."""

    def print(self, *objects: Any, markup: bool | None = None, **how: Any) -> None:
        if markup is False:
            super().print(*objects, markup=False, **how)
            return
        try:
            super().print(*(_NOT_OURS.sub(r"\\[", one) if isinstance(one, str) else one for one in objects), **how)
        except MarkupError:
            super().print(*objects, markup=False, **how)


out = _Console(highlight=False, soft_wrap=True)
err = _Console(stderr=True, highlight=False, soft_wrap=True)


def as_json(result: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(result, enc_hook=str)) + b"\n")
    sys.stdout.flush()


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table for people; its title says how many."""
    shown = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(escape(cell) for cell in row))
    out.print(shown)


def fail(message: str) -> None:
    """The reason, on standard error."""
    err.print("[bold red]esante:[/] ", end="")
    err.print(message, markup=False)


@contextmanager
def waiting(words: str, *, shown: bool = True) -> Iterator[None]:
    """Something turns, on standard error and for people only, while this takes its time."""
    if not (shown and err.is_terminal):
        yield
        return
    with err.status(words):
        yield
