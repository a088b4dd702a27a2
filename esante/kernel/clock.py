"""The only place that asks what time it is, and the one form in which an instant is written."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
"""Before every instant that is kept."""

Clock = Callable[[], datetime]


def now() -> datetime:
    """This instant, in UTC, to the millisecond: the precision in which instants are kept."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)  # a third of cutting off what `now` gives


def steady() -> float:
    """Seconds since the machine was switched on, sleep included; nobody sets it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@cache
def boot() -> str:
    """Names this start of the machine; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def to_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@lru_cache(1024)
def text(at: datetime) -> str:
    """`2026-11-20T08:30:00.000Z`: always as long, so that the order of the texts is the order of the instants."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse(instant: str) -> datetime:
    return datetime.fromisoformat(instant)


def local_date(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
