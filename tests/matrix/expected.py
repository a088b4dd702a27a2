"""The reviewed table: reading and writing `expected.txt`."""

import re
from pathlib import Path

from tests.matrix.furnished import OWNERSHIPS, ROLES
from tests.matrix.trial import SIGNS, WIDE, written

FILE = Path(__file__).parent / "expected.txt"

HEAD = f"""
Who is let in where. One line for each route, one column for each role; a cell has one sign, or five when it hangs on whose it
is: {", ".join(OWNERSHIPS)} (tests/matrix/furnished.py says of whom).
{SIGNS}
A line with " ?" is the same list, asked for this patient or practitioner. A line with " off" is the route in a clinic without
a kiosk, public booking and self-registration, where that makes a difference.
Requests with a secret in them (signing in, the kiosk, a calendar link) count as let in once they are tried.
""".strip()

CELL = r"-?([+~134]|[+~134]{5})|[-L.]"
"""One sign, or one for each ownership; behind a `-` what the policy would say."""

HOW = """tests/matrix/expected.txt does not say what is.

Routes without a line; read them against SPEC section 26, mend the route or add the line where it belongs:
{missing}

Lines without a route; take them out:
{extra}

Cells that are otherwise; mend the policy, or the cell if the change is meant:
{changed}

`python -m tests.matrix.show --write` takes over all of it; the difference that git then shows is yours to defend."""


def read_expected(file: Path = FILE) -> dict[str, dict[str, str]]:
    """By line, then by role."""
    found: dict[str, dict[str, str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Z]+ /", line):
            name, cells = line[:WIDE].rstrip(), line[WIDE:].split()
            assert len(cells) == len(ROLES), f"{name} has {len(cells)} cells, not {len(ROLES)}"
            odd = [cell for cell in cells if not re.fullmatch(CELL, cell)]
            assert not odd, f"{name} has cells that say nothing: {odd}"
            assert name not in found, f"{name} stands there twice"
            found[name] = dict(zip(ROLES, cells, strict=True))
    return found


def rendered(table: dict[str, dict[str, str]]) -> str:
    """The whole file."""
    comment = "\n".join(f"# {line}".rstrip() for line in HEAD.splitlines())
    columns = written({role: role for role in ROLES})
    rows = [f"{name:{WIDE}} {written(row)}" for name, row in sorted(table.items(), key=_by_path)]
    return "\n".join([comment, "#", f"{'#':{WIDE}} {columns}", *rows, ""])


def _by_path(item: tuple[str, object]) -> tuple[str, str]:
    method, _, path = item[0].partition(" ")
    return path, method
