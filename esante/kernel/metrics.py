"""What is counted while the server runs, for Prometheus: routes, statuses, names of commands and jobs; never an id or a name.

Every label has a bounded set of values: they all stand in the code. What is measured when somebody asks (sizes, ages, depths)
is not here but in `admin.health`.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

CONNECTIONS_REFUSED = Counter(
    "esante_http_connections_refused",
    "Connections ended before their request was whole.",
    ("status",),
    registry=REGISTRY,
)
SLOW_COMMANDS = Counter(
    "esante_slow_commands", "Commands that held the writer for more than 100 ms.", ("command",), registry=REGISTRY
)
JOBS = Counter("esante_jobs", "Jobs done, put off after a failure, or given up.", ("job", "outcome"), registry=REGISTRY)
LOG_LINES_LOST = Counter("esante_log_lines_lost", "Lines that the log file did not take.", registry=REGISTRY)

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""In seconds: how long answers take is counted between these."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Times:
    """How long the answers of one route took."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts, self.seconds = [0] * (len(BOUNDS) + 1), 0.0


answers: dict[tuple[str, str, int], int] = {}
"""By method, route and status. Plain numbers, for the loop's thread alone: the library's counters take a lock for each, and
every request comes by here."""
times: dict[str, Times] = {}


def count_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """One answer, and how long it took to begin. `route` is the template; None when no route was found."""
    where = route or "none"
    key = (method if method in _METHODS else "other", where, status)
    answers[key] = answers.get(key, 0) + 1
    found = times.get(where)
    if found is None:
        found = times[where] = Times()
    found.counts[bisect_left(BOUNDS, seconds)] += 1
    found.seconds += seconds


class _Requests(Collector):
    def collect(self) -> Iterator[Metric]:
        counted = CounterMetricFamily(
            "esante_http_requests", "Requests answered.", labels=("method", "route", "status")
        )
        for (method, route, status), number in answers.items():
            counted.add_metric((method, route, str(status)), number)
        yield counted
        took = HistogramMetricFamily("esante_http_request_seconds", "Time until the answer began.", labels=("route",))
        for route, found in times.items():
            bounds = [*map(str, BOUNDS), "+Inf"]
            took.add_metric((route,), list(zip(bounds, accumulate(found.counts), strict=True)), found.seconds)
        yield took


REGISTRY.register(_Requests())
