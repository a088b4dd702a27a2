"""A backup of a large clinic while people write: are they kept waiting?

A clinic of 1 GB takes 200 bookings a second through the writer that serves people. `esante backup create` makes a backup
beside it, in a process of its own: copy, seal, drill. The same load before and after it is what is normal. The backup must
end; the slowest percent of bookings may take three times as long as normally, and 0.85 of normally many must be done.
"""

import argparse
import asyncio
import itertools
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from esante import demo
from esante.app import bring_up_to_date, open_clinic
from esante.demo import Furnished
from esante.kernel import audit_log, clock, keyring
from esante.kernel.actor import Actor, house
from esante.kernel.clinic import Clinic
from esante.kernel.config import Backup, Config, Keys
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.structs import new_id
from esante.scheduling import service as scheduling
from esante.scheduling.structs import AppointmentRequest

PATIENTS = 2_000
MOST_P99, LEAST_THROUGHPUT = 3.0, 0.85
LINE = (
    "cli:bench",
    "system",
    None,
    None,
    None,
    None,
    "appointment.requested",
    "info",
    "done",
    None,
    "x" * 36,
    None,
    None,
)


class Phase(msgspec.Struct):
    """What a time of load gave."""

    name: str
    seconds: float
    milliseconds: list[float]

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    def percentile(self, percent: float) -> float:
        return sorted(self.milliseconds)[int(len(self.milliseconds) * percent / 100)]

    def __str__(self) -> str:
        return (
            f"{self.name:<14} {self.seconds:6.1f} s {self.per_second:7.1f}/s   p50 {self.percentile(50):6.2f} ms"
            f"   p99 {self.percentile(99):7.2f} ms   slowest {max(self.milliseconds):7.1f} ms"
        )


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=int, default=1_000)
    arguments.add_argument("--per-second", type=int, default=200)
    arguments.add_argument("--seconds", type=float, default=20, help="of normal load, before and after")
    arguments.add_argument("--json", metavar="FILE", type=Path, help="write the figures to this file as well")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="esante-bench-") as name:
        return asyncio.run(measure(Path(name), chosen))


async def measure(folder: Path, chosen: argparse.Namespace) -> int:
    config = Config(keys=Keys(file=str(folder / "key")), backup=Backup(nightly=False))
    (folder / "esante.toml").write_text(f'[keys]\nfile = "{folder}/key"\n')
    data = folder / "data"
    data.mkdir()
    keys = keyring.create(data, folder / "key")
    bring_up_to_date(data, keys, new=True)
    clinic = open_clinic(data, config, keys)
    await clinic.db.start()
    made = await demo.furnish(clinic, {member.name: "x" for member in demo.CAST}, patients=PATIENTS)
    await clinic.db.stop()
    fill(data, keys, made.accounts["driss"], chosen.megabytes * 1_000_000)
    os.sync()
    clinic = open_clinic(data, config, keys)
    await clinic.db.start()
    try:
        before, during, after, report = await run(clinic, made, folder, chosen)
    finally:
        await clinic.db.stop()
        clinic.passwords.close()
    return tell([before, during, after], report, data, chosen.json)


async def run(
    clinic: Clinic, made: Furnished, folder: Path, chosen: argparse.Namespace
) -> tuple[Phase, Phase, Phase, dict[str, object]]:
    wishes, actor = bookings(made, patients_of(clinic)), made.actor("chloe")
    await load(clinic, wishes, actor, chosen.per_second, "warm", lambda: asyncio.sleep(3))
    before = await load(
        clinic, wishes, actor, chosen.per_second, "normal before", lambda: asyncio.sleep(chosen.seconds)
    )
    report: dict[str, object] = {}

    async def back_up() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "esante", "backup", "create", "--data", str(folder / "data"), "--config",
            str(folder / "esante.toml"), "--json", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        report.update(json.loads(out))

    during = await load(clinic, wishes, actor, chosen.per_second, "with backup", back_up)
    after = await load(clinic, wishes, actor, chosen.per_second, "normal after", lambda: asyncio.sleep(chosen.seconds))
    return before, during, after, report


async def load(clinic, wishes, actor: Actor, per_second: int, name: str, until) -> Phase:  # type: ignore[no-untyped-def]
    """So many bookings a second, each begun when it is its time, however long the others take, until `until` is done."""
    took: list[float] = []
    running: set[asyncio.Task[None]] = set()

    async def book(due: float) -> None:
        await clinic.db.write(actor, scheduling.request_appointment, next(wishes))
        took.append((time.perf_counter() - due) * 1000)

    started = time.perf_counter()
    task = asyncio.ensure_future(until())
    number = 0
    while not task.done():
        due = started + number / per_second
        number += 1
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        running.add(one := asyncio.create_task(book(due)))
        one.add_done_callback(running.discard)
    await task
    await asyncio.gather(*running)
    return Phase(name, time.perf_counter() - started, took)


def patients_of(clinic: Clinic) -> list[str]:
    return clinic.db.read(house("cli:bench"), lambda tx: tx.all(str, "SELECT id FROM patient"))


def bookings(made: Furnished, patients: list[str]) -> Iterator[AppointmentRequest]:
    """Free times of two doctors, for many years, each for another patient."""
    patient = itertools.cycle(patients)
    morning = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
    for day in range(1, 20_000):
        for half_hour in range(16):
            for doctor in ("amina", "bruno"):
                yield msgspec.convert(
                    {
                        "practitionerId": made.people[doctor],
                        "typeId": made.types["consultation"],
                        "patientId": next(patient),
                        "startsAt": (morning + timedelta(days=day, minutes=30 * half_hour)).isoformat(),
                        "reason": "Load",
                    },
                    AppointmentRequest,
                )


def fill(data: Path, keys: keyring.Keyring, account_id: str, size: int) -> None:
    """Half audit lines, half rows of people's: as many as make the file that large."""
    conn = open_database(data / DATABASE, keys.key("database"), "maintenance")
    conn.wal_autocheckpoint(4_000)
    head, body = audit_log.head(conn), "A text of the length that notifications have, more or less. " * 12
    at = clock.text(clock.now())
    while (data / DATABASE).stat().st_size < size:
        conn.execute("BEGIN")
        head = audit_log.append(conn, keys.key("audit"), head, at, ((*LINE, None) for _ in range(20_000)))
        conn.executemany(
            "INSERT INTO notification (id, account_id, kind, priority, title, body, subject, created_at, read_at)"
            " VALUES (?, ?, 'bench', 'low', 'Bench', ?, 'x', ?, ?)",
            ((new_id(), account_id, body, at, at) for _ in range(8_000)),
        )
        conn.execute("COMMIT")
    conn.close()


def tell(phases: list[Phase], report: dict[str, object], data: Path, file: Path | None) -> int:
    normal = Phase("normal", phases[0].seconds + phases[2].seconds, phases[0].milliseconds + phases[2].milliseconds)
    during = phases[1]
    p99, throughput = during.percentile(99) / normal.percentile(99), during.per_second / normal.per_second
    size = (data / DATABASE).stat().st_size / 1e6
    print(
        f"A database of {size:.0f} MB, {report.get('auditSeq')} audit lines; the backup is {report.get('name', report)}\n"
    )
    for phase in [*phases, normal]:
        print(phase)
    good = "name" in report and p99 <= MOST_P99 and throughput >= LEAST_THROUGHPUT
    print(f"\nbackup {'made and proven' if 'name' in report else 'FAILED'} in {during.seconds:.1f} s")
    print(f"p99 beside the backup: {p99:.2f} of normal (at most {MOST_P99})")
    print(f"throughput beside it: {throughput:.2f} of normal (at least {LEAST_THROUGHPUT})")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    print(f"slowest of all: {max(during.milliseconds):.0f} ms; the backup took {peak:.0f} MB of memory at its most")
    if file:
        file.write_text(
            json.dumps({"p99Ratio": p99, "throughputRatio": throughput, "seconds": during.seconds, "good": good})
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
