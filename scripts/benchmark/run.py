"""One run: its form, its folder, the clinics and servers that the items share."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

from scripts.benchmark import clinic, harness, own, peer
from scripts.benchmark.clinic import Clinic, Size
from scripts.benchmark.harness import Load, Server
from scripts.benchmark.peer import Peer
from scripts.benchmark.report import Report


@dataclass(frozen=True)
class Form:
    """How much of everything."""

    name: str
    sizes: tuple[Size, ...]
    """The clinics of the growth items, ten times as many patients each; `main` is the one of all other items."""
    main: int
    rounds: int
    seconds: int
    requests: int
    """Of each kind, where one client asks one thing after another."""
    memory_seconds: int

    @property
    def size(self) -> Size:
        return self.sizes[self.main]


QUICK = Form(
    "quick",
    (Size(1_000, 5_000, 1_000, 10_000), Size(10_000, 50_000, 10_000, 100_000)),
    main=1, rounds=4, seconds=1, requests=40, memory_seconds=60,
)  # fmt: skip
FULL = Form(
    "full",
    (
        Size(10_000, 50_000, 10_000, 100_000),
        Size(100_000, 500_000, 100_000, 1_000_000),
        Size(1_000_000, 500_000, 500_000, 2_000_000),
    ),
    main=1, rounds=7, seconds=2, requests=120, memory_seconds=600,
)  # fmt: skip


class Run:
    """What an item is given. Clinics are made when they are first asked for; what runs ends with the run."""

    def __init__(self, form: Form, folder: Path, running: ExitStack) -> None:
        self.form, self.folder, self.running = form, folder, running
        self.report = Report(form.name)
        self._started = time.monotonic()
        self._grown: list[Clinic] = []
        self._kept: list[Clinic] = []
        self.apart = False
        """Clinics are made in a process of its own on the core of the load: this one has a load to send meanwhile."""
        self._serving: dict[int, Server] = {}
        self._scratch = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        harness.say(f"{self.seconds:6.0f} s  {text}")

    def clinic_of(self, number: int) -> Clinic:
        """The clinic of that size; each grows out of a fresh copy of the one before."""
        while len(self._grown) <= number:
            at, size = len(self._grown), self.form.sizes[len(self._grown)]
            self.say(f"a clinic of {size.patients:,} patients")
            folder = self.folder / f"clinic-{size.patients}"
            made = self.fresh(at - 1, folder) if at else clinic.begin(folder)
            made = self._grow(made, size)
            self._grown.append(made)
            if at + 1 < len(self.form.sizes):
                self._kept.append(made.copy(self.folder / f"kept-{size.patients}"))
        return self._grown[number]

    def _grow(self, made: Clinic, size: Size) -> Clinic:
        if not self.apart:
            clinic.grow(made, size, lambda text: self.say(f"  {text}"))
            return made
        own_core = (0, {harness.LOAD_CORE})
        with ProcessPoolExecutor(1, get_context("spawn"), initializer=os.sched_setaffinity, initargs=own_core) as other:
            return other.submit(clinic.grown, made, size).result()

    def fresh(self, number: int, folder: Path) -> Clinic:
        """A copy of the clinic of that size (but not of the largest), as no server has touched it."""
        self.clinic_of(number)
        return self._kept[number].copy(folder)

    @property
    def main(self) -> Clinic:
        return self.clinic_of(self.form.main)

    def server_of(self, number: int) -> Server:
        """The clinic of that size, served; the same server for all items."""
        if number not in self._serving:
            made = self.clinic_of(number)
            self._serving[number] = self.running.enter_context(own.serve(made))
        return self._serving[number]

    @property
    def server(self) -> Server:
        return self.server_of(self.form.main)

    @cached_property
    def bare(self) -> Server:
        return self.running.enter_context(own.serve_bare(self.folder))

    @cached_property
    def peer(self) -> Peer:
        made = self.running.enter_context(peer.running(self.folder, self.form.size, self.say))
        self.report.notes.append(f"The peer's database: {made.database}; unpinned, its server on the core of ours.")
        return made

    @cached_property
    def booking(self) -> Load:
        """Bookings of the main clinic by its desk; each free time is asked for once over the whole run."""
        bodies = harness.Bodies(self.file("bookings"), clinic.bookings(self.main))
        return Load(self.server, "/api/v1/appointments", own.signed_in(self.server, "chloe"), script=bodies)

    @cached_property
    def plain_read(self) -> Load:
        path = f"/api/v1/appointment-types/{self.main.made.types['consultation']}"
        return Load(self.server, path, own.signed_in(self.server, "amina"))

    def file(self, name: str, lines: list[str] | None = None) -> Path:
        """A scratch file, with these lines in it."""
        self._scratch += 1
        path = self.folder / f"{self._scratch}-{name}"
        if lines is not None:
            path.write_text("\n".join(lines))
        return path


Measure = Callable[[Run], None]
