"""What is generated from the code is true; `scripts/fix` writes it anew."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def _generate():  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location("generate", ROOT / "scripts" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["esante/schema.sql", "docs/openapi.json", "docs/SETTINGS.md", "docs/CLI.md", "docs/PROOF.md"]
)
def test_it_is_what_the_code_says(name: str, tmp_path: Path) -> None:
    make = _generate().GENERATED[ROOT / name]
    assert (ROOT / name).read_text(encoding="utf-8") == make(tmp_path), f"{name} is stale: run scripts/fix"
