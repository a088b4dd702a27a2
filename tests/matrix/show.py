"""Prints the table as it is now; with `--write` into `expected.txt`, for the reader of the difference to judge."""

import sys

from tests.matrix import trial
from tests.matrix.expected import FILE, rendered
from tests.matrix.furnished import matrix_clinic


def main() -> None:
    with matrix_clinic() as (clinic, ids), trial.undoing():
        _, seen = trial.try_all(clinic, ids)
    text = rendered(seen.table())
    if "--write" in sys.argv:
        FILE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
