"""The lock files are closed: `pip install --require-hashes` refuses a package whose requirement is not pinned too."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
LOCKS = ["requirements.lock", "requirements-dev.lock"]


@pytest.mark.parametrize("lock", LOCKS)
def test_whatever_a_pinned_package_needs_is_pinned(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.M)}
    missing = {f"{name} needs {need}" for name in pinned for need in _needs(name) if need not in pinned}
    assert missing == set()


@pytest.mark.parametrize("lock", [*LOCKS, "requirements-bench.lock"])
def test_no_index_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--index|--find-links|--trusted-host", text)


def test_the_peer_runs_on_the_server_that_we_run_on() -> None:
    """The benchmark's own environment: every package pinned with its hashes, the HTTP server as in ours, nothing of ours."""
    peer, ours = _pins("requirements-bench.lock"), _pins("requirements.lock")
    assert {"fastapi", "sqlalchemy", "asyncpg"} <= set(peer)
    assert {name: peer[name] for name in ("uvicorn", "uvloop", "httptools")} == {
        name: ours[name] for name in ("uvicorn", "uvloop", "httptools")
    }
    asked = (ROOT / "requirements-bench.in").read_text(encoding="utf-8").split("\n")
    wanted = {canonicalize_name(Requirement(one).name) for one in asked if one and one[0] not in "#-"}
    assert wanted <= set(peer)


@pytest.mark.parametrize("lock", [*LOCKS, "requirements-bench.lock"])
def test_every_pin_has_its_hashes(lock: str) -> None:
    entries = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").strip().split("\n")
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def too_high(wanted: list[str], pins: dict[str, str]) -> list[str]:
    """Which requirements have no lower bound, or one that the locked version does not reach."""
    found = {one: Requirement(one) for one in wanted}
    return [
        one
        for one, asked in found.items()
        if [each.operator for each in asked.specifier] != [">="]
        or not asked.specifier.contains(pins[canonicalize_name(asked.name)])
    ]


def test_every_dependency_has_a_floor_that_the_locks_reach() -> None:
    """That the floors themselves do, `scripts/floors` tries: it installs them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert too_high(project["dependencies"], _pins("requirements.lock")) == []
    assert too_high(project["optional-dependencies"]["dev"], _pins("requirements-dev.lock")) == []
    wrong = ["litestar", "litestar>=99", "litestar==2.0", "litestar>=2,<3"]
    assert too_high(wrong, _pins("requirements.lock")) == wrong


def _pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.M)}


def _needs(name: str) -> set[str]:
    try:
        found = requires(name) or []
    except PackageNotFoundError:  # for another system
        return set()
    wanted = (Requirement(one) for one in found)
    return {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})}
