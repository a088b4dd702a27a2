"""`esante people` and `esante doctors`: duplicates, merge and unmerge, approve, without the web."""

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from esante.app import open_clinic
from esante.cli.main import app
from esante.demo import FURNISHER, Furnished
from esante.kernel import keyring
from esante.kernel.config import Config
from esante.kernel.errors import Conflict, NotFound
from esante.people import service as people
from esante.people.structs import NewPatient, PractitionerProfile

Console = Callable[..., Result]


class Box:
    """A clinic that nobody serves: with somebody who is there twice, and a doctor who waits."""

    def __init__(self, folder: Path, made: Furnished) -> None:
        self.emma, self.driss = made.people["emma"], made.people["driss"]
        self.again, self.doctor = asyncio.run(self._fill(folder))

    async def _fill(self, folder: Path) -> tuple[str, str]:
        clinic = open_clinic(folder, Config(), keyring.unlock(folder, folder / "demo-key"))
        await clinic.db.start()
        twice = NewPatient(first_name="Ema", last_name="Dubois", birth_date=date(1991, 11, 2))
        again = await clinic.db.write(FURNISHER, people.add_patient, twice, source="desk")
        profile = PractitionerProfile(
            first_name="Nora", last_name="Petit", specialty="ENT", licence_number="1", licence_authority="Council"
        )
        doctor = await clinic.db.write(FURNISHER, people.add_practitioner, profile, email=None)
        await clinic.db.stop()
        return again, doctor


@pytest.fixture
def box(furnished: tuple[Path, Furnished], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    shutil.copytree(furnished[0], tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return Box(tmp_path / "data", furnished[1])


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def said(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_it_works(box: Box) -> None:
    pairs = said("people", "duplicates")["items"]
    assert [{one["one"]["id"], one["other"]["id"]} for one in pairs] == [{box.emma, box.again}]
    assert pairs[0]["reasons"] == ["soundsAlike", "sameBirthDate"]
    assert said("people", "merge", box.emma, box.again, "--reason", "seen twice")["survivorId"] == box.emma
    assert said("people", "duplicates")["items"] == []
    undone = run("people", "unmerge", box.emma, box.again, "--reason", "two people")
    assert undone.output.startswith("Undone:")
    assert len(said("people", "duplicates")["items"]) == 1
    assert "Dubois" in run("people", "duplicates").output


def test_only_from_a_score_on(box: Box) -> None:
    assert said("people", "duplicates", "--least", "100")["items"] == []


def test_what_is_refused_says_why(box: Box) -> None:
    assert isinstance(run("people", "unmerge", box.emma, box.again, "--reason", "why not").exception, NotFound)
    assert run("people", "merge", box.emma, box.again).exit_code == 2
    chosen = run("people", "merge", box.emma, "nobody", "--reason", "seen twice")
    assert isinstance(chosen.exception, NotFound)


def test_a_doctor_who_waits_is_listed_and_approved(box: Box) -> None:
    assert [one["practitioner"]["id"] for one in said("doctors", "list")["items"]] == [box.doctor]
    assert "Petit" in run("doctors", "list").output
    assert run("doctors", "approve", box.doctor).output == "Approved: Nora Petit, ENT.\n"
    assert said("doctors", "list")["items"] == []
    assert isinstance(run("doctors", "approve", box.doctor).exception, Conflict)
