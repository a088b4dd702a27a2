"""The console beside the running server: what it writes acts at once; what it finds wrong halts writing, and says why."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from esante.app import DATABASE
from esante.demo import Furnished
from esante.kernel.errors import Broken
from tests.conftest import PASSWORD
from tests.process import ROOT, Served, run

PROMISED_SECONDS = 0.25
GRACE = 4
"""The tests share two cores with whatever else runs; the promise itself is measured where nothing does."""


@pytest.fixture
def data(furnished: tuple[Path, Furnished], tmp_path: Path) -> Path:
    shutil.copytree(furnished[0], tmp_path / "data")
    return tmp_path / "data"


@contextmanager
def signed_in(server: Served, name: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.address}/api/v1", timeout=10) as client:
        body = {"identifier": f"{name}@demo.esante.example", "password": PASSWORD}
        client.headers["authorization"] = f"Bearer {client.post('/auth/login', json=body).json()['accessToken']}"
        yield client


def settings(tmp_path: Path) -> Path:
    """An empty esante.toml: all defaults."""
    (tmp_path / "esante.toml").touch()
    return tmp_path / "esante.toml"


@contextmanager
def an_old_reader(data: Path) -> Iterator[None]:
    """A process that reads an old snapshot: no checkpoint goes beyond it."""
    reader = "import sys, time; from pathlib import Path; from esante.kernel import keyring, connection\n" + (
        "folder = Path(sys.argv[1]); key = keyring.unlock(folder, folder / 'demo-key').key('database')\n"
        "conn = connection.open_database(folder / 'esante.db', key, 'reader')\n"
        "conn.execute('BEGIN'); conn.execute('SELECT count(*) FROM audit').fetchall(); print('reads', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", reader, str(data)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    assert process.stdout.readline() == b"reads\n"
    try:
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_disabled_user_is_out_of_the_running_server(data: Path, tmp_path: Path) -> None:
    server = Served(data, settings(tmp_path))
    with signed_in(server, "driss") as driss:
        assert driss.get("/auth/me").status_code == 200
        done = run(
            "user", "disable", "driss@demo.esante.example", "--reason", "left the clinic", "--data", str(data), "--json"
        )
        assert json.loads(done.stdout)["status"] == "suspended"
        ended = time.monotonic()
        while driss.get("/auth/me").status_code == 200:
            assert time.monotonic() - ended < PROMISED_SECONDS * GRACE, "still in"
        again = driss.post("/auth/login", json={"identifier": "driss@demo.esante.example", "password": PASSWORD})
        assert (again.status_code, again.json()["error"]["code"]) == (403, "ACCOUNT_DEACTIVATED")
    with signed_in(server, "gwen") as gwen:
        [line] = gwen.get("/audit", params={"action": "user.suspended"}).json()["items"]
        assert line["reason"] == "left the clinic"
        assert line["actor"].startswith("cli:")
    assert server.stop() == 0


def test_a_hundred_sockets_do_not_close_the_door(data: Path, tmp_path: Path) -> None:
    server = Served(data, settings(tmp_path))
    for _ in range(100):
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{server.port}/api/v1/live").close()
    assert httpx.get(f"{server.address}/api/v1/health").status_code == 200
    assert server.stop() == 0


def test_a_second_server_is_refused_and_told_who_holds_the_folder(data: Path, tmp_path: Path) -> None:
    server = Served(data, settings(tmp_path))
    second = run("serve", "--data", str(data), "--port", "0", check=False)
    assert second.returncode == 1
    assert f"process {server.process.pid}" in second.stderr
    assert server.stop() == 0


def test_a_log_cut_short_halts_writing_until_it_is_accepted(data: Path, tmp_path: Path) -> None:
    server = Served(data, settings(tmp_path))
    with an_old_reader(data), signed_in(server, "gwen") as gwen:  # keeps checkpoints from moving the lines to safety
        for _ in range(30):
            gwen.get("/audit", params={"limit": 1})
        time.sleep(1.3)  # the witness is written once a second
        server.kill()
    wal = data / f"{DATABASE}-wal"
    os.truncate(wal, wal.stat().st_size // 2)

    verify = run("audit", "verify", "--data", str(data), "--json", check=False)
    assert verify.returncode == 1
    assert json.loads(verify.stdout or "{}").get("firstBad"), verify.stderr

    server = Served(data, settings(tmp_path))
    health = httpx.get(f"{server.address}/api/v1/health").json()
    assert health["status"] == "readOnly"
    assert "are missing" in health["reason"]
    assert "esante db accept-loss" in health["reason"]
    body = {"identifier": "gwen@demo.esante.example", "password": PASSWORD}
    refused = httpx.post(f"{server.address}/api/v1/auth/login", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "READ_ONLY")

    accepted = run("db", "accept-loss", "--reason", "power cut, no backup yet", "--data", str(data))
    assert "are lost" in accepted.stdout
    end = time.monotonic() + 2
    while httpx.get(f"{server.address}/api/v1/health").json()["status"] != "ok":
        assert time.monotonic() < end, "the server did not notice"
        time.sleep(0.02)
    with signed_in(server, "gwen") as gwen:
        [line] = gwen.get("/audit", params={"action": "audit.loss_accepted"}).json()["items"]
        assert line["reason"] == "power cut, no backup yet"
        assert gwen.get("/audit/verify").json()["ok"] is True
    assert server.stop() == 0
    nothing = run("db", "accept-loss", "--reason", "again", "--data", str(data), check=False)
    assert "Nothing is missing" in nothing.stderr


def test_a_wrong_key_is_named(data: Path) -> None:
    (data / "demo-key").write_text("esante-key-1:" + "A" * 43 + "=\n")
    refused = run("audit", "verify", "--data", str(data), check=False)
    assert refused.returncode == 1
    assert "is not the key of the clinic" in refused.stderr
    assert Broken.__name__ not in refused.stderr
