"""Every rescue from the console, beside the running server: it works, or says that the server must be stopped."""

from pathlib import Path

import httpx
import pytest

from tests.process import Served, run

WORKS = (
    "key status", "key kit kit.pdf", "key add-slot key-file --file other", "backup create", "backup list", "backup verify",
    "backup drill", "backup prune --dry-run", "audit verify", "audit checkpoint", "audit report 2026-11 month.pdf",
    "user add ines@port.example --role admin", "user list", "user disable ines@port.example", "user enable ines@port.example",
    "user reset ines@port.example", "user disable-second-factor ines@port.example", "people duplicates", "doctors list",
    "settings set patientCancelHours 4", "settings get patientCancelHours", "clock show", "doctor",
    "upgrade-check", "export sqlite plain.db", "config show",
)  # fmt: skip
REFUSED = (
    "serve",
    "key rotate all",
    "audit retire",
    "db go-back",
    "backup restore",
    "init",
    "demo",
    "db accept-loss --reason why",
)


@pytest.mark.usefixtures("home")
def test_rescue_beside_the_server(tmp_path: Path) -> None:
    run("init")
    run("user", "add", "first@port.example", "--role", "admin")
    server = Served(tmp_path / "data", tmp_path / "esante.toml")
    try:
        for command in WORKS:
            words = [
                str(tmp_path / one) if one.endswith((".pdf", ".db")) or one == "other" else one
                for one in command.split()
            ]
            done = run(*words, "--json")
            assert done.stdout.startswith(("{", "[")), command
        for command in REFUSED:
            done = run(*command.split(), check=False)
            assert done.returncode == 1, command
            assert "Traceback" not in done.stderr
            assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert httpx.get(f"{server.address}/api/v1/health").json()["status"] == "ok"
    finally:
        code = server.stop()
    assert code == 0
    assert '"ok": true' in run("audit", "verify", "--json").stdout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "esante.toml"
    config.write_text(f'[keys]\nfile = "{tmp_path / "keys" / "key"}"\n[log]\nlevel = "error"\n')
    monkeypatch.setenv("ESANTE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ESANTE_CONFIG", str(config))
