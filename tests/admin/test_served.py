"""Settings and the logo as a real server has them, with the console beside it."""

import io
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from esante.kernel import images
from tests.conftest import PASSWORD
from tests.process import Served, run


@pytest.fixture
def served(furnished: tuple[Path, Any], tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    shutil.copytree(furnished[0], tmp_path / "data")
    (tmp_path / "esante.toml").touch()
    server = Served(tmp_path / "data", tmp_path / "esante.toml")
    yield server, tmp_path
    server.stop()


def test_the_console_changes_a_running_clinic(served: tuple[Served, Path]) -> None:
    server, folder = served
    where = ("--data", str(folder / "data"), "--config", str(folder / "esante.toml"))
    with httpx.Client(base_url=f"{server.address}/api/v1") as anybody:
        assert anybody.get("/settings").json()["clinicName"] == "esante"
        run("settings", "set", "clinicName", "House of Health", *where)
        end = time.monotonic() + 2
        while anybody.get("/settings").json()["clinicName"] != "House of Health":
            assert time.monotonic() < end
            time.sleep(0.02)
    refused = run("settings", "set", "patientCancelHours", "73", *where, check=False)
    assert refused.returncode == 1
    assert "0 to 72" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_large_logo_comes_through_and_a_larger_one_does_not(served: tuple[Served, Path]) -> None:
    server, _ = served
    out = io.BytesIO()
    Image.frombytes("RGB", (1200, 1100), os.urandom(1200 * 1100 * 3)).save(out, "PNG")
    assert 3_000_000 < len(out.getvalue()) < images.MOST_BYTES
    with httpx.Client(base_url=f"{server.address}/api/v1", timeout=20) as gwen:
        body = {"identifier": "gwen@demo.esante.example", "password": PASSWORD}
        gwen.headers["authorization"] = f"Bearer {gwen.post('/auth/login', json=body).json()['accessToken']}"
        kept = gwen.put("/settings/logo", content=out.getvalue(), headers={"content-type": "image/png"})
        assert kept.status_code == 200, kept.text
        assert (kept.json()["width"], kept.json()["height"]) == (512, 469)
        endless = gwen.put(
            "/settings/logo", content=(b"\0" * 65_536 for _ in range(200)), headers={"content-type": "image/png"}
        )
        assert endless.status_code == 413
        assert len(gwen.get("/settings/logo").content) > 100_000
