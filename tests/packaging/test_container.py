"""The Dockerfile, as far as it can be judged without a Docker daemon, and the health check that it installs."""

import json
import os
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from tests.process import Served, run

ROOT = Path(__file__).parent.parent.parent


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in text.splitlines() if line.strip()]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name, rest in instructions():
        if name != "COPY" or rest.startswith("--from="):
            continue
        for source in shlex.split(rest)[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == one or source.startswith(one) or fnmatch(source, one) for one in kept), source


def test_its_base_is_named_exactly_and_no_index_is() -> None:
    assert {rest.split()[0] for name, rest in instructions() if name == "FROM"} == {"python:3.11-slim-bookworm"}
    text = (ROOT / "Dockerfile").read_text()
    assert not re.search(r"https?://|--index|--trusted-host|:latest", text)
    assert "--require-hashes" in text


def test_it_runs_as_nobody_special_with_its_data_outside() -> None:
    last = dict(instructions())
    assert last["USER"] == "esante"
    assert [name for name, _ in instructions()].index("USER") > len(instructions()) // 2
    assert json.loads(last["VOLUME"]) == ["/var/lib/esante", "/etc/esante/keys"]
    assert json.loads(last["ENTRYPOINT"]) == ["esante"]
    assert "healthcheck.py" in last["HEALTHCHECK"]


def test_the_health_check_knows_well_from_ill(tmp_path: Path) -> None:
    config = tmp_path / "esante.toml"
    keys = f'[keys]\nfile = "{tmp_path / "key"}"\n[tls]\nmode = "local"\n[discovery]\npage_port = 0\nannounce = "off"\n'
    config.write_text(keys)
    run("init", "--data", str(tmp_path / "data"), "--config", str(config))
    server = Served(tmp_path / "data", config, scheme="https")
    config.write_text(f"{keys}[server]\nport = {server.port}\n")
    assert _check(config) == 0
    assert server.stop() == 0
    assert _check(config) == 1


def _check(config: Path) -> int:
    done = subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "healthcheck.py")],
        env=os.environ | {"ESANTE_CONFIG": str(config)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode
