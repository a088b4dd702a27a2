"""`esante settings`: list, get and set from the console."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from esante.cli.main import app
from esante.demo import CAST
from esante.kernel.errors import Invalid, NotFound

Console = Callable[..., Result]


@pytest.fixture
def console(furnished: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A clinic that nobody serves."""
    assert CAST
    shutil.copytree(furnished[0], tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["settings", *words])


def test_it_works(console: Console) -> None:
    assert console("set", "patientCancelHours", "24").output == "patientCancelHours is 24 now.\n"
    assert console("get", "patientCancelHours").output == "24\n"
    whole = json.loads(console("get", "patientCancelHours", "--json").stdout)
    assert (whole["value"], whole["default"], whole["version"]) == (24, 2, 1)
    assert whole["updatedBy"].startswith("cli:")
    listed = json.loads(console("list", "--json").stdout)["items"]
    assert [one["key"] for one in listed if one["version"]] == ["patientCancelHours"]
    assert "patientCancelHours" in console("list").output


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("clinicName", "42", "42"),
        ("clinicName", "Cabinet [bold]", "Cabinet [bold]"),
        ("featureKiosk", "true", True),
        ("reminderMinutes", "[120]", [120]),
        ("language", "en", "en"),
    ],
)
def test_a_value_is_read_as_its_setting_wants_it(console: Console, key: str, written: str, value: Any) -> None:
    assert console("set", key, written).exit_code == 0
    assert json.loads(console("get", key, "--json").stdout)["value"] == value


def test_a_refusal_names_bounds_and_the_nearest(console: Console) -> None:
    beyond = console("set", "patientCancelHours", "73").exception
    assert isinstance(beyond, Invalid)
    assert "0 to 72" in str(beyond) or "from 0 to 72" in str(beyond)
    unknown = console("get", "cancelHours").exception
    assert isinstance(unknown, NotFound)
    assert "patientCancelHours" in str(unknown)
    assert isinstance(console("set", "timeZone", "Mars").exception, Invalid)
