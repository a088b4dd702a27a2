"""Every promise of durability, tried, and its control, which must fail: `scripts/faults quick|full`.

Each promise is proven by tests of pytest, which tell their figures (`figures`); this collects them, one line for each.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import msgspec

from tests.process import ROOT

Verdict = Literal["pass", "FAIL", "skipped"]


class Promise(msgspec.Struct, frozen=True):
    """What is promised, and the tests that prove it; `environment` by the size of the run."""

    name: str
    text: str
    tests: tuple[str, ...]
    quick: dict[str, str] = {}
    full: dict[str, str] = {}


class Proof(msgspec.Struct, frozen=True):
    """What came of a promise. `failures` counts what broke it, `controls` says of each broken thing whether it was found."""

    name: str
    promise: str
    verdict: Verdict
    tries: int
    failures: int
    worst_seconds: float | None
    controls: dict[str, bool]
    figures: dict[str, Any]
    seconds: float
    command: str
    why: str | None = None


MOMENT = "tests/faults/test_every_moment.py::test_"
PROMISES = (
    Promise(
        "kill",
        "kill -9 under load: nothing acknowledged is lost, the log is whole, each effect is there once, the next start is clean",
        ("tests/faults/test_kill.py",),
    ),
    Promise(
        "power",
        "a power cut under load, on a disk that drops, keeps or tears what was not synced: the same, and every file opens",
        ("tests/faults/test_power_cut.py",),
    ),
    *(
        Promise(
            f"moment-{name}",
            f"{what}, ended by a kill or by the power at any moment: the old state or the new one, and the next try succeeds",
            (f"{MOMENT}{test}", *(f"{MOMENT}{test}_{control}" for control in controls)),
        )
        for name, what, test, controls in (
            ("init", "esante init", "init", ("control", "control_of_the_power")),
            ("rotate", "key rotate, of the database and of the audit log", "rotation", ("control",)),
            ("upgrade", "an upgrade", "upgrade", ("control",)),
            ("backup", "backup create", "backup", ("control",)),
            ("restore", "backup restore", "restore", ("control", "control_of_the_power")),
        )
    ),
    Promise(
        "strace",
        "the same commands as real processes, killed by strace at their calls to the disk",
        ("tests/faults/test_crash_points.py", "tests/backup/test_crash.py"),
        {"ESANTE_CRASH_SAMPLES": "4"},
        {"ESANTE_CRASH_SAMPLES": "40"},
    ),
    Promise(
        "disk-full",
        "a full disk: refused with words, nothing acknowledged is lost, back by itself when there is room",
        ("tests/faults/test_full_disk.py",),
    ),
    Promise(
        "disk-errors",
        "any read, write, sync or truncation of the database fails: refused, or halted with words; nothing acknowledged is lost",
        ("tests/faults/test_disk_errors.py",),
    ),
    Promise(
        "damage",
        "a bit turned, a piece torn, an end cut off in the database or its log after a crash: whole, or found, never silently less",
        ("tests/faults/test_damage.py",),
    ),
    Promise(
        "audit",
        "any change to the audit log is found, and its first bad line is named",
        ("tests/faults/test_audit_mutants.py", "tests/kernel/test_audit_log.py"),
    ),
    Promise(
        "clock",
        "the clock jumps: nothing is removed, nobody is reminded twice, everybody gets in, an admin is told",
        ("tests/faults/test_clock_jumps.py",),
    ),
    Promise(
        "races",
        "two at once for one slot, version, idempotency key, code or refresh token, over real sockets: one wins",
        ("tests/faults/test_races.py",),
    ),
    Promise(
        "abuse",
        "slow, huge, torn and senseless requests by the hundred: others are served, memory is bounded, no descriptor stays",
        (
            "tests/faults/test_abuse.py",
            "tests/system/test_tls_server.py::test_a_handshake_that_does_not_come_ends",
            "tests/system/test_tls_server.py::test_silent_connections_count_before_their_handshake",
            "tests/system/test_tls_server.py::test_header_and_body_have_their_deadlines_under_tls",
        ),
    ),
    Promise(
        "backup-damage",
        "any byte of a backup changed, cut off or put in: found before anything is restored, and said where",
        ("tests/backup/test_damage.py",),
    ),
)


def prove(promise: Promise, size: Literal["quick", "full"], jobs: int) -> Proof:
    """Run its tests in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        figures, report = Path(folder) / "figures", Path(folder) / "report.xml"
        environment = {
            "ESANTE_FAULTS": size, "ESANTE_FIGURES": str(figures), "ESANTE_FAULTS_JOBS": str(jobs),
            **(promise.full if size == "full" else promise.quick),
        }  # fmt: skip
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *promise.tests],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )
        took = time.monotonic() - started
        told = [json.loads(line) for line in figures.read_text().splitlines()] if figures.exists() else []
        ran = list(_outcomes(report)) if report.exists() else []
    command = " ".join(["scripts/faults", size, "--only", promise.name])
    return _proof(promise, told, ran, done.returncode, done.stdout, took, command)


def _outcomes(report: Path) -> Iterator[tuple[str, str]]:
    """Each test: passed, failed or skipped, and why."""
    for case in ET.parse(report).iter("testcase"):
        bad = [one for one in case if one.tag in ("failure", "error")]
        gone = [one for one in case if one.tag == "skipped"]
        found = bad or gone
        yield ("failed" if bad else "skipped" if gone else "passed"), (found[0].get("message") or "" if found else "")


def _proof(
    promise: Promise, told: list[Any], ran: list[tuple[str, str]], code: int, said: str, took: float, command: str
) -> Proof:
    figures = [one for one in told if "tries" in one]
    controls: dict[str, bool] = {}
    for one in told:
        if "control" in one:
            controls[one["control"]] = one["found"] and controls.get(one["control"], True)
    bad = [why for how, why in ran if how == "failed"]
    skips = [why for how, why in ran if how == "skipped"]
    tries = sum(one["tries"] for one in figures)
    failures = max(sum(one["failures"] for one in figures), len(bad))
    verdict: Verdict = "pass"
    why = None
    if ran and len(skips) == len(ran):
        verdict, why = "skipped", skips[0]
    elif code or bad:
        verdict, why = "FAIL", (bad[0] if bad else said[-1500:])[:1500]
    elif skips:
        verdict, why = "FAIL", f"a part was skipped: {skips[0]}"
    elif failures or not tries:
        verdict, why = "FAIL", "it was broken" if failures else "nothing was tried"
    elif not controls or not all(controls.values()):
        verdict, why = "FAIL", "a control did not fail: this proves nothing"
    slowest = [one["worst_seconds"] for one in figures if one["worst_seconds"] is not None]
    more: dict[str, Any] = {}
    for one in figures:
        for name, value in one["more"].items():
            more[name] = max(more.get(name, value), value) if name.startswith("worst") else more.get(name, 0) + value
    return Proof(
        promise.name, promise.text, verdict, tries, failures, round(max(slowest), 2) if slowest else None, controls, more,
        round(took, 1), command, why,
    )  # fmt: skip


def line(proof: Proof) -> str:
    """For a person."""
    found = sum(proof.controls.values())
    worst = f", worst {proof.worst_seconds} s" if proof.worst_seconds is not None else ""
    more = "".join(f", {name.replace('_', ' ')} {value}" for name, value in proof.figures.items())
    why = f"\n{'':24}{re.sub(r'[^ -~]+', ' ', proof.why)[:400]}" if proof.why else ""
    return (
        f"{proof.verdict:8}{proof.name:16}{proof.failures} of {proof.tries} failed{worst}{more};"
        f" controls found {found} of {len(proof.controls)} ({proof.seconds:.0f} s)\n{'':24}{proof.promise}{why}"
    )


def chosen(names: str | None) -> list[Promise]:
    """Those of these names; all without names."""
    if names is None:
        return list(PROMISES)
    wanted = names.split(",")
    if unknown := set(wanted) - {one.name for one in PROMISES}:
        raise SystemExit(f"No such promise: {', '.join(sorted(unknown))}. See scripts/faults --list")
    return [one for one in PROMISES if one.name in wanted]


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("size", nargs="?", choices=["quick", "full"], help="how often each is tried")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too, after each promise")
    parser.add_argument("--only", metavar="NAME[,NAME]", help="these promises")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many promises, or parts of one, at once")
    parser.add_argument("--list", action="store_true", help="the promises and their names")
    asked = parser.parse_args()
    if asked.list:
        for one in PROMISES:
            print(f"{one.name:16}{one.text}")
        return 0
    if asked.size is None:
        parser.error("quick or full?")
    promises, proofs = chosen(asked.only), list[Proof]()
    inner, outer = (asked.jobs, 1) if len(promises) == 1 else (1, asked.jobs)

    def one(promise: Promise) -> Proof:
        print(f"trying: {promise.name}", file=sys.stderr, flush=True)
        return prove(promise, asked.size, inner)

    with ThreadPoolExecutor(outer) as pool:
        for proof in pool.map(one, promises):
            print(line(proof), flush=True)
            proofs.append(proof)
            if asked.json:
                asked.json.write_bytes(msgspec.json.format(msgspec.json.encode({"size": asked.size, "proofs": proofs})))
    failed = [proof.name for proof in proofs if proof.verdict == "FAIL"]
    print(f"{len(proofs) - len(failed)} of {len(proofs)} hold" + (f"; not: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
