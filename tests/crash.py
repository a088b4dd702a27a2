"""Killing a command at each of its calls that touch the disk, by strace: what a power cut between any two of them leaves."""

import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.process import ROOT

FULL = os.environ.get("ESANTE_FULL") == "1"
SAMPLES = int(os.environ.get("ESANTE_CRASH_SAMPLES", "4"))
"""So many calls are tried in the short form; the full form tries all, which takes hours."""
CALLS = (
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "unlink",
    "unlinkat",
    "mkdir",
    "rmdir",
)

EXPECTED = frozenset({"rename", "fsync", "fdatasync", "pwrite64", "unlink", "mkdir"})
PLAIN = "from esante.cli.main import main; main()"


def strace(more: list[str], code: str, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    command = ["strace", "-f", "-qq", *more, sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)


def crash_points(
    code: str, arguments: list[str], root: Path, *, at_least: frozenset[str] = EXPECTED
) -> list[tuple[str, int]]:
    """Every call that touches something below `root`: its kind, and the how manieth of its kind in its thread, as strace counts."""
    out = root.parent / "calls.txt"
    done = strace(["-y", "--seccomp-bpf", "-o", str(out), "-e", f"trace={','.join(CALLS)}"], code, arguments)
    assert done.returncode == 0, done.stderr
    seen, points = Counter[tuple[str, str]](), []
    for line in out.read_text(errors="replace").splitlines():
        if (call := re.match(r"(\d+) +(\w+)\(", line)) is None:
            continue
        thread, name = call[1], call[2]
        seen[thread, name] += 1
        if str(root) in line and (name, seen[thread, name]) not in points:
            points.append((name, seen[thread, name]))
    assert at_least <= {name for name, _ in points}, "strace sees fewer kinds of calls than there are"
    return points


def some_of(points: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """All of them, or some: each rename, for there it is decided, and a few of the rest."""
    if FULL:
        return points
    renames = [point for point in points if point[0] == "rename"]
    rest = [point for point in points if point[0] != "rename"]
    return renames[:2] + random.Random(5).sample(rest, SAMPLES - 2)


def kill_at(point: tuple[str, int], code: str, arguments: list[str]) -> None:
    name, number = point
    # Not with --seccomp-bpf: together with -f it lets the call pass.
    inject = ["-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}"]
    assert strace(inject, code, arguments).returncode == -9, f"{point} was not reached"
