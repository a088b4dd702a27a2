"""Does the time of a sign-in tell whether an address is known? The ratio of medians over interleaved pairs, known to unknown.

Every pair is one wrong password for an account of the clinic and one for an address that nobody has, in random order, over
one connection to a server in a process of its own. The ratio must lie between 0.97 and 1.03.
"""

import argparse
import asyncio
import http.client
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import config, free_port, furnish, process

from esante.server import serve

LEAST, MOST = 0.97, 1.03


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pairs", type=int, default=300)
    arguments.add_argument("--json", metavar="FILE", type=Path, help="write the figures to this file as well")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="esante-bench-") as name:
        folder = Path(name)
        made = asyncio.run(furnish(folder, 100))
        port = free_port()
        with process(lambda: serve(folder, config(folder, port)), port):
            known, unknown = measure(port, [f"{one}@demo.esante.example" for one in made.accounts], chosen.pairs)
    return report(known, unknown, chosen.json)


def measure(port: int, accounts: list[str], pairs: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each sign-in with a wrong password."""
    connection, dice = http.client.HTTPConnection("127.0.0.1", port, timeout=30), random.Random(5)
    known: list[float] = []
    unknown: list[float] = []
    for number in range(-20, pairs):  # the first twenty warm up
        turns = [(dice.choice(accounts), known), (f"{dice.randrange(10**6):06d}@demo.esante.example", unknown)]
        dice.shuffle(turns)
        for identifier, times in turns:
            took = sign_in(connection, identifier)
            if number >= 0:
                times.append(took)
    return known, unknown


def sign_in(connection: http.client.HTTPConnection, identifier: str) -> float:
    body = json.dumps({"identifier": identifier, "password": "Wrong-Horse-7"})
    started = time.perf_counter()
    connection.request("POST", "/api/v1/auth/login", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 401:
        raise RuntimeError(f"a wrong password was answered with {answer.status}")
    return (time.perf_counter() - started) * 1000


def report(known: list[float], unknown: list[float], file: Path | None) -> int:
    ratio = statistics.median(known) / statistics.median(unknown)
    ok = LEAST <= ratio <= MOST
    print(f"{len(known)} interleaved pairs of wrong passwords; median, p10 and p90 in ms\n")
    for name, times in (("known", known), ("unknown", unknown)):
        tenths = statistics.quantiles(times, n=10)
        print(f"{name:10} {statistics.median(times):8.2f} {tenths[0]:8.2f} {tenths[-1]:8.2f}")
    print(f"\nknown / unknown: {ratio:.3f} ({LEAST} to {MOST}) {'ok' if ok else 'MISSED'}")
    if file:
        file.write_text(
            json.dumps(
                {"pairs": len(known), "ratio": round(ratio, 4), "ok": ok, "knownMs": known, "unknownMs": unknown}
            )
        )
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
