"""`scripts/bench`: measures esante against a bare application and a usual stack, in one run, and says what was missed.

Every server runs on core 0 and the load (wrk) on core 1. All of one table are up together and get short, interleaved bursts;
the ratios are medians of each round's ratio, so that a noisy neighbour hits all sides alike. `--quick` has a tenth of the data
and takes five minutes, the full form 25. Exit code: 0 all budgets kept, 1 one was missed, 2 it could not begin.
"""

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from scripts.benchmark import harness, items_disk, items_growth, items_memory, items_requests, peer
from scripts.benchmark.run import FULL, QUICK, Form, Measure, Run

REQUESTS = ("read", "page", "look", "booking")
BESIDE = ("growth", "search")
"""In the full form their clinics are made while the mixed load of `memory` lasts; they are measured after it."""
ITEMS: dict[str, Measure] = {
    "verify": items_disk.verify,
    "slow-sync": items_disk.slow_sync,
    "logins": items_disk.logins,
    "sign-in": items_growth.sign_in,
    "vault": items_disk.vault,
    "start": items_disk.start,
    "calendar": items_growth.calendar,
    "memory": items_memory.measure,
    "search": items_growth.search,
    "growth": items_growth.growth,
}
NEEDED = {"wrk": "wrk", "gcc": "gcc", **peer.NEEDED}


def main() -> int:
    chosen = _arguments()
    wanted = chosen.only or [*REQUESTS, *ITEMS]
    if lacking := harness.missing(NEEDED):
        print("\n".join(lacking), file=sys.stderr)
        return 2
    if not peer.PYTHON.exists():
        print("the peer's libraries are missing: scripts/env bench", file=sys.stderr)
        return 2
    if (os.cpu_count() or 1) < 2:
        print("two cores are needed: one for the servers, one for the load", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="esante-bench-") as folder, ExitStack() as running:
        run = Run(QUICK if chosen.quick else FULL, Path(folder), running)
        measure(run, wanted)
        run.report.seconds = run.seconds
        notes(run.form, run)
    print(run.report.table())
    if chosen.json:
        chosen.json.write_bytes(run.report.document())
    return 1 if run.report.missed else 0


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    asked.add_argument("--quick", action="store_true", help="a tenth of the data, five minutes")
    asked.add_argument(
        "--json", metavar="FILE", type=Path, help="write everything that was measured to this file as well"
    )
    asked.add_argument(
        "--only", metavar="ITEM[,ITEM]", type=_items, help="measure these alone: " + ", ".join((*REQUESTS, *ITEMS))
    )
    return asked.parse_args()


def _items(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in REQUESTS and name not in ITEMS]:
        raise argparse.ArgumentTypeError(f"there is no item {', '.join(unknown)}")
    return names


def measure(run: Run, wanted: Sequence[str]) -> None:
    """The requests first, on a fresh clinic; then the rest, and what needs the largest clinics last."""
    if requests := [name for name in REQUESTS if name in wanted]:
        _try(run, "requests", lambda run: items_requests.measure(run, requests))
    rest = [name for name in ITEMS if name in wanted]
    for name in rest:
        if name == "memory":
            _try(run, name, lambda run: _memory(run, grown=any(one in rest for one in BESIDE)))
        else:
            _try(run, name, ITEMS[name])


def _memory(run: Run, *, grown: bool) -> None:
    """The clinics that come next are made meanwhile, on the other core."""
    with items_memory.beside(run):
        if grown:
            run.apart = True
            run.clinic_of(len(run.form.sizes) - 1)
            run.apart = False


def _try(run: Run, name: str, work: Measure) -> None:
    """An item that fails is a miss with its reason, and the others are measured all the same."""
    run.say(name)
    try:
        work(run)
    except Exception as error:
        traceback.print_exc()
        run.report.fail(name, f"not measured: {type(error).__name__}")


def notes(form: Form, run: Run) -> None:
    sizes = ", ".join(f"{size.patients:,} (and {size.visits:,} past visits)" for size in form.sizes)
    size = form.size
    run.report.notes[:0] = [
        f"Data: {size.patients:,} patients, {size.consultations:,} consultations, {size.visits:,} past visits,"
        f" {size.lines:,} audit lines. Growth is measured at {sizes} patients"
        + (", a smaller pair than in the full form." if form.name == "quick" else "."),
        f"{harness.CLIENTS} clients unless said otherwise; the servers on core {harness.SERVER_CORE}, the load on core"
        f" {harness.LOAD_CORE}; medians of {form.rounds} rounds' ratios.",
    ]


if __name__ == "__main__":
    sys.exit(main())
