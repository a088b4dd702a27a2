"""The box is lost, with its key: a new user has the recovery kit and a copy of the backups, and is signed in again.

`docs/WALKTHROUGH.md` is the same, as it was typed.
"""

import json
import re
import shutil
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader

from tests.process import Served, run

ADMIN = {"email": "director@port.example", "password": "Quay-And-Anchor-7"}


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new user's home, where nothing is."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ESANTE_DATA", str(home / "clinic" / "data"))
    monkeypatch.setenv("ESANTE_CONFIG", str(home / "esante.toml"))
    (home / "esante.toml").write_text('[log]\nlevel = "error"\n')
    return home


def served(box: Path) -> Served:
    return Served(box / "clinic" / "data", box / "esante.toml")


def signed_in(server: Served) -> int:
    answer = httpx.post(
        f"{server.address}/api/v1/auth/login", json={"identifier": ADMIN["email"], "password": ADMIN["password"]}
    )
    return answer.status_code


def kit_of(sheet: Path) -> str:
    """What the sheet says to type: the line of the kit."""
    found = re.search(r"AGE-SECRET-KEY-1[A-Z0-9]+", PdfReader(sheet).pages[0].extract_text())
    assert found
    return found[0]


def test_a_lost_box_comes_back_with_the_kit_alone(box: Path, tmp_path: Path) -> None:
    made = run("init", "--name", "Clinique du Port").stdout
    code = re.search(r'"code": "([^"]+)"', made)
    assert code, "init says how the first admin is made"
    server = served(box)
    assert httpx.post(f"{server.address}/api/v1/auth/first-admin", json={"code": code[1], **ADMIN}).status_code == 201
    sheet = tmp_path / "kit.pdf"
    run("key", "kit", str(sheet))
    kit = kit_of(sheet)
    assert "It works" in run("key", "verify-kit", typed=kit).stdout
    run("backup", "create")
    assert signed_in(server) == 200
    usb = tmp_path / "usb"
    shutil.copytree(box / "clinic" / "backups", usb)
    assert server.stop() == 0

    shutil.rmtree(box / "clinic")
    shutil.rmtree(box / ".config")
    assert "esante backup restore" in run("serve", check=False).stderr
    back = json.loads(run("backup", "restore", "--from", str(usb), "--kit", "--json", typed=kit).stdout)
    assert Path(back["keyFile"]) == box / ".config" / "esante" / "key"
    server = served(box)
    assert signed_in(server) == 200
    assert "is whole" in run("audit", "verify").stdout
    assert server.stop() == 0
