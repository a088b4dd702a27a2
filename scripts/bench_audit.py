"""How fast the audit log is verified, against a bare scan of the same table: `scripts/bench_audit.py [--lines N] [--json FILE]`.

One core, one run, interleaved; the ratio is of medians. The budget: verification at 0.25 of a bare scan or better.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from esante.app import DATABASE, bring_up_to_date
from esante.kernel import audit_log, checkpoints, keyring
from esante.kernel.checkpoints import Signer
from esante.kernel.connection import open_database
from esante.kernel.structs import new_id

BUDGET = 0.25
ROUNDS = 5


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--lines", type=int, default=200_000)
    wanted.add_argument("--json", type=Path)
    asked = wanted.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ring = keyring.create(folder, folder / "key")
        bring_up_to_date(folder, ring, new=True)
        signer = Signer(ring)
        fill(folder, ring, signer, asked.lines)
        conn = open_database(folder / DATABASE, ring.key("database"), "slow-reader")
        scans, checks = [], []
        for _ in range(ROUNDS):
            scans.append(timed(lambda: sum(1 for _ in conn.execute(audit_log.SELECT))))
            checks.append(
                timed(
                    lambda: audit_log.verify(conn, ring.audit_keys, signed=checkpoints.kept(conn, signer)).ok or 1 / 0
                )
            )
        conn.close()
    scan, check = statistics.median(scans), statistics.median(checks)
    found = {
        "lines": asked.lines,
        "scanLinesPerSecond": round(asked.lines / scan),
        "verifiedLinesPerSecond": round(asked.lines / check),
        "ratio": round(scan / check, 2),
        "budget": BUDGET,
    }
    print(json.dumps(found, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(found))


def fill(folder: Path, ring: keyring.Keyring, signer: Signer, lines: int) -> None:
    """Lines as the clinic writes them, with a checkpoint every thousand."""
    conn = open_database(folder / DATABASE, ring.key("database"), "writer")
    head = audit_log.head(conn)
    for _ in range(lines // 1_000):
        batch = [
            (new_id(), "doctor", None, new_id(), "192.168.1.20", "0123456789abcdef", "consultation.accessed", "info",
             "done", new_id(), new_id(), None, None, '{"version":3,"access":"read"}')
            for _ in range(1_000)
        ]  # fmt: skip
        with conn:
            head = audit_log.append(conn, ring.key("audit"), head, "2026-11-20T12:00:00.000Z", batch)
            tree = checkpoints.grown(conn)
            checkpoints.keep(conn, signer.sign(tree.size, tree.root()), tree.peaks, head.at)
    conn.close()


def timed(work) -> float:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
