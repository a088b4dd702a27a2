"""Every message that a person may see is in every catalogue, translated, with the same placeholders."""

import importlib.util
import string
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / "scripts" / "catalogues.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()


@pytest.mark.parametrize("path", TOOL.catalogues(), ids=lambda path: path.parts[-3])
def test_it_says_everything(path: Path) -> None:
    catalogue = TOOL.catalogue(path)
    missing = [message for message in TOOL.messages() if not (catalogue.get(message) and catalogue.get(message).string)]
    assert missing == [], "run scripts/fix, then translate what is empty"


@pytest.mark.parametrize("path", TOOL.catalogues(), ids=lambda path: path.parts[-3])
def test_placeholders_are_the_same(path: Path) -> None:
    wrong = [one.id for one in TOOL.catalogue(path) if one.id and one.string and _names(one.id) != _names(one.string)]
    assert wrong == []


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
