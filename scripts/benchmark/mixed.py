"""A clinic's day, faster: reads, pages, searches, bookings that are cancelled again, consultations, prescriptions, uploads,
logins and exports, so many a second, by people at once; and what the server holds meanwhile."""

import io
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image

from scripts.benchmark import harness, own
from scripts.benchmark.clinic import PASSWORD, Clinic, bookings
from scripts.benchmark.harness import Load, Server
from scripts.benchmark.items_growth import CHECKS, SEARCHES

PEOPLE = 16
LINE = {"name": "Amoxicillin", "dosage": "1 g", "form": "tablet", "frequency": "3 a day", "duration": "7 days"}
SAYS = {"chiefComplaint": "Cough", "symptoms": ["cough"], "diagnosis": "Bronchitis", "notes": "Rest and fluids"}


class Sample(msgspec.Struct, rename="camel"):
    """What the server holds at a moment."""

    seconds: float
    resident_bytes: int
    descriptors: int
    threads: int
    wal_bytes: int


class Answer(msgspec.Struct, rename="camel"):
    """One request of the mix."""

    kind: str
    status: int
    ms: float


class Mixed:
    """Starts at once; `stop` ends it. `visits` are appointments of Dr Amina Benali that have begun; each is written of once."""

    def __init__(self, server: Server, clinic: Clinic, per_second: float, visits: list[str], every: float = 10) -> None:
        self._server, self._clinic, self._per_second, self._every = server, clinic, per_second, every
        self._visits, self._bookings = iter(visits), reversed(bookings(clinic))
        self.answers: list[Answer] = []
        self.samples: list[Sample] = []
        self.problems: Counter[str] = Counter()
        self._stopping, self._lock, self._turn = threading.Event(), threading.Lock(), 0
        self._started = time.monotonic()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(PEOPLE)]
        self._threads.append(threading.Thread(target=self._watch))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait(self, until: float) -> None:
        """Let it go on until it has lasted so many seconds."""
        self._stopping.wait(max(until - self.seconds, 0))

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def next_of(self, things: Any) -> Any:
        """The next one, for whichever thread asks; None at the end."""
        with self._lock:
            return next(things, None)

    def _work(self, number: int) -> None:
        """At each of its turns, one of the kinds, by weight."""
        person = _Person(self, self._server.port, self._clinic, number)
        kinds = list(person.kinds)
        weights = [weight for weight, _ in person.kinds.values()]
        while not self._stopping.is_set():
            with self._lock:
                due = self._turn / self._per_second
                self._turn += 1
            if self._stopping.wait(max(due - self.seconds, 0)):
                break
            kind = person.dice.choices(kinds, weights)[0]
            try:
                person.kinds[kind][1]()
            except (HTTPException, OSError) as error:
                self._note(kind, 599, 0.0, f"{kind}: {error!r}")
                person.connect()

    def _note(self, kind: str, status: int, ms: float, problem: str | None = None) -> None:
        with self._lock:
            self.answers.append(Answer(kind, status, ms))
            if problem:
                self.problems[problem] += 1

    def _watch(self) -> None:
        while True:
            self.samples.append(sample(self._server.pid, self._clinic.data, self.seconds))
            if self._stopping.wait(self._every):
                return

    def visit(self) -> str | None:
        return self.next_of(self._visits)  # type: ignore[no-any-return]

    def free_time(self) -> bytes | None:
        return self.next_of(self._bookings)  # type: ignore[no-any-return]


def warm_up(server: Server, clinic: Clinic, most_seconds: int, say: Callable[[str], None]) -> None:
    """At full speed until a round adds less than 1 MiB, or for so long at most: the caches of pages fill up to their bounds
    (64 MiB that of the writer), as in a clinic's first days. What grows after that is a leak."""
    desk, doctor = own.signed_in(server, "chloe"), own.signed_in(server, "amina")
    paths = {
        "looks": [f"/api/v1/patients/{one}" for one in clinic.treated],
        "pages": [f"/api/v1/appointments?limit=100&practitionerId={one}" for one in clinic.doctors],
        "consultations": [f"/api/v1/consultations/{one}" for one in clinic.consultations],
        "searches": [ask(one) for ask in SEARCHES.values() for one in clinic.known],
    }
    loads = []
    for name, lines in paths.items():
        file = clinic.folder / name
        file.write_text("\n".join(lines))
        whose = doctor if name in ("looks", "consultations") else desk
        loads.append(Load(server, "/", whose, 64, script=harness.any_of(file)))
    bodies = harness.Bodies(clinic.folder / "bookings", bookings(clinic))
    loads.append(Load(server, "/api/v1/appointments", desk, script=bodies))
    began, before = time.monotonic(), harness.resident_bytes(server.pid)
    while time.monotonic() - began < most_seconds:
        for load in loads:
            load.run(2, core=None)
        now = harness.resident_bytes(server.pid)
        say(f"warming up: {now / 2**20:.1f} MiB")
        if now - before < 2**20:
            return
        before = now


def sample(pid: int, data: Path, seconds: float) -> Sample:
    wal = data / "esante.db-wal"
    return Sample(
        seconds=round(seconds, 1),
        resident_bytes=harness.resident_bytes(pid),
        descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
        wal_bytes=wal.stat().st_size if wal.exists() else 0,
    )


class _Person:
    """Somebody with a connection, and the sessions of the desk, a doctor, an admin and a patient."""

    def __init__(self, load: Mixed, port: int, clinic: Clinic, number: int) -> None:
        self._load, self._port, self._clinic, self.dice = load, port, clinic, random.Random(number)
        self.connect()
        self._tokens = {name: self._signed_in(name) for name in ("chloe", "amina", "gwen", "driss")}
        self._consultations: list[str] = []
        self._picture = _picture(number)
        self.kinds: dict[str, tuple[float, Callable[[], Any]]] = {
            "read": (22, self._read),
            "doctor": (8, lambda: self._get("chloe", f"/doctors/{self.dice.choice(clinic.doctors)}")),
            "look": (16, lambda: self._get("amina", f"/patients/{self.dice.choice(clinic.treated)}")),
            "chart": (8, lambda: self._get("amina", f"/patients/{self.dice.choice(clinic.treated)}/timeline")),
            "page": (10, self._page),
            "board": (2, lambda: self._get("chloe", f"/appointments/board/{clinic.tomorrow().date()}")),
            "search": (14, lambda: self._find(SEARCHES)),
            "duplicates": (2, lambda: self._find(CHECKS)),
            "booking": (6, self._book_and_cancel),
            "consultation": (2, self._consult),
            "prescription": (2, self._prescribe),
            "upload": (0.5, self._upload),
            "login": (1, lambda: self._signed_in("emma")),
            "export": (0.1, lambda: self._get("driss", "/users/export", "export")),
            "audit": (0.4, lambda: self._get("gwen", "/audit?limit=50", "audit")),
        }

    def connect(self) -> None:
        self._connection = HTTPConnection("127.0.0.1", self._port, timeout=30)

    def _ask(
        self,
        kind: str,
        who: str | None,
        method: str,
        path: str,
        body: bytes | None = None,
        media: str = "application/json",
    ) -> Any:
        """One timed request; its decoded answer, None when it was refused or is no JSON. A session that ran out is renewed."""
        headers = {"content-type": media} if body is not None else {}
        if who:
            headers["authorization"] = f"Bearer {self._tokens[who]}"
        began = time.perf_counter()
        self._connection.request(method, f"/api/v1{path}", body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status == 401 and who:
            self._tokens[who] = self._signed_in(who)
            return self._ask(kind, who, method, path, body, media)
        problem = None if answer.status < 400 else f"{kind}: {answer.status} {content[:200].decode(errors='replace')}"
        self._load._note(kind, answer.status, took, problem)
        is_json = answer.status < 400 and "json" in (answer.headers.get("content-type") or "")
        return json.loads(content) if is_json and content else None

    def _get(self, who: str, path: str, kind: str | None = None) -> Any:
        return self._ask(kind or path.split("/")[1].split("?")[0], who, "GET", path)

    def _signed_in(self, who: str) -> str:
        body = msgspec.json.encode({"identifier": f"{who}@demo.esante.example", "password": PASSWORD})
        answer = self._ask("login", None, "POST", "/auth/login", body)
        if answer is None:
            raise HTTPException(f"{who} could not sign in")
        return str(answer["accessToken"])

    def _read(self) -> None:
        self._get("chloe", f"/appointment-types/{self._clinic.made.types['consultation']}")

    def _page(self) -> None:
        self._get("chloe", f"/appointments?limit=20&practitionerId={self.dice.choice(self._clinic.doctors)}")

    def _find(self, ways: dict[str, Callable[[Any], str]]) -> None:
        path = self.dice.choice(list(ways.values()))(self.dice.choice(self._clinic.known))
        self._get("chloe", path.removeprefix("/api/v1"), "search" if ways is SEARCHES else "duplicates")

    def _book_and_cancel(self) -> None:
        body = self._load.free_time()
        if made := body and self._ask("booking", "chloe", "POST", "/appointments", body):
            self._ask("cancel", "chloe", "POST", f"/appointments/{made['id']}/cancel", b'{"reason":"Called off"}')

    def _consult(self) -> None:
        visit = self._load.visit()
        body = msgspec.json.encode({"appointmentId": visit, **SAYS})
        if made := visit and self._ask("consultation", "amina", "POST", "/consultations", body):
            self._ask("consultation", "amina", "POST", f"/consultations/{made['id']}/complete")
            self._consultations.append(made["id"])

    def _prescribe(self) -> None:
        if self._consultations:
            body = msgspec.json.encode({"consultationId": self.dice.choice(self._consultations), "lines": [LINE]})
            self._ask("prescription", "amina", "POST", "/prescriptions", body)

    def _upload(self) -> None:
        self._ask(
            "upload",
            "chloe",
            "PUT",
            f"/patients/{self.dice.choice(self._clinic.patients)}/photo",
            self._picture,
            "image/jpeg",
        )


def _picture(number: int) -> bytes:
    """A photograph of some 300 kB."""
    out = io.BytesIO()
    Image.frombytes("RGB", (640, 480), random.Random(number).randbytes(640 * 480 * 3)).save(out, "JPEG", quality=75)
    return out.getvalue()
