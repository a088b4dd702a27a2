"""What the server holds in memory: when nobody came yet, and after minutes of a mixed load."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from scripts.benchmark import clinic, harness, own
from scripts.benchmark.mixed import Mixed, Sample, warm_up
from scripts.benchmark.report import Report, percentile, slope
from scripts.benchmark.run import Run

PER_SECOND = 100
MEBIBYTE = 1024 * 1024
WARM_SECONDS = 90
WARM_SHARE = 0.4
"""The first part of the time does not count for the slope: what is left of the caches of pages fills up to its bound."""


@contextmanager
def beside(run: Run) -> Iterator[None]:
    """Mixed load on a server of its own while something else is done; then until its time is over, and the figures."""
    made = run.fresh(0, run.folder / "memory")
    visits = clinic.open_visits(made, run.form.memory_seconds * 3, run.say)
    server = run.running.enter_context(own.serve(made))
    idle = harness.resident_bytes(server.pid)
    if run.form.name == "full":
        warm_up(server, made, WARM_SECONDS, run.say)
    load = Mixed(server, made, PER_SECOND, visits, every=5)
    try:
        yield
        if load.seconds < run.form.memory_seconds:
            run.say(f"mixed load, {run.form.memory_seconds - load.seconds:.0f} s more")
            load.wait(run.form.memory_seconds)
    finally:
        load.stop()
    judge(run.report, run.form.name, idle, load)
    server.stop()


def measure(run: Run) -> None:
    with beside(run):
        pass


def judge(report: Report, form: str, idle: int, load: Mixed) -> None:
    """In the quick form the slope is stated: a minute is the time in which caches fill."""
    report.state("memory", "resident, ready and idle", idle / MEBIBYTE, " MiB")
    minutes = load.samples[-1].seconds / 60
    report.state(
        "memory", f"resident after {minutes:.0f} min of mixed load", load.samples[-1].resident_bytes / MEBIBYTE, " MiB"
    )
    value = slope_per_minute(load.samples) / MEBIBYTE
    if form == "full":
        report.at_most("memory", "slope, after the caches have filled", value, 1, " MiB/min")
    else:
        report.state("memory", "slope, no verdict on so short a time", value, " MiB/min")
    failed = sum(answer.status >= 500 for answer in load.answers)
    report.at_most("memory", "answers of 5xx in the mixed load", failed, 0, "")
    report.state("memory", "p99 in the mixed load", percentile([answer.ms for answer in load.answers], 99), " ms")
    report.notes += [f"mixed load: {count} x {problem}" for problem, count in load.problems.most_common(5)]


def slope_per_minute(samples: Sequence[Sample], of: str = "resident_bytes", warm: float = WARM_SHARE) -> float:
    """The growth of one figure each minute, by least squares, after the first part of the time."""
    late = [one for one in samples if one.seconds >= warm * samples[-1].seconds]
    return slope([one.seconds for one in late], [getattr(one, of) for one in late]) * 60
