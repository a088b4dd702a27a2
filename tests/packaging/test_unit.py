"""The systemd unit, as far as it can be judged without systemd running: it is understood, it is tight, it names what is there."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from esante.kernel.config import load
from tests.process import Served, run

PACKAGING = Path(__file__).parent.parent.parent / "packaging"
UNIT = PACKAGING / "esante.service"
MOST_EXPOSED = 1.5
"""Of 10. systemd calls 2.0 and below OK; what remains is the network, two ports of root's, and netlink."""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists on this machine."""
    copy = tmp_path / "esante.service"
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.M))
    return copy


@needs_systemd
def test_systemd_understands_it(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "esante.service" in line]


@needs_systemd
def test_it_is_exposed_to_little(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={int(MOST_EXPOSED * 10)}", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-300:]


def test_it_names_what_the_guide_installs() -> None:
    unit, console = UNIT.read_text(), (PACKAGING / "esante").read_text()
    for path in ("/opt/esante/bin/esante", "/var/lib/esante/data", "/etc/esante/esante.toml"):
        assert path in unit
        assert path in console


@pytest.mark.parametrize("name", ["esante.toml", "container.toml"])
def test_its_settings_are_settings(name: str) -> None:
    config = load(PACKAGING / name)
    assert config.backup.folder == "/var/lib/esante/backups"
    assert config.keys.file.startswith("/etc/esante/")


def test_systemd_is_told_when_the_clinic_answers(tmp_path: Path) -> None:
    config = tmp_path / "esante.toml"
    config.write_text(f'[keys]\nfile = "{tmp_path / "key"}"\n')
    run("init", "--data", str(tmp_path / "data"), "--config", str(config))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(30)
        server = Served(tmp_path / "data", config, NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert line.recv(100) == b"READY=1"
        assert server.stop() == 0
