"""`esante user`: accounts from the console."""

import json
import re
import shutil
from pathlib import Path

import pytest

from esante.demo import Furnished
from tests.process import run


@pytest.fixture
def data(furnished: tuple[Path, Furnished], tmp_path: Path) -> str:
    shutil.copytree(furnished[0], tmp_path / "data")
    return str(tmp_path / "data")


def test_a_doctor_is_added_with_a_slip_and_listed(data: str) -> None:
    added = run(
        "user", "add", "ines@clinic.example", "--role", "doctor", "--first-name", "Inès", "--last-name", "Roux",
        "--specialty", "cardiology", "--licence", "123", "--authority", "CNOM", "--data", data, "--json",
    )  # fmt: skip
    slip = json.loads(added.stdout)
    assert re.fullmatch(r"\d{6}", slip["resetCode"])
    assert slip["link"].endswith(slip["resetToken"])
    listed = json.loads(run("user", "list", "--role", "doctor", "--data", data, "--json").stdout)["items"]
    assert "ines@clinic.example" in [one["email"] for one in listed]


def test_a_taken_address_and_a_nameless_doctor_are_refused(data: str) -> None:
    taken = run("user", "add", "GWEN@demo.esante.example", "--role", "admin", "--data", data, check=False)
    assert (taken.returncode, "has an account already" in taken.stderr) == (1, True)
    nameless = run("user", "add", "x@clinic.example", "--role", "doctor", "--data", data, check=False)
    assert "needs a name" in nameless.stderr


def test_disabled_enabled_and_reset(data: str) -> None:
    who = "driss@demo.esante.example"
    assert json.loads(run("user", "disable", who, "--data", data, "--json").stdout)["status"] == "suspended"
    twice = run("user", "disable", who, "--data", data, check=False)
    assert twice.returncode == 1
    assert json.loads(run("user", "enable", who, "--data", data, "--json").stdout)["status"] == "active"
    assert "works once" in run("user", "reset", who, "--data", data).stdout
    unknown = run("user", "reset", "nobody@clinic.example", "--data", data, check=False)
    assert "esante user list" in unknown.stderr
