"""The clinic as an operator runs it: `esante serve` in a process of its own, on a free port of this machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.live import free_port

ROOT = Path(__file__).parent.parent


class Served:
    """One server process; ended by its id."""

    def __init__(
        self,
        data: Path,
        config: Path,
        command: str = "serve",
        *,
        scheme: str = "http",
        prelude: str = "",
        **environment: str,
    ) -> None:
        """`prelude` is run first, to make a worse server of it: a control."""
        self.port = free_port()
        self.address = f"{scheme}://127.0.0.1:{self.port}"
        started = time.monotonic()
        self._log = (data.parent / "server.log").open("ab")
        self.process = subprocess.Popen(
            esante(command, "--data", str(data), "--config", str(config), "--port", str(self.port), prelude=prelude),
            stdout=self._log,
            stderr=self._log,
            cwd=ROOT,
            env=os.environ | environment,
        )
        while True:
            try:
                httpx.get(f"{self.address}/api/v1/health", timeout=1, verify=False)
                break
            except httpx.HTTPError:
                assert self.process.poll() is None, (data.parent / "server.log").read_text()[-3000:]
                assert time.monotonic() - started < 30, "the server does not answer"
                time.sleep(0.02)
        self.seconds_to_ready = time.monotonic() - started

    def kill(self) -> None:
        """kill -9: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._log.close()

    def stop(self) -> int:
        """As an operator stops it; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self._log.close()
        return code


def esante(*arguments: str, prelude: str = "") -> list[str]:
    if prelude:
        return [sys.executable, "-c", f"{prelude}\nfrom esante.cli.main import main\nmain()", *arguments]
    return [sys.executable, "-m", "esante", *arguments]


def run(*arguments: str, check: bool = True, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command of the console to its end; `typed` comes through standard input."""
    done = subprocess.run(
        esante(*arguments), capture_output=True, text=True, cwd=ROOT, env={**os.environ, "COLUMNS": "200"}, input=typed
    )
    assert not check or done.returncode == 0, done.stderr
    return done
