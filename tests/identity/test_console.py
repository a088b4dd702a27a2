"""`esante user disable-second-factor`: the phone is lost, and the recovery codes with it."""

import json
from typing import Any

from tests.identity.test_second_factor import enrol, log_in
from tests.process import run


def console(clinic: Any, *arguments: str, check: bool = True) -> Any:
    """One command, beside the running clinic."""
    config = clinic.folder.parent / "esante.toml"
    config.write_text(f'[keys]\nfile = "{clinic.folder / "demo-key"}"\n')
    return run("user", *arguments, "--data", str(clinic.folder), "--config", str(config), check=check)


def test_it_works(clinic: Any) -> None:
    enrol(clinic, clinic.amina)
    assert log_in(clinic, "amina").status_code == 202
    done = console(clinic, "disable-second-factor", "amina@demo.esante.example")
    assert "password alone" in done.stdout
    clinic.write(clinic.actor("gwen"), lambda tx: None)  # by now the running clinic has noticed
    assert clinic.amina.get("/auth/me").status_code == 401
    assert log_in(clinic, "amina").status_code == 200
    again = console(clinic, "disable-second-factor", "amina@demo.esante.example", "--json")
    assert json.loads(again.stdout) == {"email": "amina@demo.esante.example", "removed": False}


def test_an_unknown_address_is_named(clinic: Any) -> None:
    refused = console(clinic, "disable-second-factor", "nobody@example.org", check=False)
    assert refused.returncode != 0
    assert "nobody@example.org" in refused.stderr
