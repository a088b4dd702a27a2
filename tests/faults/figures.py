"""What a proof measured, for `scripts/faults`: lines of JSON in the file that ESANTE_FIGURES names; nothing without it.

How long a proof is, too: short in `scripts/test`, and as ESANTE_FAULTS says, "quick" or "full".
"""

import json
import os
from pathlib import Path

SIZE = os.environ.get("ESANTE_FAULTS") or ("quick" if os.environ.get("ESANTE_FULL") == "1" else "short")
JOBS = int(os.environ.get("ESANTE_FAULTS_JOBS", "1"))
"""So many processes may be busy at once, where a proof can use them."""


def times(*, short: int, quick: int, full: int) -> int:
    """How often this proof is tried."""
    return {"short": short, "quick": quick, "full": full}[SIZE]


def tell(tries: int, failures: int = 0, *, worst_seconds: float | None = None, **more: object) -> None:
    """So many tries, and how many of them broke the promise. Before the assertion, for both are wanted."""
    _write({"tries": tries, "failures": failures, "worst_seconds": worst_seconds, "more": more})


def control(what: str, found: bool) -> None:
    """The same check was put before something that is broken, and has it been found?"""
    _write({"control": what, "found": found})


def _write(line: dict[str, object]) -> None:
    if path := os.environ.get("ESANTE_FIGURES"):
        with Path(path).open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
