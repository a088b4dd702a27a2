"""Writes the CycloneDX document of `requirements.lock`; run by `scripts/sbom`.

The environment knows licences and dependencies, but has the tools of development too; the lock knows what is shipped, and its
hashes. So: what the environment says of what the lock names. A package that is locked and not installed as locked is an error.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parent.parent
ASKED = ["environment", "--pyproject", "pyproject.toml", "--output-reproducible", "--output-file", "-"]


def main(file: str) -> int:
    whole = json.loads(
        subprocess.run(
            [sys.executable, "-m", "cyclonedx_py", *ASKED, sys.executable],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
        ).stdout
    )
    found = narrowed(whole, locked((ROOT / "requirements.lock").read_text(encoding="utf-8")))
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        print(f"The document does not keep to CycloneDX 1.6: {wrong}", file=sys.stderr)
        return 1
    Path(file).write_text(text, encoding="utf-8")
    licensed = sum("licenses" in one for one in found["components"])
    print(f"{file}: CycloneDX 1.6, valid; {len(found['components'])} components, {licensed} with a declared licence")
    return 0


def locked(text: str) -> dict[str, tuple[str, list[str]]]:
    """By name: the version, and the SHA-256 of every file that may be installed."""
    entries = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)([^\n]*(?:\n[ \t]+[^\n]*)*)", text, re.M)
    return {_plain(name): (version, re.findall(r"sha256:([0-9a-f]{64})", rest)) for name, version, rest in entries}


def narrowed(whole: dict[str, Any], lock: dict[str, tuple[str, list[str]]]) -> dict[str, Any]:
    """Only what is locked, each with its hashes."""
    kept = {}
    for one in whole["components"]:
        version, hashes = lock.get(_plain(one["name"]), ("", []))
        if version == one["version"]:
            files = {
                "type": "distribution",
                "url": f"https://pypi.org/simple/{_plain(one['name'])}/",
                "hashes": [{"alg": "SHA-256", "content": each} for each in sorted(hashes)],
            }
            kept[one["bom-ref"]] = one | {"externalReferences": [*one.get("externalReferences", []), files]}
    if missing := lock.keys() - {_plain(one["name"]) for one in kept.values()}:
        raise SystemExit(f"Locked, and not installed as locked: {', '.join(sorted(missing))}")
    root = whole["metadata"]["component"]["bom-ref"]
    graph = [
        {"ref": one["ref"], "dependsOn": [each for each in one.get("dependsOn", []) if each in kept]}
        for one in whole["dependencies"]
        if one["ref"] in kept or one["ref"] == root
    ]
    return whole | {"components": list(kept.values()), "dependencies": graph}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
