"""The nightly sweep: a file that no row names is removed after a day, and no other."""

import os
import re
from pathlib import Path

import pytest

from esante.kernel import files, vault
from esante.wiring import FILES
from tests.backup.conftest import _once
from tests.conftest import Clinic

ROOT = Path(__file__).parent.parent.parent


def save(clinic: Clinic, days_old: float) -> Path:
    sealed = clinic.run(clinic.parts.vault.save(_once(b"picture")))
    path = vault.place_of(clinic.folder / "files", sealed.id)
    at = clinic.clock.now().timestamp() - days_old * 86_400
    os.utime(path, (at, at))
    return path


@pytest.fixture
def night(clinic: Clinic) -> Clinic:
    clinic.run_jobs()
    clinic.clock.advance(days=1)
    return clinic


def test_it_works(night: Clinic) -> None:
    orphan, fresh = save(night, 1.1), save(night, 0.9)
    patient, doctor, logo = save(night, 30), save(night, 30), save(night, 30)
    night.tamper("UPDATE patient SET photo_id = ? WHERE id = ?", patient.name, night.ids["driss"])
    night.tamper("UPDATE practitioner SET photo_id = ? WHERE id = ?", doctor.name, night.ids["amina"])
    night.tamper("INSERT INTO logo VALUES (1, ?, 'x', 1, 1, 1, 1, 'x', 'x')", logo.name)
    night.run_jobs()
    assert not orphan.exists()
    for path in (fresh, patient, doctor, logo):
        assert path.exists()
    assert [line["detail"]["count"] for line in night.audit("files.swept")] == [1]
    night.clock.advance(days=1)
    night.run_jobs()
    assert not fresh.exists()


def test_a_draft_that_a_crash_left_goes_too(night: Clinic) -> None:
    path = save(night, 0)
    draft = path.with_suffix(".part")
    path.rename(draft)
    night.run_jobs()
    assert draft.exists(), "it may still be written"
    at = night.clock.now().timestamp() - 2 * 86_400
    os.utime(draft, (at, at))
    night.clock.advance(days=1)
    night.run_jobs()
    assert not draft.exists()


def test_while_a_backup_runs_nothing_goes(night: Clinic) -> None:
    orphan = save(night, 2)
    with files.locked(vault.lock_of(night.folder / "files"), "a backup"):
        night.run_jobs()
    assert orphan.exists()
    night.clock.advance(days=1)
    night.run_jobs()
    assert not orphan.exists()


def test_nothing_to_sweep_is_not_worth_a_line(night: Clinic) -> None:
    night.run_jobs()
    assert night.audit("files.swept") == []


def test_a_vault_that_is_not_there_yet(night: Clinic) -> None:
    assert not (night.folder / "files").exists()
    night.run_jobs()


def test_every_column_that_names_a_file_is_known_to_the_sweep() -> None:
    """A room that forgets to say which files it names would lose them."""
    schema = (ROOT / "esante" / "schema.sql").read_text()
    columns = set(re.findall(r"\b(\w*(?:photo|file|picture|scan|logo|image)_id)\b\s+TEXT", schema))
    stores = "\n".join(
        (ROOT / (room.__module__.replace(".", "/").removesuffix("service") + "store.py")).read_text() for room in FILES
    )
    assert columns == {"photo_id", "file_id"}, "a new kind of file: name it in wiring.FILES, then here"
    for column in columns:
        assert column in stores
    tables = set(re.findall(r"CREATE TABLE (\w+) \([^;]*?\b\w*(?:photo|file)_id\b\s+TEXT", schema))
    assert tables == {"patient", "practitioner", "practitioner_credential", "logo"}, "ask its room in wiring.FILES"
