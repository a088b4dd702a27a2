"""The notary signs while the clinic is open; staff's clients keep checkpoints and ask for proofs."""

from base64 import b64decode
from pathlib import Path
from typing import Any

from esante.audit.notary import Notary, _is_time
from esante.kernel.actor import house
from esante.kernel.checkpoints import Signer, is_consistent, notes_in
from tests.process import Served, run


def sign(clinic: Any) -> None:
    clinic.run(Notary(clinic.parts.db, Signer(clinic.parts.keys)).sign())


def test_it_works(clinic: Any) -> None:
    assert clinic.amina.get("/audit/checkpoint").status_code == 404
    sign(clinic)
    first = Signer(clinic.parts.keys).read(clinic.amina.get("/audit/checkpoint").text)
    clinic.amina.get("/patients")
    sign(clinic)
    second = Signer(clinic.parts.keys).read(clinic.chloe.get("/audit/checkpoint").text)
    assert second.size > first.size
    proof = clinic.amina.get("/audit/checkpoint/proof", params={"from": first.size, "to": second.size}).json()
    path = [b64decode(node) for node in proof["path"]]
    assert is_consistent(first.size, first.root, second.size, second.root, path)
    assert clinic.amina.get("/audit/checkpoint/key").text.startswith("esante/")
    assert clinic.gwen.get("/audit/verify").json()["ok"]


def test_a_stranger_gets_none(clinic: Any) -> None:
    for path in ("/audit/checkpoint", "/audit/checkpoint/key", "/audit/checkpoint/proof?from=1&to=2"):
        assert clinic.driss.get(path).status_code == 403
        assert clinic.anonymous.get(path).status_code == 401
    assert clinic.amina.get("/audit/checkpoint/proof?from=2&to=1").status_code == 400
    assert clinic.amina.get("/audit/checkpoint/proof?from=1&to=999999").status_code == 400


def test_it_is_time_after_an_hour_or_a_thousand_lines(clinic: Any) -> None:
    def is_time() -> bool:
        return bool(clinic.read(house("test"), _is_time))

    assert is_time()
    sign(clinic)
    assert not is_time()
    clinic.amina.get("/patients")
    assert not is_time()
    clinic.clock.advance(minutes=61)
    assert is_time()


def test_nothing_new_is_not_signed_twice(clinic: Any) -> None:
    sign(clinic)
    sign(clinic)
    assert len(clinic.rows("SELECT size FROM audit_checkpoint")) == 1


def test_at_stop_the_log_is_signed_and_the_console_holds_it_to_a_file(tmp_path: Path) -> None:
    config = tmp_path / "esante.toml"
    config.write_text(f'[keys]\nfile = "{tmp_path / "key"}"\n[log]\nlevel = "error"\n')
    options = ["--data", str(tmp_path / "data"), "--config", str(config)]
    run("init", *options)
    server = Served(tmp_path / "data", config)
    assert server.stop() == 0
    note = run("audit", "checkpoint", *options).stdout
    assert notes_in(note) == [note]
    kept = tmp_path / "kept.txt"
    kept.write_text("kept by a client:\n" + note)
    assert "whole" in run("audit", "verify", "--against", str(kept), *options).stdout
    kept.write_text(note.replace("\n— ", "\n— x", 1))
    assert run("audit", "verify", "--against", str(kept), *options, check=False).returncode == 1
    kept.write_text("nothing")
    assert "no checkpoint in" in " ".join(
        run("audit", "verify", "--against", str(kept), *options, check=False).stderr.split()
    )
