"""What was found and what was promised: one row for each budget, a table to read, a document for machines."""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from scripts.benchmark.harness import Burst, median_ratio

Against = Literal["own floor", "the peer", "itself", "budget"]


class Row(msgspec.Struct, rename="camel"):
    """One figure. Without a budget it is only stated, and `ok` is None."""

    item: str
    figure: str
    """What was measured, in words."""
    value: float
    unit: str = ""
    budget: str | None = None
    ok: bool | None = None

    @property
    def verdict(self) -> str:
        return {True: "ok", False: "MISSED", None: "stated"}[self.ok]


class Report(msgspec.Struct, rename="camel"):
    """All rows of a run, and every burst that they come from."""

    form: str
    rows: list[Row] = []
    bursts: dict[str, list[Burst]] = {}
    notes: list[str] = []
    seconds: float = 0.0

    def at_least(self, item: str, figure: str, value: float, budget: float, unit: str = "x") -> None:
        self.rows.append(Row(item, figure, value, unit, f">= {budget:g}{unit}", value >= budget))

    def at_most(self, item: str, figure: str, value: float, budget: float, unit: str = "x") -> None:
        self.rows.append(Row(item, figure, value, unit, f"<= {budget:g}{unit}", value <= budget))

    def between(self, item: str, figure: str, value: float, least: float, most: float) -> None:
        self.rows.append(Row(item, figure, value, "x", f"{least:g} to {most:g}", least <= value <= most))

    def state(self, item: str, figure: str, value: float, unit: str) -> None:
        self.rows.append(Row(item, figure, value, unit))

    def fail(self, item: str, why: str) -> None:
        """An item that could not be measured is missed, never left out."""
        self.rows.append(Row(item, why, 0.0, "", "to be measured", False))

    def keep(self, item: str, found: Mapping[str, Sequence[Burst]]) -> None:
        """The bursts themselves; a request that failed is a miss, whatever the figures say."""
        for name, bursts in found.items():
            self.bursts[name] = [*self.bursts.get(name, []), *bursts]
            if errors := sum(burst.errors for burst in bursts):
                self.at_most(item, f"requests that failed: {name}", errors, 0, "")

    @property
    def missed(self) -> list[Row]:
        return [row for row in self.rows if row.ok is False]

    def document(self) -> bytes:
        return msgspec.json.format(
            msgspec.json.encode(
                {
                    "form": self.form,
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "machine": machine(),
                    "seconds": round(self.seconds, 1),
                    "ok": not self.missed,
                    "notes": self.notes,
                    "rows": self.rows,
                    "bursts": self.bursts,
                }
            ),
            indent=1,
        )

    def table(self) -> str:
        """The rows, then the medians of the bursts, then what one must know to read them."""
        lines = [f"{'item':12} {'figure':62} {'value':>12} {'budget':>12} {'':8}"]
        lines += [
            f"{row.item:12} {row.figure:62} {_number(row.value) + row.unit:>12} {row.budget or '':>12} {row.verdict}"
            for row in self.rows
        ]
        if self.bursts:
            lines += ["", f"{'load':40} {'requests/s':>11} {'p99 ms':>9} {'cpu µs':>9} {'database µs':>12}"]
            lines += [_line(name, bursts) for name, bursts in self.bursts.items()]
        return "\n".join([*lines, "", *self.notes, self._end()])

    def _end(self) -> str:
        said = f"{len(self.missed)} of {sum(row.ok is not None for row in self.rows)} budgets missed"
        return f"{said}, {self.seconds:.0f} s"


def ratios(of: Sequence[Burst], to: Sequence[Burst]) -> float:
    """How many times as many requests each second, as the median of the rounds."""
    return median_ratio([burst.per_second for burst in of], [burst.per_second for burst in to])


def p99_ratio(of: Sequence[Burst], to: Sequence[Burst]) -> float:
    return median_ratio([burst.p99_ms for burst in of], [burst.p99_ms for burst in to])


def cpu_ratio(of: Sequence[Burst], to: Sequence[Burst]) -> float:
    """How many times the server's CPU for each request."""
    return median_ratio([burst.cpu_us for burst in of], [burst.cpu_us for burst in to])


def percentile(times: Sequence[float], percent: int) -> float:
    """The smallest of the times that so many percent of them do not exceed."""
    return sorted(times)[max(-(-len(times) * percent // 100) - 1, 0)]


def slope(seconds: Sequence[float], values: Sequence[float]) -> float:
    """The line of least squares through the samples: how much more each second."""
    middle, mean = sum(seconds) / len(seconds), sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in seconds)
    return sum((at - middle) * (value - mean) for at, value in zip(seconds, values, strict=True)) / spread


def machine() -> dict[str, str | int]:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    cores = len([line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")])
    return {"processor": model, "cores": cores, "python": platform.python_version(), "kernel": platform.release()}


def _line(name: str, bursts: Sequence[Burst]) -> str:
    middle = {
        field: percentile([getattr(burst, field) for burst in bursts], 50)
        for field in ("per_second", "p99_ms", "cpu_us", "database_cpu_us")
    }
    database = f"{middle['database_cpu_us']:12.1f}" if middle["database_cpu_us"] else ""
    return f"{name:40} {middle['per_second']:11,.0f} {middle['p99_ms']:9.2f} {middle['cpu_us']:9.1f} {database}"


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"
