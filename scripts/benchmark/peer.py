"""Starts and fills the peer of `peer_app`: PostgreSQL in a temporary folder, on a socket of its own, and its server."""

import os
import pwd
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from scripts.benchmark.clinic import DOCTORS, SLOTS, Size, local_midnight, start_of
from scripts.benchmark.harness import ROOT, Server, free_port

BIN = Path("/usr/lib/postgresql/15/bin")
PYTHON = ROOT / ".venv-bench/bin/python"
HERE = Path(__file__).parent
SETTINGS = "shared_buffers=512MB fsync=on synchronous_commit=on max_connections=100 listen_addresses="
NEEDED = {str(BIN / "postgres"): "postgresql-15"}
"""The program, and the Debian package that has it."""


@dataclass
class Peer:
    """A peer that answers: its server, whom one signs in as, and what its database says of itself."""

    server: Server
    headers: dict[str, str]
    database: str
    patients: int

    def looks(self, file: Path, route: str) -> Path:
        """Paths of patients whom its doctor treats, one a line."""
        file.write_text("\n".join(f"/{route}/{number}" for number in range(1, self.patients + 1, 33)))
        return file

    def pages(self, file: Path, route: str) -> Path:
        file.write_text("\n".join(f"/{route}?practitioner_id={number}&limit=20" for number in range(1, DOCTORS + 1)))
        return file


def bookings(patients: int) -> list[bytes]:
    """The same free times as `clinic.bookings` has."""
    made: list[bytes] = []
    for ahead in range(2, 178):
        day = local_midnight() + timedelta(days=ahead)
        for slot in range(SLOTS):
            at = start_of(day, slot).isoformat()
            for doctor in range(1, DOCTORS + 1):
                body = {"practitioner_id": doctor, "patient_id": 1 + len(made) % patients, "type_id": 1}
                made.append(msgspec.json.encode({**body, "starts_at": at, "reason": "Bench"}))
    return made


@contextmanager
def running(folder: Path, size: Size, say: Callable[[str], None]) -> Iterator[Peer]:
    """The peer with as much data as ours; PostgreSQL runs unpinned, which favours it, its server on the server's core."""
    say("the peer: PostgreSQL and its rows")
    with _postgres(folder) as (pid, address):
        token = secrets.token_urlsafe(32)
        environment = {"DATABASE_URL": address, "PYTHONPATH": str(HERE)}
        sizes = [str(number) for number in msgspec.structs.astuple(size)]
        done = subprocess.run(
            [PYTHON, HERE / "peer_data.py", *sizes, token],
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"the peer's rows: {done.stderr[-2000:]}")
        port = free_port()
        command = [
            str(PYTHON), "-m", "uvicorn", "peer_app:app", "--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop",
            "--http", "httptools", "--ws", "none", "--no-access-log", "--log-level", "warning",
        ]  # fmt: skip
        with Server(command, port, folder / "peer.log", environment=environment, path="/health", beside=pid) as server:
            yield Peer(server, {"Authorization": f"Bearer {token}"}, done.stdout.strip(), size.patients)


@contextmanager
def _postgres(folder: Path) -> Iterator[tuple[int, str]]:
    """A cluster of its own, as user postgres where root runs this; the id of its first process and its address."""
    data = folder / "postgresql"
    data.mkdir(mode=0o700)
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        owner = pwd.getpwnam(user)
        os.chown(data, owner.pw_uid, owner.pw_gid)
        _let_through(folder)
    _run(user, BIN / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale")
    options = " ".join(f"-c {setting}" for setting in (*SETTINGS.split(), f"unix_socket_directories={data}"))
    _run(user, BIN / "pg_ctl", "-w", "-D", data, "-l", data / "log", "-o", options, "start")
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        yield pid, f"postgresql+asyncpg://postgres@/postgres?host={data}"
    finally:
        _run(user, BIN / "pg_ctl", "-w", "-D", data, "-m", "fast", "stop")


def _run(user: str | None, *command: str | Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=user,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}")


def _let_through(folder: Path) -> None:
    """Another user may pass through the temporary folders, and see nothing in them."""
    while folder != folder.parent and folder.stat().st_uid == os.geteuid():
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
        folder = folder.parent
