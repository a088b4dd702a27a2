"""How commands speak: results for people or for programs, refusals in one line."""

import sys
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def as_json(result: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    sys.stdout.flush()


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table for people; its title says how many."""
    shown = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*row)
    out.print(shown)


def fail(message: str) -> None:
    """The reason, on standard error."""
    err.print(f"[bold red]esante:[/] {message}", markup=True)
