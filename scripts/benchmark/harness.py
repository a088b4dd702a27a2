"""Servers in processes of their own on one core, load from wrk on the other, and what a request costs by /proc."""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER_CORE, LOAD_CORE = 0, 1
CLIENTS = 32
TICKS = os.sysconf("SC_CLK_TCK")


class Burst(msgspec.Struct, rename="camel"):
    """What one burst of load gave. CPU is user and system time of the server for each request, in microseconds."""

    per_second: float
    p99_ms: float
    cpu_us: float
    database_cpu_us: float = 0.0
    """The same of its database's processes, when it has a database server."""
    backlog_seconds: float = 0.0
    """How long the server went on working after it: jobs that the requests left. Their CPU counts."""
    requests: int = 0
    errors: int = 0


class Server:
    """A server in a process of its own; ready when it answers, ended by its id."""

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        core: int | None = SERVER_CORE,
        path: str = "/",
        beside: int | None = None,
    ) -> None:
        """`beside`: the id of a database server whose processes are counted too."""
        self.port, self.address, self.beside, self._log = port, f"http://127.0.0.1:{port}", beside, log
        started = time.monotonic()
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
                preexec_fn=on_core(core) if core is not None else None,
            )
        try:
            self._wait(path)
        except BaseException:
            self.stop()
            raise
        self.seconds_to_ready = time.monotonic() - started

    @property
    def pid(self) -> int:
        return self.process.pid

    def _wait(self, path: str) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(self.address + path, timeout=2).read()
                return
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise RuntimeError(f"{self._log.name}: the server does not answer\n{self._log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass
class Load:
    """One kind of request, sent by some clients at once. `script` says what is sent when it is not one path again and again."""

    server: Server
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    clients: int = CLIENTS
    script: Callable[["Load"], str] | None = None
    sent: int = 0
    """How many bodies are spent; see `bodies`."""

    def run(self, seconds: int, *, core: int | None = LOAD_CORE) -> Burst:
        """One burst."""
        before, beside = cpu_seconds(self.server.pid), family_cpu_seconds(self.server.beside)
        out = subprocess.run(
            self._command(seconds),
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=on_core(core) if core is not None else None,
        ).stdout
        burst = understood(out)
        self.sent += burst.requests + 4 * self.clients  # what was under way when the burst ended is spent too
        burst.backlog_seconds = settled(self.server.pid)
        burst.cpu_us = (cpu_seconds(self.server.pid) - before) / max(burst.requests, 1) * 1e6
        burst.database_cpu_us = (family_cpu_seconds(self.server.beside) - beside) / max(burst.requests, 1) * 1e6
        return burst

    def _command(self, seconds: int) -> list[str]:
        line = ["wrk", "-t1", f"-c{self.clients}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
        for name, value in self.headers.items():
            line += ["-H", f"{name}: {value}"]
        if self.script:
            file = self.server._log.with_name(f"load-{id(self)}.lua")
            file.write_text(self.script(self))
            line += ["-s", str(file)]
        return [*line, self.server.address + self.path]


def any_of(paths: Path) -> Callable[[Load], str]:
    """Send each time one of the paths in this file, at random."""
    return lambda load: (
        f'local paths = {{}} for line in io.lines("{paths}") do paths[#paths + 1] = line end\n'
        f"math.randomseed({time.monotonic_ns() % 2**31})\n"
        'request = function() return wrk.format("GET", paths[math.random(#paths)]) end\n'
    )


class Bodies:
    """A file of JSON bodies of one width, each sent once over all bursts of all loads that share it."""

    def __init__(self, file: Path, bodies: Sequence[bytes]) -> None:
        self.file, self.count = file, len(bodies)
        self.width = max(map(len, bodies)) + 1
        file.write_bytes(b"".join(body.ljust(self.width - 1) + b"\n" for body in bodies))

    def __call__(self, load: Load) -> str:
        if load.sent >= self.count:
            raise RuntimeError(f"all {self.count} bodies of {self.file.name} are spent")
        return (
            f'local file = io.open("{self.file}") file:seek("set", {load.sent * self.width})\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
            'request = function() return wrk.format("POST", nil, nil, file:read("*l")) end\n'
        )


def rounds(loads: Mapping[str, Load], number: int, seconds: int, say: Callable[[str], None]) -> dict[str, list[Burst]]:
    """Short bursts of all of them in turn, so that a noisy neighbour hits everybody alike. The first round warms up."""
    found: dict[str, list[Burst]] = {name: [] for name in loads}
    for turn in range(number + 1):
        say(f"round {turn} of {number}")
        for name, load in loads.items():
            burst = load.run(seconds)
            if turn:
                found[name].append(burst)
    return found


def understood(out: str) -> Burst:
    """What wrk says."""
    if "Requests/sec" not in out:
        raise RuntimeError(f"wrk said: {out}")
    sockets = _found(r"Socket errors: (.*)", out, "")
    lost = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", sockets))
    return Burst(
        per_second=float(_found(r"Requests/sec:\s+([\d.]+)", out)),
        p99_ms=in_ms(_found(r"\n\s+99%\s+([\d.]+\w+)", out)),
        cpu_us=0.0,
        requests=int(_found(r"(\d+) requests in", out)),
        errors=int(_found(r"Non-2xx or 3xx responses: (\d+)", out, "0")) + lost,
    )


def _found(pattern: str, text: str, default: str | None = None) -> str:
    match = re.search(pattern, text)
    if match is None:
        if default is None:
            raise RuntimeError(f"wrk said: {text}")
        return default
    return match.group(1)


def in_ms(text: str) -> float:
    """`1.50ms`, `740.00us` and `1.02s` in milliseconds."""
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if match is None:
        raise ValueError(f"not a time: {text}")
    return float(match[1]) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[match[2]]


def median_ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median of the rounds' ratios: both lists hold one figure for each round."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


# ------------------------------------------------------------------------------ the machine


def on_core(number: int) -> Callable[[], None]:
    return lambda: os.sched_setaffinity(0, {number})


def pin(pid: int, cores: set[int]) -> None:
    """Move a running process with all its threads."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


def settled(pid: int, most: float = 20.0) -> float:
    """Wait until a process rests, so that what one load left to do does not fall on the next; for how long it did not."""
    began, before = time.monotonic(), cpu_seconds(pid)
    while True:
        time.sleep(0.1)
        now = cpu_seconds(pid)
        if now - before <= 2 / TICKS or time.monotonic() - began > most:
            return round(time.monotonic() - began - 0.1, 1)
        before = now


def cpu_seconds(pid: int) -> float:
    """User and system time of one process."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def family_cpu_seconds(pid: int | None) -> float:
    """User and system time of a process and its children, those that ended included."""
    if pid is None:
        return 0.0
    ticks = sum(int(field) for field in _stat(pid)[11:15])
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = _stat(int(entry.name))
            except (OSError, IndexError):
                continue
            if int(fields[1]) == pid:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing(tools: Mapping[str, str]) -> list[str]:
    """One line for each tool that is not here: `tools` is its name or path, and the Debian package that has it."""
    return [f"{tool} is missing: apt install {package}" for tool, package in tools.items() if not shutil.which(tool)]


def ask(address: str, path: str, headers: Mapping[str, str], body: object = None) -> Any:
    """One request outside the measurement; the decoded answer."""
    data = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(address + path, data, {"content-type": "application/json", **headers})
    answer = urllib.request.urlopen(request, timeout=30).read()
    return msgspec.json.decode(answer) if answer else None


def say(text: str) -> None:
    """Progress, on standard error."""
    print(f"  {text}", file=sys.stderr, flush=True)
