"""Takes away one permission after the other, and looks whether a test notices.

`python -m tests.matrix.mutation` tries every place where a policy or a scope is asked and every route's `access=`;
`--sample N` every so many that about N are tried. One clinic serves all: the places are switched off one at a time, and only
what passes a place is asked again: requests (`expected.txt`), use cases without their routes (`inside.txt`), and what a cell
cannot say (`proofs.py`).

Where another place refuses the same too, one of the two cannot be missed alone: they are taken away together, and named apart
("twins"). Printed are all that were not missed alone, and the share of those that were, of all places; below 95 % it fails.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import structlog

from tests.matrix import sites

if __name__ == "__main__":
    sites.install()

from esante.kernel.access import OPEN, SIGNED_IN
from tests.conftest import Clinic
from tests.matrix import inside, proofs, trial
from tests.matrix.furnished import ROLES, Ids, matrix_clinic
from tests.matrix.requests import Line
from tests.matrix.test_matrix import BY_PROOF
from tests.matrix.trial import Cell, Tried
from tests.system.test_access import PUBLIC

AT_LEAST = 0.95
SOME = 40


class Run:
    """The cells as they are, and which of them pass which place."""

    def __init__(self, clinic: Clinic, ids: Ids) -> None:
        heard: dict[str, set[int]] = defaultdict(set)
        sites.state["heard"] = lambda number, request_id: heard[request_id].add(number)
        self.clinic = clinic
        self.asker, self.seen = trial.try_all(clinic, ids)
        self.inside = [(one, role) for one in inside.use_cases() for role in inside.ROLES]
        self.signs = [one.sign(clinic, role, f"inside {index}") for index, (one, role) in enumerate(self.inside)]
        heard_inside = {index: heard[f"inside {index}"] for index in range(len(self.inside))}
        self.proofs = list(proofs.PROOFS)
        heard_by = [self._heard_by(ids, proof) for proof in self.proofs]
        sites.state["heard"] = lambda number, request_id: None
        self.ids = ids
        self.passes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        """By place the cells: in which series, and the how-manieth of it."""
        for series, came in enumerate(self.seen):
            for index, tried in enumerate(came.tried):
                for number in heard.get(tried.request_id, ()):
                    self.passes[number].append((series, index))
        self.passes_inside = _turned(heard_inside)
        self.passes_proofs = _turned(dict(enumerate(heard_by)))

    @property
    def figures(self) -> dict[str, float]:
        """How large the matrix is."""
        tried = [one for came in self.seen for one in came.tried]
        table = self.seen.table()
        return {
            "lines": len(table),
            "routes": len({name.removesuffix(" off").removesuffix(" ?") for name in table}),
            "cells": len(table) * len(ROLES),
            "requests": len(tried),
            "denials": sum(one.sign in "134-L" for one in tried),
            "use_cases_asked_directly": len(self.signs),
            "proofs": len(self.proofs),
        }

    def _heard_by(self, ids: Ids, proof: proofs.Proof) -> set[int]:
        """The places that a proof passes; it must hold now."""
        found: set[int] = set()
        before, sites.state["heard"] = sites.state["heard"], lambda number, request_id: found.add(number)
        proof(self.clinic, ids)
        sites.state["heard"] = before
        return found

    def is_passed(self, number: int) -> bool:
        return any(number in passes for passes in (self.passes, self.passes_inside, self.passes_proofs))

    def notices(self, number: int, *others: int) -> bool:
        """Does any cell that passes the place change, when it (and others with it) asks nobody? Does any proof fail?"""
        sites.state["off"] = {number, *others}
        try:
            return (
                any(self._changes(series, self._of(number, series)) for series in range(len(self.seen)))
                or any(self._changes_inside(index) for index in self.passes_inside.get(number, ()))
                or any(self._fails(self.proofs[index]) for index in self.passes_proofs.get(number, ()))
            )
        finally:
            sites.state["off"] = set()

    def _changes_inside(self, index: int) -> bool:
        use_case, role = self.inside[index]
        return use_case.sign(self.clinic, role) != self.signs[index]

    def _fails(self, proof: proofs.Proof) -> bool:
        try:
            proof(self.clinic, self.ids)
        except AssertionError:
            return True
        return False

    def twins(self, number: int) -> set[int]:
        """The places that still ask something of the same requests when this one does not."""
        asked: set[int] = set()
        sites.state["heard"] = lambda other, request_id: asked.add(other)
        self.notices(number)
        sites.state["heard"] = lambda other, request_id: None
        return asked - {number}

    def notices_access(self, line: Line) -> bool:
        """Does any cell of the route change when its door opens further? To be open to all is read in a list of its own."""
        if not line.access < SIGNED_IN:
            return re.sub(r"{(?!file)[^}]*}", "{}", line.name.replace(" /", " /api/v1/", 1)) not in PUBLIC.split("\n")
        line.opt["access"] = SIGNED_IN
        try:
            return self._changes(0, [index for index, cell in enumerate(self.seen.front.cells) if cell[1] is line])
        finally:
            line.opt["access"] = line.access

    def _of(self, number: int, series: int) -> list[int]:
        """The refused first: they are the likeliest to change."""
        tried = self.seen[series].tried
        mine = [index for place, index in self.passes[number] if place == series]
        return sorted(mine, key=lambda index: tried[index].sign in (trial.LET_IN, trial.RULE))

    def _changes(self, series: int, indexes: Sequence[int]) -> bool:
        came = self.seen[series]
        around = (nullcontext(), trial.door_open(self.asker.lines), trial.switched_off(self.clinic))[series]
        with around:
            for start in range(0, len(indexes), SOME):
                some = indexes[start : start + SOME]
                for index, tried in zip(some, self.asker.ask_all([came.cells[one] for one in some]), strict=True):
                    if tried.sign != came.tried[index].sign or (series == 0 and _leaks(came.cells[index], tried)):
                        return True
        return False


def _turned(by_cell: dict[int, set[int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for index, numbers in by_cell.items():
        for number in numbers:
            found[number].append(index)
    return dict(found)


def _leaks(cell: Cell, tried: Tried) -> bool:
    role, line, _ = cell
    shows = not line.name.startswith(BY_PROOF)
    return shows and any(word in tried.text for word in trial.forbidden_words(role))


def main(sample: int | None = None, file: str | None = None) -> int:
    """Try all, or some; 0 when enough was noticed. The figures go into `file` too."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[])
    with matrix_clinic() as (clinic, ids), trial.undoing():
        sites.state["doctor"] = clinic.ids["amina"]
        run = Run(clinic, ids)
        asked = [one for one in sites.SITES if not sites.is_open_to_all(one.number)]
        found = Found(len(sites.SITES) - len(asked))
        for site in _some(asked, sample):
            found.add(run, site)
        doors = [line for line in run.asker.lines if line.access != OPEN and not line.name.endswith(" ?")]
        for line in _some(doors, sample):
            (found.killed if run.notices_access(line) else found.survived).append(f"access= of {line.name}")
    print(found)
    if file:
        Path(file).write_text(json.dumps(found.figures | run.figures) + "\n", encoding="utf-8")
    return 0 if found.share >= AT_LEAST else 1


class Found:
    """What was noticed."""

    def __init__(self, open_to_all: int) -> None:
        self.open_to_all = open_to_all
        self.killed: list[str] = []
        self.survived: list[str] = []
        self.doubled: list[str] = []
        self.unseen: list[str] = []

    def add(self, run: Run, site: sites.Site) -> None:
        name = f"{site.place} {site.call}"
        if not run.is_passed(site.number):
            self.unseen.append(name)
        elif run.notices(site.number):
            self.killed.append(name)
        elif run.notices(site.number, *run.twins(site.number)):
            self.doubled.append(name)
        else:
            self.survived.append(name)

    @property
    def places(self) -> int:
        return sum(map(len, (self.killed, self.survived, self.doubled, self.unseen)))

    @property
    def share(self) -> float:
        return len(self.killed) / max(1, self.places)

    @property
    def figures(self) -> dict[str, float]:
        return {
            "places": self.places,
            "killed": len(self.killed),
            "killed_percent": round(100 * self.share, 2),
            "survivors": len(self.survived),
            "twins": len(self.doubled),
            "passed_by_nothing": len(self.unseen),
            "open_to_all": self.open_to_all,
        }

    def __str__(self) -> str:
        parts = {
            "Survivors": self.survived,
            "Twins, missed only when the other is gone too": self.doubled,
            "Passed by nothing": self.unseen,
        }
        told = [
            f"{title}: {len(places)}\n" + "".join(f"  {one}\n" for one in places) for title, places in parts.items()
        ]
        left_out = f"Left out, for what is asked there says only that everybody may: {self.open_to_all}\n"
        return "\n".join([*told, left_out, f"{len(self.killed)} of {self.places} places killed: {self.share:.1%}"])


def _some(all_of_them: Sequence[object], sample: int | None) -> Sequence[object]:
    return all_of_them[:: max(1, len(all_of_them) // sample)] if sample else all_of_them


if __name__ == "__main__":
    file = sys.argv[sys.argv.index("--json") + 1] if "--json" in sys.argv else None
    wanted = int(sys.argv[sys.argv.index("--sample") + 1]) if "--sample" in sys.argv else None
    sys.exit(main(wanted, file))
