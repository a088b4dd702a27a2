"""A real disk that is full (a small tmpfs), under a real server: nothing acknowledged is lost, nothing is 500, no restart.

Full at the start, at commits, at checkpoints, at uploads, at a backup, at the log.
"""

import io
import json
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from esante.demo import Furnished
from tests.conftest import PASSWORD
from tests.faults.figures import SIZE, control, tell
from tests.faults.test_kill import bookings, missing, verdict
from tests.live import wait_until
from tests.process import Served, esante, run

ROOM = "160m"
CARELESS = """
import apsw
from esante.kernel.writer import Writer
whole = Writer._commit
def careless(self, *arguments):
    try:
        whole(self, *arguments)
    except apsw.FullError:
        if self.conn.in_transaction:
            self.conn.execute("ROLLBACK")
Writer._commit = careless
"""
"""The control: a server that says "saved" although there was no room."""
CALM = {200, 201, 202, 204}
FULL = {503, 507}


class SmallDisk:
    """A disk that can be filled to the last byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, leave: int = 0) -> None:
        """Leave so many bytes."""
        with self._filler.open("ab") as out:
            while (free := self.free() - leave) > 0:
                try:
                    os.posix_fallocate(out.fileno(), os.fstat(out.fileno()).st_size, min(free, 1 << 20))
                except OSError:
                    break

    def leave_percent(self, percent: float) -> None:
        self.empty()
        found = os.statvfs(self.path)
        self.fill(int(found.f_blocks * found.f_frsize * percent / 100))

    def empty(self) -> None:
        self._filler.unlink(missing_ok=True)

    def free(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallDisk]:
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    yield SmallDisk(place)
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def data(small: SmallDisk, furnished: tuple[Path, Furnished], tmp_path: Path) -> Path:
    shutil.copytree(furnished[0], small.path / "data")
    (tmp_path / "esante.toml").write_text(
        "[limits]\nconnections_per_address = 1000\nrequests_per_account = 1000000\nrequests_per_address = 100000\n"
        f'tries_per_address = 10000\nuploads_per_account = 100000\n[log]\nfile = "{small.path / "esante.log"}"\nrequests = true\n'
        f'[keys]\nfile = "{small.path / "data" / "demo-key"}"\n[backup]\nfolder = "{small.path / "backups"}"\n'
    )
    return small.path / "data"


@pytest.fixture
def server(data: Path, tmp_path: Path) -> Iterator[Served]:
    server = Served(data, tmp_path / "esante.toml")
    yield server
    server.kill()


def signed_in(server: Served, name: str) -> httpx.Client:
    client = httpx.Client(base_url=f"{server.address}/api/v1", timeout=20)
    body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD}
    answer = client.post("/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    client.headers["authorization"] = f"Bearer {answer.json()['accessToken']}"
    return client


def level(server: Served) -> str:
    answer = httpx.get(f"{server.address}/api/v1/ready", timeout=10)
    return "ready" if answer.status_code == 200 else answer.json()["error"]["code"]


def picture() -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3)).save(out, "PNG")
    return out.getvalue()


def test_commits_and_checkpoints(
    server: Served, small: SmallDisk, data: Path, furnished: tuple[Path, Furnished]
) -> None:
    """It is filled to the last byte under load, again and again, faster than anybody looks."""
    client, wishes = signed_in(server, "chloe"), bookings(furnished[1])
    ledger: list[str] = []
    answers: Counter[int] = Counter()

    def book() -> int:
        answer = client.post("/appointments", json=next(wishes))
        answers[answer.status_code] += 1
        if answer.status_code == 201:
            ledger.append(answer.json()["id"])
        return answer.status_code

    for _ in range(4):
        until = time.monotonic() + 0.6
        while time.monotonic() < until:
            book()
        small.fill()
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            book()
        assert client.get("/doctors").status_code == 200, "reads go on"
        small.empty()
        wait_until(lambda: level(server) == "ready", 20)
        wait_until(lambda: book() == 201, 10)
    assert set(answers) <= CALM | FULL, answers
    assert answers[507], "it was never full: this proves nothing"
    assert answers[201] > 20
    lost = missing(data, ledger)
    tell(answers.total(), len(lost), acknowledged=answers[201], refused=answers[507])
    assert lost == []
    assert server.stop() == 0
    assert missing(data, ledger) == []
    assert verdict(data).ok


@pytest.mark.skipif(SIZE == "short", reason="a longer proof: scripts/faults")
def test_a_server_that_does_not_mind_is_found(
    small: SmallDisk, data: Path, furnished: tuple[Path, Furnished], tmp_path: Path
) -> None:
    server = Served(data, tmp_path / "esante.toml", prelude=CARELESS)
    ledger: list[str] = []
    try:
        client, wishes = signed_in(server, "chloe"), bookings(furnished[1])
        for _ in range(10):
            until = time.monotonic() + 0.5
            small.fill()
            while time.monotonic() < until:
                answer = client.post("/appointments", json=next(wishes))
                ledger += [answer.json()["id"]] if answer.status_code == 201 else []
            small.empty()
            wait_until(lambda: level(server) == "ready", 20)
            if missing(data, ledger):
                break
    finally:
        server.kill()
        small.empty()
    found = bool(missing(data, ledger))
    control('a server that says "saved" on a full disk', found)
    assert found


def test_its_marks(server: Served, small: SmallDisk, data: Path) -> None:
    """Below 5 % no files; below 2 % only what must be, on the ballast: signing in and out, and looks with their lines."""
    gwen, logo = signed_in(server, "gwen"), picture()
    headers = {"content-type": "image/png"}
    put = lambda: gwen.put("/settings/logo", content=logo, headers=headers)  # noqa: E731
    version = lambda: gwen.get("/settings/timeZone").headers["etag"]  # noqa: E731
    change = lambda zone: gwen.put("/settings/timeZone", json={"value": zone}, headers={"if-match": version()})  # noqa: E731
    assert put().status_code == 200
    wait_until((data / "ballast").exists, 10)

    small.leave_percent(4)
    wait_until(lambda: put().status_code == 507, 10)
    assert put().json()["error"]["code"] == "DISK_FULL"
    assert "fichier" in put().text
    assert change("Europe/Lisbon").status_code == 200
    assert (data / "ballast").exists()

    small.leave_percent(1.2)
    wait_until(lambda: level(server) == "READ_ONLY", 10)
    assert not (data / "ballast").exists()
    assert change("Europe/Paris").status_code == 507
    assert put().status_code == 507
    doctor = signed_in(server, "amina")
    assert doctor.get("/appointments").status_code == 200
    assert doctor.post("/auth/logout").status_code in CALM
    assert gwen.get("/audit/verify").json()["ok"]
    assert httpx.get(f"{server.address}/api/v1/health").json()["status"] == "readOnly"
    report = gwen.get("/admin/health").json()
    assert report["status"] == "critical"
    assert {"READ_ONLY", "DISK_LOW"} <= {problem["code"] for problem in report["problems"]}

    small.empty()
    wait_until(lambda: level(server) == "ready", 20)
    assert put().status_code == 200
    assert change("Europe/Paris").status_code == 200
    wait_until((data / "ballast").exists, 10)
    wait_until(lambda: "disk_low" in str(gwen.get("/notifications").json()), 60)


def test_uploads(server: Served, small: SmallDisk, data: Path) -> None:
    """Full in the middle of a file: 507, and no piece of it stays."""
    gwen, logo, headers = signed_in(server, "gwen"), picture(), {"content-type": "image/png"}
    answers: Counter[int] = Counter()
    stop = threading.Event()

    def fill_and_empty() -> None:
        while not stop.is_set():
            small.fill(leave=100_000)
            stop.wait(0.05)
            small.empty()
            stop.wait(0.05)

    filler = threading.Thread(target=fill_and_empty)
    filler.start()
    for _ in range(60):
        answers[gwen.put("/settings/logo", content=logo, headers=headers).status_code] += 1
    stop.set()
    filler.join()
    small.empty()
    assert set(answers) <= CALM | FULL, answers
    assert answers[507]
    wait_until(lambda: gwen.put("/settings/logo", content=logo, headers=headers).status_code == 200, 20)
    assert not list((data / "files").rglob("*.part"))


def test_the_log(server: Served, small: SmallDisk) -> None:
    """Lines are lost and counted; requests are answered; later lines are there."""
    anybody = httpx.Client(base_url=server.address, timeout=10)
    small.fill()
    wait_until(lambda: level(server) != "ready", 20)
    small.fill()  # the room of the ballast too, which was given up for what must be written
    for _ in range(50):
        assert anybody.get("/api/v1/doctors").status_code in {200, 429}
    small.empty()
    lost = [
        line for line in anybody.get("/metrics").text.splitlines() if line.startswith("esante_log_lines_lost_total")
    ]
    assert float(lost[0].split()[1]) > 0
    wait_until(lambda: level(server) == "ready", 20)
    anybody.get("/api/v1/specialties")
    last = (small.path / "esante.log").read_text().splitlines()[-1]
    assert json.loads(last)["route"] == "/api/v1/specialties"


def test_a_backup(server: Served, small: SmallDisk, data: Path, tmp_path: Path) -> None:
    """It fails with words, leaves the server alone, and works when there is room."""
    where = ("--data", str(data), "--config", str(tmp_path / "esante.toml"))
    small.fill(leave=200_000)
    failed = run("backup", "create", *where, check=False)
    assert failed.returncode != 0
    assert "Traceback" not in failed.stderr
    assert "space" in failed.stderr or "room" in failed.stderr or "disk" in failed.stderr, failed.stderr
    assert httpx.get(f"{server.address}/api/v1/health").status_code == 200
    small.empty()
    wait_until(lambda: level(server) == "ready", 20)
    assert run("backup", "create", *where).returncode == 0


def test_the_start(data: Path, small: SmallDisk, tmp_path: Path) -> None:
    """With its ballast it starts and serves; without, it says in one line what to do, and starts when that was done."""
    config = tmp_path / "esante.toml"
    first = Served(data, config)
    wait_until((data / "ballast").exists, 10)
    assert first.stop() == 0
    small.fill()
    second = Served(data, config)
    assert level(second) == "READ_ONLY"
    client = signed_in(second, "chloe")
    assert client.get("/appointments").status_code == 200
    small.empty()
    wait_until(lambda: level(second) == "ready", 20)
    assert second.stop() == 0

    small.empty()
    (data / "ballast").unlink(missing_ok=True)
    small.fill()
    done: Any = subprocess.run(
        esante("serve", "--data", str(data), "--config", str(config), "--port", "0"),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "The disk is full. Free some space" in done.stderr
    assert "Traceback" not in done.stderr
    small.empty()
    third = Served(data, config)
    assert level(third) == "ready"
    assert verdict(data).ok
    assert third.stop() == 0
