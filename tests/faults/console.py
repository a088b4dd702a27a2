"""A console that is warm: it has imported everything, and forks for each command. A tenth of a second instead of one or two.

`python -m tests.faults.console` reads commands as lines of JSON; `Console` speaks to it.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, suppress
from typing import Any

import msgspec

from tests.process import ROOT

WARM = "box key audit backup database users restore"


class Done(msgspec.Struct, frozen=True):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def problem(self) -> str:
        """What it complains of; empty when it does not."""
        return (self.err or self.out or "it failed without a word") if self.code else ""


class Console:
    """`console("audit", "verify")`; `prelude` is run once before the first command, to break or to change something."""

    def __init__(self, prelude: str = "") -> None:
        command = [sys.executable, "-m", "tests.faults.console", prelude]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, *arguments: str) -> Done:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(arguments).encode() + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Done)

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _serve(prelude: str) -> None:
    from importlib import import_module

    from esante.cli import main

    for name in WARM.split():
        import_module(f"esante.cli.{name}")
    with (
        suppress(SystemExit),
        open(os.devnull, "w") as nowhere,
        redirect_stderr(nowhere),
    ):  # what is imported on the way
        sys.argv = ["esante", "audit", "verify", "--data", "/nowhere"]
        main.main()
    gc.freeze()
    exec(prelude, {})  # noqa: S102 - a test's own words
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            if not (child := os.fork()):
                _run(main, json.loads(line), out.fileno(), err.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = [_all_of(one) for one in (out, err)]
        print(json.dumps({"code": code, "out": said[0], "err": said[1]}), flush=True)


def _run(main: Any, arguments: list[str], out: int, err: int) -> None:
    """In the child; does not return."""
    code = 70
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.argv = ["esante", *arguments]
        main.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _all_of(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode(errors="replace"))


if __name__ == "__main__":
    _serve(sys.argv[1])
