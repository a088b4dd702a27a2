"""`esante init`, `demo`, `serve`, `config show`, `import fhir`, `audit verify`: as an operator runs them."""

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.process import Served, run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "esante.toml"
    file.write_text(f'[keys]\nfile = "{tmp_path / "keys" / "key"}"\n[log]\nlevel = "error"\n')
    return file


def test_a_clinic_is_made_served_and_gets_its_first_admin(tmp_path: Path, config: Path) -> None:
    data = tmp_path / "data"
    made = json.loads(
        run("init", "--data", str(data), "--config", str(config), "--name", "Clinique du Port", "--json").stdout
    )
    key = Path(made["keyFile"])
    assert key.stat().st_mode & 0o777 == 0o600
    assert data not in key.parents
    server = Served(data, config)
    admin = {"code": made["firstAdminCode"], "email": "first@clinic.example", "password": "Strong-Enough-1"}
    assert httpx.post(f"{server.address}/api/v1/auth/first-admin", json=admin).status_code == 201
    assert httpx.post(f"{server.address}/api/v1/auth/first-admin", json=admin).status_code == 403
    login = {"identifier": "first@clinic.example", "password": "Strong-Enough-1"}
    assert httpx.post(f"{server.address}/api/v1/auth/login", json=login).json()["account"]["role"] == "admin"
    assert "Clinique du Port" in httpx.get(f"{server.address}/").text
    assert server.stop() == 0
    found = json.loads(run("audit", "verify", "--data", str(data), "--config", str(config), "--json").stdout)
    assert (found["ok"], found["firstBad"]) == (True, None)
    assert found["lines"] > 3


def test_a_clinic_is_never_made_over_another(tmp_path: Path, config: Path) -> None:
    data = tmp_path / "data"
    run("init", "--data", str(data), "--config", str(config))
    before = (data / "keyring").read_bytes()
    fresh = json.loads(run("init", "--data", str(data), "--config", str(config), "--json").stdout)
    assert fresh["firstAdminCode"], "while nobody has entered it"
    assert (data / "keyring").read_bytes() == before
    run("user", "add", "ines@clinic.example", "--role", "admin", "--data", str(data), "--config", str(config))
    again = run("init", "--data", str(data), "--config", str(config), check=False)
    assert again.returncode == 1
    assert "There is a clinic in" in again.stderr
    assert (data / "keyring").read_bytes() == before
    demo = run("demo", "--data", str(data), "--config", str(config), check=False)
    assert "is not a demo" in demo.stderr


def test_what_is_missing_is_named_without_a_trace(tmp_path: Path, config: Path) -> None:
    data = tmp_path / "data"
    for arguments in (("serve", "--data", str(data), "--port", "0"), ("audit", "verify", "--data", str(data))):
        refused = run(*arguments, "--config", str(config), check=False)
        assert refused.returncode == 1
        assert "esante init" in refused.stderr
        assert "Traceback" not in refused.stderr
    run("init", "--data", str(data), "--config", str(config))
    (data / "esante.db").unlink()
    lost = run("serve", "--data", str(data), "--port", "0", "--config", str(config), check=False)
    assert "esante.db is missing" in lost.stderr
    (tmp_path / "keys" / "key").unlink()
    assert "key file" in run("serve", "--data", str(data), "--port", "0", "--config", str(config), check=False).stderr
    gone = run("config", "show", "--config", str(tmp_path / "other.toml"), check=False)
    assert "There is no file" in gone.stderr


def test_the_demo_is_furnished_once_and_its_passwords_are_random(tmp_path: Path, config: Path) -> None:
    accounts = []
    for name in ("one", "two"):
        server = Served(tmp_path / name, config, command="demo")
        file = tmp_path / name / "demo-accounts.txt"
        assert file.stat().st_mode & 0o777 == 0o600
        accounts.append(file.read_text())
        email, password = re.search(r"assistant +(\S+) +(\S+)", accounts[-1]).groups()  # type: ignore[union-attr]
        login = httpx.post(f"{server.address}/api/v1/auth/login", json={"identifier": email, "password": password})
        assert login.status_code == 200
        token = {"authorization": f"Bearer {login.json()['accessToken']}"}
        assert httpx.get(f"{server.address}/api/v1/patients", headers=token).json()["items"]
        assert server.stop() == 0
    assert accounts[0] != accounts[1]
    server = Served(tmp_path / "one", config, command="demo")
    assert (tmp_path / "one" / "demo-accounts.txt").read_text() == accounts[0]
    assert server.seconds_to_ready < 10
    server.stop()
    public = run("demo", "--data", str(tmp_path / "one"), "--host", "0.0.0.0", check=False)
    assert "this machine only" in public.stderr


def test_an_interrupted_first_start_of_the_demo_is_taken_up_again(tmp_path: Path, config: Path) -> None:
    data = tmp_path / "demo"
    server = Served(data, config, command="demo")
    server.kill()
    (data / "demo-accounts.txt").unlink()  # as if it had died before the last step
    server = Served(data, config, command="demo")
    assert (data / "demo-accounts.txt").exists()
    server.stop()


def test_the_settings_in_force_are_shown(tmp_path: Path, config: Path) -> None:
    shown = json.loads(run("config", "show", "--config", str(config), "--json").stdout)
    assert shown["server"]["port"] == 8420
    assert shown["keys"]["file"].endswith("keys/key")
    (tmp_path / "wrong.toml").write_text("[sever]\nport = 1\n")
    wrong = run("config", "show", "--config", str(tmp_path / "wrong.toml"), check=False)
    assert wrong.returncode == 1
    assert "Did you mean 'server'?" in wrong.stderr


def test_a_population_is_imported_beside_the_server(tmp_path: Path, config: Path) -> None:
    data = tmp_path / "data"
    run("init", "--data", str(data), "--config", str(config))
    server = Served(data, config)
    file = tmp_path / "patients.ndjson"
    people = [
        {"resourceType": "Patient", "id": str(n), "name": [{"family": f"F{n}", "given": ["G"]}]} for n in range(20)
    ]
    file.write_text(
        "\n".join(json.dumps(one) for one in [*people, {"resourceType": "Patient", "id": "nameless"}]) + "\n{broken\n"
    )
    first = json.loads(run("import", "fhir", str(file), "--data", str(data), "--config", str(config), "--json").stdout)
    assert (first["read"], first["imported"], first["refused"]) == (22, 20, 2)
    assert {problem["file"] for problem in first["problems"]} == {str(file)}
    second = json.loads(run("import", "fhir", str(file), "--data", str(data), "--config", str(config), "--json").stdout)
    assert (second["imported"], second["alreadyThere"]) == (0, 20)
    assert httpx.get(f"{server.address}/api/v1/health").json()["status"] == "ok"
    assert server.stop() == 0
