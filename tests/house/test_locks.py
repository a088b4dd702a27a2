"""The lock files are closed: `pip install --require-hashes` refuses a package whose requirement is not pinned too."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_whatever_a_pinned_package_needs_is_pinned(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.M)}
    missing = {f"{name} needs {need}" for name in pinned for need in _needs(name) if need not in pinned}
    assert missing == set()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_no_index_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--index|--find-links|--trusted-host", text)


def _needs(name: str) -> set[str]:
    try:
        found = requires(name) or []
    except PackageNotFoundError:  # for another system
        return set()
    wanted = (Requirement(one) for one in found)
    return {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})}
