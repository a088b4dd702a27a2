"""Prints the table as it is now; with `--write` into `expected.txt`, for the reader of the difference to judge."""

import sys

from tests.matrix import trial
from tests.matrix.expected import FILE, rendered
from tests.matrix.furnished import matrix_clinic
from tests.matrix.requests import lines


def main() -> None:
    with matrix_clinic() as (clinic, ids), trial.undoing():
        found = list(lines(clinic.app.litestar, ids))
        wanted = trial.all_cells(found)
        came = trial.Trial(clinic, found).ask_all(wanted)
    text = rendered(trial.table(list(zip(wanted, came, strict=True))))
    if "--write" in sys.argv:
        FILE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
