"""What machines ask of the box: is it ready, and its numbers for Prometheus."""

import asyncio
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from esante import __version__
from esante.admin.health import box
from esante.admin.health import service as health
from esante.admin.health.structs import HealthReport
from esante.identity.door import NOTHING, Gate, stranger
from esante.kernel import metrics
from esante.kernel.access import OPEN
from esante.kernel.actor import house
from esante.kernel.clinic import Clinic
from esante.kernel.config import Config
from esante.kernel.dependencies import Db, House, Me
from esante.kernel.errors import Forbidden
from esante.kernel.writer import read_only

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Ready(msgspec.Struct, frozen=True):
    """It is."""

    ready: bool = True


@get("/api/v1/ready", access=OPEN, tags=["System"])
async def ready(db: Db) -> Ready:
    """200 when the clinic can be read and written; 503 when it cannot, with the reason."""
    if why := db.unwritable:
        raise read_only(why)
    return Ready()


@get("/metrics", access=OPEN, include_in_schema=False, pace="own", media_type=TEXT)
async def show_metrics(
    request: Request[Any, Any, Any], db: Db, actor: Me, clinic: House, door: Gate
) -> Response[bytes]:
    """Numbers for Prometheus, without ids or names: for this machine itself, for admins, and for who has the token."""
    if not (actor.role == "admin" or _from_here(request) or await _has_token(request, clinic.config)):
        door.count_stranger(stranger(request.scope), NOTHING)
        raise Forbidden("The metrics are for admins, for this machine itself, and for who has the metrics token")
    measured = await asyncio.to_thread(box.measure, clinic)
    report = await db.scan(house("job:metrics"), health.measure, measured)
    return Response(generate_latest(metrics.REGISTRY) + generate_latest(_Gauges(report, clinic)), media_type=TEXT)


def _from_here(request: Request[Any, Any, Any]) -> bool:
    """From this machine, and not through a proxy on it, behind which everybody would seem to be here."""
    if request.client is None or not ip_address(request.client.host).is_loopback:
        return False
    return not any(name in request.headers for name in ("forwarded", "x-forwarded-for", "via"))


async def _has_token(request: Request[Any, Any, Any], config: Config) -> bool:
    """The token is read anew each time, so that it can be changed while the server runs."""
    file, (kind, _, given) = config.metrics.token_file, request.headers.get("authorization", "").partition(" ")
    if not file or kind.lower() != "bearer":
        return False
    wanted = await asyncio.to_thread(_first_line, file)
    return len(wanted) >= 16 and hmac.compare_digest(given.strip().encode(), wanted)


def _first_line(file: str) -> bytes:
    try:
        return (Path(file).expanduser().read_bytes().splitlines() or [b""])[0].strip()
    except OSError:
        return b""


class _Gauges(CollectorRegistry):
    """What was measured just now."""

    def __init__(self, report: HealthReport, clinic: Clinic) -> None:
        super().__init__()
        self.register(_Measured(report, clinic))


class _Measured(Collector):
    def __init__(self, report: HealthReport, clinic: Clinic) -> None:
        self._report, self._clinic = report, clinic

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self._report
        yield _gauge("build_info", "Always 1.", {__version__: 1}, "version")
        yield _gauge("writable", "1 while changes can be saved.", 0 if found.database.read_only else 1)
        sizes = {"database": found.database.bytes, "wal": found.database.wal_bytes}
        yield _gauge("database_bytes", "Size of the file and of its write-ahead log.", sizes, "file")
        yield _gauge("disk_free_bytes", "Free, by folder.", {v.name: v.free_bytes for v in found.volumes}, "folder")
        yield _gauge("disk_size_bytes", "Size, by folder.", {v.name: v.total_bytes for v in found.volumes}, "folder")
        states = {"waiting": found.jobs.waiting, "due": found.jobs.due, "failed": found.jobs.failed}
        yield _gauge("jobs_queued", "Rows of the queue, by state.", states, "state")
        mails = {"queued": found.mail.queued, "failed": found.mail.failed}
        yield _gauge("mails", "Mails that were not sent, by state.", mails, "state")
        yield _instant("mail_success", "When a mail was last taken by the mail server.", found.mail.last_success_at)
        yield _instant("backup", "When the newest backup was made.", found.backup.last_backup_at)
        yield _instant("backup_proven", "When the newest proven backup was made.", found.backup.last_proven_at)
        if found.certificate:
            yield _instant("certificate_expiry", "When the certificate runs out.", found.certificate.valid_until)
        yield _gauge("clock_drift_seconds", "Against the steady clock, since the start.", found.clock.drift)
        yield _gauge("clock_frozen", "1 while what destroys waits for the clock.", int(found.clock.frozen))
        yield _instant("audit_checkpoint", "When the log's last checkpoint was signed.", found.audit.last_checkpoint_at)
        yield _gauge("audit_lines", "Lines of the audit log.", found.audit.seq)
        yield _gauge("sockets_open", "WebSockets that listen.", self._clinic.hub.open)
        yield _gauge("problems", "What needs somebody's hand.", len(found.problems))


def _gauge(name: str, text: str, value: float | Mapping[str, float], label: str = "") -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"esante_{name}", text, labels=[label] if label else None)
    for key, number in value.items() if isinstance(value, Mapping) else [("", value)]:
        family.add_metric([key] if label else [], number)
    return family


def _instant(name: str, text: str, at: datetime | None) -> GaugeMetricFamily:
    """0 while it has never happened."""
    return _gauge(f"{name}_timestamp_seconds", text, at.timestamp() if at else 0)


router = Router("/", route_handlers=[ready, show_metrics], opt={"pace": "free"})
