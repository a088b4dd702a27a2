"""What is counted while the server runs, for Prometheus: routes, statuses, names of commands and jobs; never an id or a name.

Every label has a bounded set of values: they all stand in the code. What is measured when somebody asks (sizes, ages, depths)
is not here but in `admin.health`.
"""

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

REQUESTS = Counter(
    "esante_http_requests", "Requests answered, by route.", ("method", "route", "status"), registry=REGISTRY
)
SECONDS = Histogram(
    "esante_http_request_seconds", "Time until the answer began, by route.", ("route",), registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)  # fmt: skip
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

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def count_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """One answer. `route` is the template; None when no route was found."""
    key = (method if method in _METHODS else "other", route or "none", status)
    found = _known.get(key)
    if found is None:
        found = _known[key] = REQUESTS.labels(key[0], key[1], str(status)), SECONDS.labels(key[1])
    found[0].inc()
    found[1].observe(seconds)
