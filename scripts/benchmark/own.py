"""Our own servers as an operator starts them: `esante serve` on a clinic's folder."""

import subprocess
import sys
from pathlib import Path

from scripts.benchmark.clinic import PASSWORD, Clinic
from scripts.benchmark.harness import SERVER_CORE, Server, ask, free_port

HERE = Path(__file__).parent
ONE_EACH = "import sys, esante.kernel.database as d; d.BATCH = 1; from esante.cli.main import main; sys.argv[0] = 'esante'; main()"
"""The same product with one command for each commit: what a server without group commit would do. Not an option of esante."""


def serve(clinic: Clinic, *, core: int | None = SERVER_CORE, one_each: bool = False, **environment: str) -> Server:
    """Start it; ready when `/api/v1/ready` says so."""
    port = free_port()
    start = ["-c", ONE_EACH] if one_each else ["-m", "esante"]
    command = [
        sys.executable, *start, "serve", "--data", str(clinic.data), "--config", str(clinic.config), "--port", str(port),
    ]  # fmt: skip
    log = clinic.folder / "server.log"
    return Server(command, port, log, core=core, environment=environment, path="/api/v1/ready")


def serve_bare(folder: Path) -> Server:
    port = free_port()
    return Server([sys.executable, "-m", "scripts.benchmark.bare", str(port)], port, folder / "bare.log")


def signed_in(server: Server, name: str) -> dict[str, str]:
    """The headers of somebody of the cast who signed in."""
    body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD}
    answer = ask(server.address, "/api/v1/auth/login", {}, body)
    return {"Authorization": f"Bearer {answer['accessToken']}"}


def slow_disk(folder: Path, milliseconds: int) -> dict[str, str]:
    """The environment in which each sync of a process takes so much longer. Needs gcc."""
    library = folder / "slowsync.so"
    command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(HERE / "slowsync.c"), "-ldl"]
    subprocess.run(command, check=True)
    return {"LD_PRELOAD": str(library), "SLOWSYNC_US": str(milliseconds * 1000)}
