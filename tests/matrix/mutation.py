"""Takes away one permission after the other, and looks whether the matrix notices.

`python -m tests.matrix.mutation` tries every place where a policy or a scope is asked and every route's `access=`;
`--sample N` every so many that N are left. Printed are the survivors and the part that was noticed; below 95 % it fails.
One clinic serves all: the places are switched off one at a time, and only the requests that pass a place are asked again.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext

import structlog

from tests.matrix import sites

if __name__ == "__main__":
    sites.install()

from esante.kernel.access import OPEN, SIGNED_IN
from tests.conftest import Clinic
from tests.matrix import trial
from tests.matrix.furnished import Ids, matrix_clinic
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
        sites.state["heard"] = lambda number, request_id: None
        self.passes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        """By place the cells: in which series, and the how-manieth of it."""
        for series, came in enumerate(self.seen):
            for index, tried in enumerate(came.tried):
                for number in heard.get(tried.request_id, ()):
                    self.passes[number].append((series, index))

    def notices(self, number: int) -> bool:
        """Does any cell that passes the place change?"""
        sites.state["off"] = number
        try:
            return any(self._changes(series, self._of(number, series)) for series in range(len(self.seen)))
        finally:
            sites.state["off"] = -1

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


def _leaks(cell: Cell, tried: Tried) -> bool:
    role, line, _ = cell
    shows = not any(part in line.name for part in BY_PROOF)
    return shows and any(word in tried.text for word in trial.forbidden_words(role))


def main(sample: int | None = None) -> int:
    """Try all, or some; 0 when enough was noticed."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[])
    with matrix_clinic() as (clinic, ids), trial.undoing():
        sites.state["doctor"] = clinic.ids["amina"]
        run = Run(clinic, ids)
        places = [site for site in sites.SITES if not sites.is_open_to_all(site.number)]
        doors = [line for line in run.asker.lines if line.access != OPEN and not line.name.endswith(" ?")]
        survivors, unseen, tried = [], [], 0
        for site in _some(places, sample):
            if not run.passes[site.number]:
                unseen.append(f"{site.place} {site.call}")
                continue
            tried += 1
            if not run.notices(site.number):
                survivors.append(f"{site.place} {site.call}")
        for line in _some(doors, sample):
            tried += 1
            if not run.notices_access(line):
                survivors.append(f"access= of {line.name}")
    print("\n".join(["Survivors:", *survivors, "", "Passed by no request:", *unseen, ""]))
    killed = tried - len(survivors)
    print(f"{killed} of {tried} killed ({killed / tried:.1%}); {len(unseen)} places are passed by no request")
    return 0 if killed / tried >= AT_LEAST else 1


def _some(all_of_them: Sequence[object], sample: int | None) -> Sequence[object]:
    return all_of_them[:: max(1, len(all_of_them) // sample)] if sample else all_of_them


if __name__ == "__main__":
    wanted = int(sys.argv[sys.argv.index("--sample") + 1]) if "--sample" in sys.argv else None
    sys.exit(main(wanted))
