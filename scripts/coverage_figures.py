"""Says the two figures of `scripts/coverage`, writes them as JSON, and fails when one is too low or a test has failed."""

import json
import sys
from pathlib import Path
from typing import Any

import coverage

LINES, POLICIES = 90.0, 100.0


def main(file: str, failed: bool) -> int:
    counted = coverage.Coverage()
    counted.load()
    counted.json_report(outfile=file, pretty_print=False)
    found = figures(json.loads(Path(file).read_text(encoding="utf-8"))["files"])
    Path(file).write_text(json.dumps(found | {"tests_passed": not failed}) + "\n", encoding="utf-8")
    print(
        f"lines {found['lines_percent']:.1f} % of esante/,"
        f" branches of policies {found['policy_branches_percent']:.1f} %" + ("; tests failed" if failed else "")
    )
    return int(failed or not is_enough(found))


def figures(files: dict[str, Any]) -> dict[str, float]:
    """What counts, of coverage's own report on each file."""
    lines = _share(files, "covered_lines", "num_statements")
    policies = {name: found for name, found in files.items() if Path(name).name.startswith("policy")}
    branches = _share(policies, "covered_branches", "num_branches")
    return {
        "lines_percent": round(lines, 2),
        "policies": len(policies),
        "policy_branches": sum(found["summary"]["num_branches"] for found in policies.values()),
        "policy_branches_percent": round(branches, 2),
        "policy_lines_percent": round(_share(policies, "covered_lines", "num_statements"), 2),
    }


def is_enough(found: dict[str, float]) -> bool:
    policies = found["policies"] and found["policy_branches_percent"] >= POLICIES <= found["policy_lines_percent"]
    return bool(policies) and found["lines_percent"] >= LINES


def _share(files: dict[str, Any], covered: str, there: str) -> float:
    total = sum(found["summary"][there] for found in files.values())
    return 100 * sum(found["summary"][covered] for found in files.values()) / max(1, total)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] == "1"))
