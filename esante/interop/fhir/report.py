"""What an import did: counts that add up, and what went wrong where."""

from typing import Literal

import msgspec

Outcome = Literal["imported", "keptRaw", "alreadyThere"]

MOST_PROBLEMS = 10_000
"""Beyond these the problems are counted, not listed."""


class Problem(msgspec.Struct, frozen=True, rename="camel"):
    """What was refused: in which file, which entry of it (a line, a place in the bundle), and why."""

    file: str
    entry: str
    reason: str


class ImportReport(msgspec.Struct, rename="camel"):
    """`read` = `imported` + `keptRaw` + `alreadyThere` + `refused`; every refusal is a problem."""

    read: int = 0
    imported: int = 0
    kept_raw: int = 0
    refused: int = 0
    already_there: int = 0
    problems: list[Problem] = msgspec.field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        match outcome:
            case "imported":
                self.imported += 1
            case "keptRaw":
                self.kept_raw += 1
            case "alreadyThere":
                self.already_there += 1

    def refuse(self, file: str, entry: str, reason: str) -> None:
        self.refused += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(file, entry, reason))
