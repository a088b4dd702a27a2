"""Makes `docs/PROOF.md`: the words of `docs/proof/words.md`, with tables from what the programs themselves wrote beside it.

Nobody types a figure. `python scripts/proof.py` puts what it is given by name into `docs/proof` first:
`faults FILE...`, the documents of `scripts/faults --json`; of each promise and size the newest is kept.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs" / "proof"


def page(_: Path | None = None) -> str:
    """The words, each `<!-- name -->` in them replaced by its table."""
    words = (FOLDER / "words.md").read_text(encoding="utf-8")
    return re.sub(r"<!-- (\w+) -->", lambda found: "\n".join(TABLES[found[1]]()), words)


def bench() -> Iterator[str]:
    yield from _rows(_read("bench")["rows"])


def quick() -> Iterator[str]:
    """The promises alone, with the smaller clinic."""
    yield from _rows([row for row in _read("bench-quick")["rows"] if row["ok"] is not None])


def loads() -> Iterator[str]:
    """The medians of the bursts."""
    yield "| load | requests/s | p99 ms | CPU µs a request | its database's CPU µs |"
    yield "|---|--:|--:|--:|--:|"
    for name, bursts in _read("bench")["bursts"].items():
        middle = [
            sorted(burst[field] for burst in bursts)[len(bursts) // 2]
            for field in ("perSecond", "p99Ms", "cpuUs", "databaseCpuUs")
        ]
        yield f"| {name} | {middle[0]:,.0f} | {middle[1]:.1f} | {middle[2]:.0f} | {f'{middle[3]:.0f}' if middle[3] else ''} |"


def machine() -> Iterator[str]:
    found = _read("bench")
    of = found["machine"]
    minutes = f"{found['seconds'] / 60:.0f} minutes"
    yield f"{of['processor']}, {of['cores']} cores, Python {of['python']}, Linux {of['kernel']}; {found['at'][:10]}, {minutes}."
    yield from (f"{note}" for note in found["notes"])


def soak() -> Iterator[str]:
    yield from _rows(_read("soak")["report"]["rows"])


def faults() -> Iterator[str]:
    yield "| promise | tries | broken | controls found | more |"
    yield "|---|--:|--:|--:|---|"
    kept = _read("faults")
    for name in kept["quick"] | kept["full"]:
        size = "full" if name in kept["full"] else "quick"
        proof = kept[size][name]
        more = [f"{key.replace('_', ' ')} {value:,}" for key, value in proof["figures"].items()]
        more += [f"`{proof['command']}`"]
        said = (
            f"{proof['tries']:,} | {proof['failures']} | {sum(proof['controls'].values())} of {len(proof['controls'])}"
        )
        verdict = "" if proof["verdict"] == "pass" else f"**{proof['verdict']}**: "
        yield f"| {verdict}{proof['promise']} | {said} | {', '.join(more)} |"


def rights() -> Iterator[str]:
    found = _read("rights")
    yield "| figure | |"
    yield "|---|--:|"
    for name, value in found.items():
        yield f"| {name.replace('_', ' ')} | {value:,} |"


def covered() -> Iterator[str]:
    found = _read("coverage")
    yield (
        f"Lines of `esante/`: **{found['lines_percent']:.1f} %**. Branches of the {found['policies']} policies:"
        f" **{found['policy_branches_percent']:.1f} %** of {found['policy_branches']}."
        + ("" if found["tests_passed"] else " In the run that counted this, some tests had failed.")
    )


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "bench": bench, "quick": quick, "loads": loads, "machine": machine, "soak": soak, "faults": faults, "rights": rights,
    "covered": covered,
}  # fmt: skip


def _rows(rows: list[Any]) -> Iterator[str]:
    yield "| item | figure | found | promised | |"
    yield "|---|---|--:|--:|---|"
    for row in rows:
        verdict = {True: "kept", False: "**missed**", None: "stated"}[row["ok"]]
        yield f"| {row['item']} | {row['figure']} | {_number(row['value'])}{row['unit']} | {row['budget'] or ''} | {verdict} |"


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def _read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def _keep_faults(files: list[str]) -> None:
    """One document of all promises: `{"quick": {name: proof}, "full": {...}}`."""
    path = FOLDER / "faults.json"
    kept = _read("faults") if path.exists() else {"quick": {}, "full": {}}
    for file in files:
        told = json.loads(Path(file).read_text(encoding="utf-8"))
        kept[told["size"]] |= {proof["name"]: proof for proof in told["proofs"]}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["faults"]:
        _keep_faults(sys.argv[2:])
    (FOLDER.parent / "PROOF.md").write_text(page(), encoding="utf-8")
