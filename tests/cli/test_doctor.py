"""`esante doctor`: a well clinic is found well; each check finds the fault that is made for it, and mends what it says it can."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from esante.app import DATABASE, bring_up_to_date
from esante.cli.doctor.case import Case, Result
from esante.cli.doctor.command import CHECKS, examined
from esante.kernel import audit_log, backup_status, clock, keyring, migrate, slots
from esante.kernel.backup_status import BackupStatus
from esante.kernel.config import load
from esante.kernel.connection import open_database
from esante.kernel.structs import new_id
from esante.kernel.tls import Certificates
from esante.kernel.vault import Vault, place_of
from esante.kernel.witness import Witness
from tests.live import Postman
from tests.process import run

LINE = ("amina", "doctor", None, None, None, None, "thing.made", "info", "done", None, "t1", None, None, None)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A clinic that is well in every respect: key, proved kit, mail server, a proven backup, an hour old log."""
    data, key_file, toml = tmp_path / "data", tmp_path / "away" / "key", tmp_path / "esante.toml"
    data.mkdir(mode=0o700)
    ring = keyring.create(data, key_file)
    kit = slots.new_kit()
    ring = keyring.add_slot(data, ring, slots.kit_slot(ring.encryption_key, kit.recipient, clock.now()))
    ring, _ = keyring.prove_kit(data, ring, kit, clock.now())
    bring_up_to_date(data, ring, new=True)
    with closing(open_database(data / DATABASE, ring.key("database"), "writer")) as conn, conn:
        head = audit_log.append(conn, ring.key("audit"), audit_log.head(conn), clock.text(clock.now()), [LINE] * 3)
    Witness(data, ring.key("audit")).advance(head)
    backup_status.write(data, BackupStatus(last_backup_at=clock.now(), last_proven_at=clock.now()))
    postman = Postman()
    toml.write_text(
        f'[keys]\nfile = "{key_file}"\n[mail]\nhost = "127.0.0.1"\nport = {postman.port}\nencryption = "none"\n'
        '[log]\nlevel = "error"\n[limits]\ndisk_warn_percent = 0.02\ndisk_uploads_percent = 0.01\ndisk_writes_percent = 0.005\n'
    )
    box = SimpleNamespace(data=data, key=key_file, toml=toml, ring=ring, postman=postman)
    yield box
    if box.postman is not None:
        postman.close()


def examine(box: SimpleNamespace, *, fix: bool = False, now: datetime | None = None) -> dict[str, Result]:
    """The first finding of each check."""
    case = Case(box.data, box.toml, now or clock.now(), True, lambda words: None)
    try:
        return {name: examined(case, name, fix=fix)[0] for name in CHECKS}
    finally:
        if case.conn:
            case.conn.close()


def ill(box: SimpleNamespace, **how: object) -> dict[str, str]:
    return {name: one.state for name, one in examine(box, **how).items() if one.state != "ok"}  # type: ignore[arg-type]


def tamper(box: SimpleNamespace, *statements: str) -> None:
    with closing(open_database(box.data / DATABASE, box.ring.key("database"), "maintenance")) as conn:
        conn.execute("PRAGMA foreign_keys = OFF").fetchall()
        for statement in statements:
            conn.execute(statement)


def test_it_works(box: SimpleNamespace) -> None:
    assert ill(box) == {}


def test_settings(box: SimpleNamespace) -> None:
    box.toml.write_text("[sevrer]\nport = 1\n")
    found = examine(box)["settings"]
    assert (found.state, "Did you mean 'server'" in str(found.what)) == ("broken", True)


@pytest.mark.parametrize("name", ["keyring", "esante.db", "."])
def test_permissions(box: SimpleNamespace, name: str) -> None:
    place = box.data / name
    mode = place.stat().st_mode & 0o777
    assert mode & 0o077 == 0
    place.chmod(0o755)
    found = examine(box)["permissions"]
    assert (found.state, found.fixable, found.fixed) == ("broken", True, False)
    assert examine(box, fix=True)["permissions"].fixed
    assert ill(box) == {}
    assert place.stat().st_mode & 0o777 == mode


def test_keys(box: SimpleNamespace) -> None:
    box.key.unlink()
    found = examine(box)
    assert found["keys"].state == "broken"
    assert {found[name].state for name in ("schema", "files", "chain", "jobs")} == {"skipped"}


def test_a_kit_that_was_not_typed_back_lately(box: SimpleNamespace) -> None:
    later = clock.now() + timedelta(days=91)
    assert examine(box, now=later)["keys"].state == "warning"
    keyring.remove_slot(box.data, box.ring, box.ring.kits[0].id)
    assert "no recovery kit" in str(examine(box)["keys"].what)


def test_schema(box: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    tamper(box, "DROP TRIGGER audit_is_kept")
    assert "audit_is_kept" in str(examine(box)["schema"].what)
    monkeypatch.setattr(migrate, "newest", lambda: 1)
    assert "newer than this program" in str(examine(box)["schema"].what)


def test_a_damaged_page(box: SimpleNamespace) -> None:
    size = (box.data / DATABASE).stat().st_size
    with (box.data / DATABASE).open("r+b") as file:
        file.seek(size - 2_000)
        file.write(os.urandom(64))
    assert examine(box)["schema"].state == "broken"


def test_foreign_keys(box: SimpleNamespace) -> None:
    tamper(box, "INSERT INTO audit_review (seq, assignee_id) VALUES (1, 'nobody')")
    assert ill(box) == {"foreign-keys": "broken"}


def seal(box: SimpleNamespace) -> str:
    """A file in the store, and a practitioner whose photograph it is."""
    import asyncio

    async def picture():  # type: ignore[no-untyped-def]
        yield b"a picture" * 100

    file_id = asyncio.run(Vault(box.data / "files", box.ring.key("files")).save(picture())).id
    tamper(
        box,
        "INSERT INTO practitioner (id, first_name, last_name, sort_name, specialty, specialty_key, status, source, photo_id,"
        f" created_at, updated_at) VALUES ('{new_id()}', 'A', 'B', 'b a', 'x', 'x', 'approved', 'desk', '{file_id}', '', '')",
    )
    return file_id


def test_hashes_and_missing_files(box: SimpleNamespace) -> None:
    path = place_of(box.data / "files", seal(box))
    assert ill(box) == {}
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert ill(box) == {"hashes": "broken"}
    path.unlink()
    assert ill(box) == {"files": "broken"}


def test_orphan_files_are_removed_when_they_are_old(box: SimpleNamespace) -> None:
    path = place_of(box.data / "files", seal(box))
    tamper(box, "UPDATE practitioner SET photo_id = NULL")
    assert ill(box) == {}, "a file may be there before its row"
    long_ago = clock.now().timestamp() - 2 * 24 * 60 * 60
    os.utime(path, (long_ago, long_ago))
    assert ill(box) == {"files": "warning"}
    assert examine(box, fix=True)["files"].fixed
    assert not path.exists()


@pytest.mark.parametrize(
    "fault",
    [
        lambda box: tamper(box, "DROP TRIGGER audit_is_not_changed", "UPDATE audit SET actor = 'x' WHERE seq = 2"),
        lambda box: tamper(box, "DROP TRIGGER audit_is_kept", "DELETE FROM audit WHERE seq = 3"),
        lambda box: (box.data / "witness").write_text("{}"),
    ],
)
def test_chain(box: SimpleNamespace, fault: Callable[[SimpleNamespace], object]) -> None:
    fault(box)
    assert examine(box)["chain"].state == "broken"


def test_jobs(box: SimpleNamespace) -> None:
    job = "INSERT INTO job (id, name, payload, due_at, created_at{more}) VALUES ('{id}', 'x', '{{}}', '{at}', '{at}'{value})"
    long_ago = clock.text(clock.now() - timedelta(hours=3))
    tamper(box, job.format(id=new_id(), at=long_ago, more=", failed_at, error", value=f", '{long_ago}', 'no'"))
    assert "given up" in str(examine(box)["jobs"].what)
    tamper(box, "DELETE FROM job", job.format(id=new_id(), at=long_ago, more="", value=""))
    assert "due since 3 hours" in str(examine(box)["jobs"].what)


def test_clock(box: SimpleNamespace) -> None:
    assert examine(box, now=datetime(2020, 1, 1, tzinfo=UTC))["clock"].state == "broken"


def on_network(box: SimpleNamespace, *more: str) -> str:
    text = str(box.toml.read_text())
    lines = "\n".join(['[server]\nhost = "0.0.0.0"', *more])
    box.toml.write_text(f"{lines}\n{text}")
    return text


def test_certificate(box: SimpleNamespace) -> None:
    on_network(box)
    assert examine(box)["certificate"].state == "warning", "none yet"
    Certificates(box.data, load(box.toml))
    assert examine(box)["certificate"].state == "ok"
    now = clock.now()
    for days, state in ((380, "ok"), (390, "warning"), (400, "broken"), (-5, "broken")):
        assert examine(box, now=now + timedelta(days=days))["certificate"].state == state
    (box.data / "tls" / "leaf.crt").write_text("nothing")
    assert examine(box)["certificate"].state == "broken"


def test_a_network_in_the_clear(box: SimpleNamespace) -> None:
    on_network(box, '[tls]\nmode = "off"')
    assert "can read along" in str(examine(box)["certificate"].what)


@pytest.mark.parametrize(("days", "state"), [(1, "ok"), (3, "warning"), (8, "broken")])
def test_backup(box: SimpleNamespace, days: int, state: str) -> None:
    then = clock.now() - timedelta(days=days)
    backup_status.write(box.data, BackupStatus(last_backup_at=then, last_proven_at=then))
    assert examine(box)["backup"].state == state


def test_a_backup_that_failed(box: SimpleNamespace) -> None:
    backup_status.write(box.data, BackupStatus(last_proven_at=clock.now(), last_error="no room"))
    assert "no room" in str(examine(box)["backup"].what)


@pytest.mark.parametrize(("warn", "writes", "state"), [(99.9, 0.005, "warning"), (99.9, 99.8, "broken")])
def test_disk(box: SimpleNamespace, warn: float, writes: float, state: str) -> None:
    text = box.toml.read_text()
    head, _, _ = text.partition("disk_warn_percent")
    box.toml.write_text(
        f"{head}disk_warn_percent = {warn}\ndisk_uploads_percent = 99.8\ndisk_writes_percent = {writes}\n"
    )
    assert examine(box)["disk"].state == state


def test_mail(box: SimpleNamespace) -> None:
    port = box.postman.port
    box.postman.close()
    box.postman = None
    assert "could not be reached" in str(examine(box)["mail"].what)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        text = box.toml.read_text().replace(f"port = {port}", f"port = {silent.getsockname()[1]}")
        box.toml.write_text(text)
        assert examine(box)["mail"].state == "broken"


def test_the_command_says_it_with_its_exit_code(box: SimpleNamespace) -> None:
    options = ["--data", str(box.data), "--config", str(box.toml)]
    assert "The box is well" in run("doctor", *options).stdout
    (box.data / "keyring").chmod(0o644)
    told = run("doctor", *options, check=False)
    assert (told.returncode, "chmod 600" in told.stdout) == (1, True)
    assert run("doctor", "--fix", *options).returncode == 0
