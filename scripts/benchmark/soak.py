"""`scripts/soak`: half an hour of mixed load against a real server process, at a pace that leaves the machine some air.

Every ten seconds: resident memory, open descriptors, threads and the write-ahead log's size. At the end their slopes after the
first part of the time, the slowest percent of the answers, and what failed. Exit code 1 when a promise is missed.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from scripts.benchmark import clinic, harness, own
from scripts.benchmark.clinic import Size
from scripts.benchmark.items_memory import MEBIBYTE, slope_per_minute
from scripts.benchmark.mixed import Answer, Mixed, Sample, warm_up
from scripts.benchmark.report import Report, machine, percentile

SIZE = Size(10_000, 50_000, 10_000, 100_000)
P99_MS = 300
WARM_SECONDS = 240
WAL_BYTES = 64 * MEBIBYTE
"""Above it the writer empties the log; a batch may be written meanwhile."""


def main() -> int:
    asked = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    asked.add_argument("--minutes", type=float, default=30)
    asked.add_argument("--per-second", type=float, default=150)
    asked.add_argument("--json", metavar="FILE", type=Path)
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="esante-soak-") as folder:
        made = clinic.begin(Path(folder) / "clinic")
        clinic.grow(made, SIZE, harness.say)
        visits = clinic.open_visits(made, int(chosen.minutes * 60 * chosen.per_second * 0.04), harness.say)
        with own.serve(made, core=None) as server:
            warm_up(server, made, int(min(WARM_SECONDS, chosen.minutes * 20)), harness.say)
            began = time.monotonic()
            load = Mixed(server, made, chosen.per_second, visits)
            try:
                _tell_until(load, chosen.minutes * 60)
            finally:
                load.stop()
            seconds = time.monotonic() - began
            report = Report("soak", seconds=seconds)
            judge(report, load.answers, load.samples, chosen.per_second)
            report.notes += [f"{count} x {problem}" for problem, count in load.problems.most_common(10)]
    print(report.table())
    if chosen.json:
        document = {"machine": machine(), "ok": not report.missed, "report": report, "samples": load.samples}
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1))
    return 1 if report.missed else 0


def _tell_until(load: Mixed, seconds: float) -> None:
    while load.seconds < seconds:
        load.wait(min(load.seconds + 60, seconds))
        last = load.samples[-1]
        harness.say(
            f"{load.seconds / 60:5.1f} min  {len(load.answers):,} answers  {last.resident_bytes / MEBIBYTE:.0f} MiB "
            f" {last.descriptors} descriptors  {last.threads} threads  log {last.wal_bytes / MEBIBYTE:.1f} MiB"
        )


def judge(report: Report, answers: Sequence[Answer], samples: Sequence[Sample], per_second: float) -> None:
    """The promises: memory, descriptors and threads do not grow, the log stays in its bound, p99 and no 5xx."""
    times = [answer.ms for answer in answers]
    report.at_most("latency", f"p99 of {len(times):,} answers", percentile(times, 99), P99_MS, " ms")
    report.state("latency", "median", statistics.median(times), " ms")
    failed = sum(answer.status >= 500 for answer in answers)
    report.at_most("answers", "5xx, or no answer", failed, 0, "")
    refused = sum(400 <= answer.status < 500 for answer in answers)
    report.at_most("answers", "4xx, share of all", refused / max(len(answers), 1), 0.01, "")
    report.at_least("answers", "answers a second / asked for", len(answers) / samples[-1].seconds / per_second, 0.95)
    report.at_most("memory", "resident, slope", slope_per_minute(samples) / MEBIBYTE, 1, " MiB/min")
    report.at_most("descriptors", "open, slope", slope_per_minute(samples, "descriptors"), 0.5, "/min")
    report.at_most("threads", "running, slope", slope_per_minute(samples, "threads"), 0.1, "/min")
    largest = max(one.wal_bytes for one in samples)
    report.at_most("log", "write-ahead log, largest", largest / MEBIBYTE, 1.25 * WAL_BYTES / MEBIBYTE, " MiB")
    kinds: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        kinds[answer.kind].append(answer.ms)
    for kind, took in sorted(kinds.items()):
        report.state(kind, f"p99 of {len(took):,}", percentile(took, 99), " ms")


if __name__ == "__main__":
    sys.exit(main())
