"""`esante key` and `esante unlock`, as an operator types them."""

import json
import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader

from esante.kernel import files
from tests.process import Served, esante, run


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    file = tmp_path / "esante.toml"
    file.write_text(f'[keys]\nfile = "{tmp_path / "keys" / "key"}"\n[log]\nlevel = "error"\n')
    return ["--data", str(tmp_path / "data"), "--config", str(file)]


@pytest.fixture
def made(options: list[str]) -> list[str]:
    run("init", *options)
    return options


def status(options: list[str]) -> dict[str, object]:
    return dict(json.loads(run("key", "status", *options, "--json").stdout))


def refused(*arguments: str) -> str:
    done = run(*arguments, check=False)
    assert done.returncode == 1
    return " ".join(done.stderr.split())


def test_a_kit_is_made_printed_and_typed_back(tmp_path: Path, made: list[str]) -> None:
    sheet = tmp_path / "kit.pdf"
    run("key", "kit", str(sheet), *made)
    assert sheet.stat().st_mode & 0o777 == 0o600
    page = PdfReader(sheet).pages[0].extract_text()
    identity = re.search(r"AGE-SECRET-KEY-1[A-Z0-9]+", page)
    assert identity
    words = [word for number, word in re.findall(r"^\s*(\d+)\s+([a-z]+)\s*$", page, re.M)][:24]
    assert status(made)["kitIsProven"] is False
    (tmp_path / "words").write_text(" ".join(words) if len(words) == 24 else identity[0])
    assert "It works" in run("key", "verify-kit", "--from", str(tmp_path / "words"), *made).stdout
    assert status(made)["kitIsProven"] is True
    assert "exists already" in refused("key", "kit", str(sheet), *made)
    assert "AGE-SECRET" not in json.dumps(status(made))


def test_a_clinic_goes_on_the_network_only_with_a_proved_kit(tmp_path: Path, made: list[str]) -> None:
    assert "make its recovery kit and type it back once" in refused("serve", *made, "--host", "0.0.0.0", "--port", "0")


def test_another_clinics_kit_is_refused(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / "words").write_text("legal winner thank year wave sausage worth useful " * 3)
    assert "do not fit together" in refused("key", "verify-kit", "--from", str(tmp_path / "words"), *made)
    assert "cannot be read" in refused("key", "verify-kit", "--from", str(tmp_path / "nowhere"), *made)


def test_all_keys_are_rotated_and_the_clinic_opens(made: list[str]) -> None:
    run("key", "rotate", "all", *made)
    assert set(dict(status(made)["rotations"]).values()) == {1}  # type: ignore[call-overload]
    assert json.loads(run("audit", "verify", *made, "--json").stdout)["ok"] is True
    assert "There is no key teapot" in refused("key", "rotate", "teapot", *made)


def test_a_running_clinic_is_not_rotated(tmp_path: Path, made: list[str]) -> None:
    server = Served(tmp_path / "data", tmp_path / "esante.toml")
    try:
        assert "in use by an esante server" in refused("key", "rotate", "links", *made)
        run("key", "kit", str(tmp_path / "kit.pdf"), *made)  # while this is safe beside it
    finally:
        server.stop()


def test_a_clinic_with_a_passphrase_is_sealed_until_it_is_typed(
    tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("correct horse battery staple\n")
    wrong.write_text("incorrect horse battery staple\n")
    monkeypatch.setenv("ESANTE_PASSPHRASE_FILE", str(right))
    made = json.loads(run("init", "--unlock", "passphrase", *options, "--json").stdout)
    assert made["keyFile"] is None
    assert not (tmp_path / "keys").exists()
    monkeypatch.delenv("ESANTE_PASSPHRASE_FILE")
    assert "Type it at a terminal" in refused("user", "list", *options)
    server = Served(tmp_path / "data", tmp_path / "esante.toml")
    try:
        assert httpx.get(f"{server.address}/api/v1/health").json()["status"] == "sealed"
        page, api = httpx.get(f"{server.address}/"), httpx.get(f"{server.address}/api/v1/patients")
        assert (page.status_code, api.status_code, api.json()["error"]["code"]) == (503, 503, "SEALED")
        assert "esante unlock" in page.text
        assert (tmp_path / "data" / "unlock.sock").stat().st_mode & 0o777 == 0o600
        monkeypatch.setenv("ESANTE_PASSPHRASE_FILE", str(wrong))
        assert "not the passphrase" in refused("unlock", *options[:2])
        monkeypatch.setenv("ESANTE_PASSPHRASE_FILE", str(right))
        run("unlock", *options[:2])
        for _ in range(200):
            if httpx.get(f"{server.address}/api/v1/health").json()["status"] == "ok":
                break
        else:
            pytest.fail("the clinic does not open")
        assert "No sealed clinic waits" in refused("unlock", *options[:2])
    finally:
        assert server.stop() == 0


def test_a_sealed_clinic_stops_in_good_order(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "right").write_text("correct horse battery staple\n")
    environment = os.environ | {"ESANTE_PASSPHRASE_FILE": str(tmp_path / "right")}
    subprocess.run([*esante("init"), "--unlock", "passphrase", *options], env=environment, check=True)
    server = Served(tmp_path / "data", tmp_path / "esante.toml")
    assert server.stop() == 0
    assert not (tmp_path / "data" / "unlock.sock").exists()


def test_a_command_waits_for_no_rotation_that_switches_the_file(tmp_path: Path, made: list[str]) -> None:
    with files.locked(tmp_path / "data" / "lock", "esante key rotate, process 1"):
        assert "in use by esante key rotate" in refused("user", "list", *made)
    with files.locked(tmp_path / "data" / "lock", "an esante server, process 1"):
        run("user", "list", *made)
