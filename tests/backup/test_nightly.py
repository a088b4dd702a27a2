"""The nightly backup: due once a night, made by a process of its own, told of when it fails; and who may see it."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from esante.admin.backups import process
from esante.kernel import backup_status, clock
from esante.kernel.audit_log import Head
from esante.kernel.backup import shelf
from esante.kernel.config import Backup
from esante.kernel.jobs import JobRunner
from esante.kernel.witness import Witness
from esante.wiring import WORK, work
from tests.conftest import Clinic
from tests.process import run


@pytest.fixture
def nightly(clinic: Clinic) -> Clinic:
    """A clinic whose nightly backup is on."""
    config = msgspec.structs.replace(clinic.app.clinic.config, backup=Backup())
    clinic.app.jobs = JobRunner(clinic.db, work(config.backup), clinic.app.clinic)
    return clinic


def folder(clinic: Clinic) -> shelf.Folder:
    return shelf.Folder(clinic.folder.parent / "backups")


def test_it_works(nightly: Clinic) -> None:
    nightly.clock.set(datetime(2026, 11, 17, 1, 29, tzinfo=UTC))
    nightly.run_jobs()
    assert not folder(nightly).path.exists(), "it is 2:29 in the clinic's zone"
    nightly.clock.advance(minutes=1)
    nightly.run_jobs()
    (made,) = shelf.listed(folder(nightly))
    assert made.proven_at
    assert [line["subject"] for line in nightly.audit("backup.done")] == [made.name]
    nightly.run_jobs()
    nightly.clock.advance(hours=20)
    nightly.run_jobs()
    assert len(shelf.names(folder(nightly))) == 1, "once a night"


def test_the_hour_is_the_one_that_is_named_and_none_when_it_is_off() -> None:
    names = {one.name: one.daily_at for one in work(Backup(at="13:05")).recurring}
    assert names["admin.queue_backup"] == "13:05"
    assert work(Backup(nightly=False)) is WORK


def test_the_process_gets_the_servers_settings_and_key_and_nothing_secret_in_sight(
    nightly: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no key file is: as when the clinic was opened with its passphrase."""
    (nightly.folder / "demo-key").unlink()
    seen: list[Any] = []
    start = asyncio.create_subprocess_exec

    async def watched(*arguments: str, **more: Any) -> Any:
        seen.append((arguments, more["env"]))
        return await start(*arguments, **more)

    monkeypatch.setattr(process.asyncio, "create_subprocess_exec", watched)
    nightly.run_jobs()
    assert shelf.listed(folder(nightly))
    ((arguments, environment),) = seen
    secret = nightly.parts.keys.encryption_key
    for form in (secret.hex(), base64.b64encode(secret).decode()):
        assert form not in " ".join(arguments)
        assert form not in " ".join(environment.values())


def test_a_failure_is_critical_admins_are_told_and_it_is_tried_again(nightly: Clinic) -> None:
    folder(nightly).path.write_text("in the way")
    nightly.run_jobs()
    (line,) = nightly.audit("backup.failed")
    assert line["severity"] == "critical"
    assert line["detail"]["stage"] == "create"
    assert str(folder(nightly).path) in line["reason"]
    assert "La sauvegarde a échoué" in [one["title"] for one in nightly.notifications("gwen")]
    for name in ("amina", "chloe", "driss", "farid"):
        assert "backup_failed" not in [one["kind"] for one in nightly.notifications(name)]
    status = backup_status.read(nightly.folder)
    assert status.last_error == line["reason"]
    report = nightly.gwen.get("/admin/health").json()
    assert "BACKUP_FAILED" in [problem["code"] for problem in report["problems"]]
    folder(nightly).path.unlink()
    nightly.clock.set(clock.now() + timedelta(minutes=2))  # the process has written by the machine's own clock
    nightly.run_jobs()
    assert len(shelf.listed(folder(nightly))) == 1
    assert backup_status.read(nightly.folder).last_error is None


def test_a_process_that_is_killed_is_told_of_too(nightly: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    start = asyncio.create_subprocess_exec

    async def killed(*arguments: str, **more: Any) -> Any:
        child = await start(*arguments, **more)
        child.kill()
        return child

    monkeypatch.setattr(process.asyncio, "create_subprocess_exec", killed)
    nightly.run_jobs()
    (line,) = nightly.audit("backup.failed")
    assert line["detail"]["stage"] == "process"
    assert line["reason"] == "the backup process ended with code -9"


def test_a_server_that_stops_takes_it_along(nightly: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the job is still there for the next server."""
    children: list[Any] = []
    start = asyncio.create_subprocess_exec

    async def slow(*arguments: str, **more: Any) -> Any:
        child = await start("sleep", "60", stdin=more["stdin"])
        children.append(child)
        return child

    monkeypatch.setattr(process.asyncio, "create_subprocess_exec", slow)

    async def serve_a_moment() -> None:
        task = asyncio.create_task(nightly.app.jobs.run())
        while not children:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        nightly.app.jobs.stop()
        await asyncio.wait_for(task, 20)

    nightly.run(serve_a_moment())
    assert children[0].returncode == -15
    assert nightly.rows("SELECT count(*) AS n FROM job WHERE name = 'admin.back_up' AND done_at IS NULL")[0]["n"] == 1


# ------------------------------------------------------------------------ the door


def test_an_admin_has_one_made_and_sees_them(clinic: Clinic) -> None:
    assert clinic.gwen.get("/admin/backups").json()["items"] == []
    assert clinic.gwen.post("/admin/backups").status_code == 202
    clinic.run_jobs()
    shown = clinic.gwen.get("/admin/backups").json()
    assert [one["name"] for one in shown["items"]] == shelf.names(folder(clinic))
    assert shown["items"][0]["provenAt"]
    assert shown["lastProvenAt"]
    assert shown["nightlyAt"] is None
    assert [line["actor"] for line in clinic.audit("backup.requested")] == [clinic.accounts["gwen"]]
    assert [line["detail"]["count"] for line in clinic.audit("backup.listed")] == [0, 1]


@pytest.mark.parametrize("name", ["amina", "chloe", "driss", "farid"])
def test_nobody_else_does(clinic: Clinic, name: str) -> None:
    person = getattr(clinic, name)
    assert person.get("/admin/backups").status_code == 403
    assert person.post("/admin/backups").status_code == 403
    clinic.run_jobs()
    assert not folder(clinic).path.exists()


def test_strangers_do_not_even_know(clinic: Clinic) -> None:
    assert clinic.anonymous.get("/admin/backups").status_code == 401
    assert clinic.anonymous.post("/admin/backups").status_code == 401


def test_a_clinic_that_cannot_write_is_backed_up_all_the_same(clinic: Clinic, tmp_path: Path) -> None:
    clinic.run_jobs()
    clinic.stop()
    witness = clinic.folder / "witness"
    mark = json.loads(witness.read_text())
    Witness(clinic.folder, clinic.parts.keys.key("audit")).set_back(Head(mark["seq"] + 5, bytes(32), mark["at"]))
    (tmp_path / "esante.toml").write_text(f'[keys]\nfile = "{clinic.folder}/demo-key"\n')
    done = run("backup", "create", "--data", str(clinic.folder), "--config", str(tmp_path / "esante.toml"), check=False)
    assert done.returncode == 0, done.stderr
    assert "The clinic's log does not say so: Nothing can be saved now" in done.stderr
    clinic.start()
