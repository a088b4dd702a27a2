"""`esante backup restore`, as an operator runs it."""

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from esante.kernel import audit_log, clock, files, keyring, slots
from esante.kernel.backup import shelf
from esante.wiring import SPEAKING
from tests.backup.conftest import Box
from tests.process import run

REMIND = "notifications.reactions_scheduling.remind"


def restore(
    box: Box, *more: str, data: Path | None = None, check: bool = True, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    into = data or box.data.parent / "new" / "data"
    config = box.data.parent / "esante.toml"
    arguments = ("--data", str(into), "--config", str(config), "--from", str(box.place.path), *more)
    if typed is not None:
        arguments = (*arguments, "--kit")
    return run("backup", "restore", *arguments, check=check, typed=typed)


def lose(box: Box, *, key: bool) -> None:
    """The box is gone; with `key` its key file is, too."""
    shutil.rmtree(box.data)
    if key:
        box.key_file.unlink()


def sheet(box: Box) -> str:
    """The words as they stand on the sheet."""
    return "\n".join(" ".join(box.kit.words[start : start + 6]) for start in range(0, 24, 6))


def test_it_works_with_the_kit_alone_on_a_new_box(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    said = box.manifest(made.name)
    lose(box, key=True)
    data = tmp_path / "new" / "data"
    done = json.loads(restore(box, "--json", typed=sheet(box)).stdout)
    assert (done["name"], done["auditSeq"], done["files"]) == (made.name, said.audit.seq, 2)
    assert done["keyFile"] == str(box.key_file)
    ring = keyring.unlock(data, box.key_file)
    assert ring.installation_id == done["installation"] != done["fromInstallation"] == said.installation_id
    conn = box.open(data)
    assert conn.execute("SELECT mac FROM audit WHERE seq = ?", (said.audit.seq,)).get == said.audit.mac
    assert audit_log.verify(conn, ring.audit_keys).ok
    for (file_id,) in conn.execute("SELECT photo_id FROM patient WHERE photo_id IS NOT NULL").fetchall():
        assert box.unseal(data, file_id)
    conn.close()
    config = str(tmp_path / "esante.toml")
    assert run("audit", "verify", "--data", str(data), "--config", config).returncode == 0
    assert run("backup", "create", "--data", str(data), "--config", config).returncode == 0


def test_it_says_what_to_do_next(box: Box) -> None:
    box.back_up()
    said = restore(box, "--key-file", str(box.key_file)).stdout
    for words in (
        "all checked",
        "It is now installation",
        "Keep a copy of its key",
        "esante serve --data",
        "Never start the old",
    ):
        assert words in said


def test_the_key_file_alone_opens_it(box: Box, tmp_path: Path) -> None:
    box.back_up()
    lose(box, key=False)
    assert json.loads(restore(box, "--json").stdout)["keyFile"] == str(box.key_file)
    assert keyring.unlock(tmp_path / "new" / "data", box.key_file)


def test_a_key_file_from_elsewhere_opens_it_and_the_box_gets_its_own(box: Box, tmp_path: Path) -> None:
    box.back_up()
    lose(box, key=False)
    elsewhere = box.key_file.rename(tmp_path / "usb-key")
    assert json.loads(restore(box, "--key-file", str(elsewhere), "--json").stdout)["keyFile"] == str(box.key_file)
    assert keyring.unlock(tmp_path / "new" / "data", box.key_file)
    assert keyring.unlock(tmp_path / "new" / "data", elsewhere)


def test_keys_that_were_rotated_since_do_not_matter(box: Box, tmp_path: Path) -> None:
    made = box.back_up(days_ago=3)
    config = ("--config", str(tmp_path / "esante.toml"), "--data", str(box.data))
    run("key", "rotate", "all", *config)
    run("backup", "create", *config)
    run("backup", "verify", made.name, *config)
    run("backup", "drill", made.name, *config)
    assert json.loads(restore(box, made.name, "--json").stdout)["auditSeq"] == made.audit_seq


def test_devices_go_on_trusting_the_restored_clinic(box: Box, tmp_path: Path) -> None:
    """Its certificate authority comes along; what it signed for the old box does not."""
    (box.data / "tls").mkdir()
    for name in ("ca.crt", "ca.key", "leaf.crt", "leaf.key"):
        (box.data / "tls" / name).write_text(f"the {name}")
    box.back_up()
    assert b"the ca.key" not in (box.place.path / f"{shelf.names(box.place)[0]}.esante").read_bytes()
    restore(box)
    there = tmp_path / "new" / "data" / "tls"
    assert {path.name: path.read_text() for path in there.iterdir()} == {"ca.crt": "the ca.crt", "ca.key": "the ca.key"}
    assert (there / "ca.key").stat().st_mode & 0o077 == 0


def test_the_line_of_the_kit_does_as_well_as_its_words(box: Box) -> None:
    box.back_up()
    lose(box, key=True)
    assert restore(box, data=box.data, typed=box.kit.identity.lower() + "\n").returncode == 0


def test_an_older_backup_is_taken_by_its_name_or_its_path(box: Box, tmp_path: Path) -> None:
    first = box.back_up(days_ago=3).name
    second = box.back_up()
    path = box.place.path / f"{first}.esante"
    assert json.loads(restore(box, first, "--json").stdout)["name"] == first
    assert json.loads(restore(box, str(path), "--json", data=tmp_path / "b").stdout)["name"] == first
    assert json.loads(restore(box, "--json", data=tmp_path / "c").stdout)["name"] == second.name
    refused = restore(box, "2020-01-01T00-00-00.000Z", check=False, data=tmp_path / "d")
    assert (
        f"There is no backup 2020-01-01T00-00-00.000Z in {box.place.path}. The newest is {second.name}"
        in refused.stderr
    )


def test_a_passphrase_clinic_stays_one(box: Box, tmp_path: Path) -> None:
    slot = slots.passphrase_slot(box.keys.encryption_key, "four words are enough", clock.now())
    box.keys = keyring.add_slot(box.data, box.keys, slot)
    for one in [one for one in box.keys.slots if isinstance(one, slots.KeyFileSlot)]:
        box.keys = keyring.remove_slot(box.data, box.keys, one.id)
    box.back_up()
    lose(box, key=True)
    assert json.loads(restore(box, "--json", typed=sheet(box)).stdout)["keyFile"] is None
    assert not box.key_file.exists()
    assert keyring.unlock_with_passphrase(tmp_path / "new" / "data", "four words are enough")


def test_every_session_has_ended(box: Box, tmp_path: Path) -> None:
    account = box.open().execute("SELECT min(id) FROM account").get
    box.tamper(
        "INSERT INTO session (id, account_id, role, kind, salt, generation, rotated_at, refresh_until_at,"
        " expires_at, created_at, last_seen_at)"
        " VALUES ('s1', ?1, 'admin', 'app', zeroblob(16), 1, ?2, ?2, '2099-01-01T00:00:00.000Z', ?2, ?2)",
        account,
        "2026-01-01T00:00:00.000Z",
    )
    box.back_up()
    restore(box)
    conn = box.open(tmp_path / "new" / "data")
    assert conn.execute("SELECT end_reason FROM session WHERE id = 's1'").get == "restored"
    assert conn.execute("SELECT count(*) FROM audit WHERE action = 'auth.session_ended' OR subject = 's1'").get == 1
    assert conn.execute("SELECT severity FROM audit WHERE action = 'backup.restored'").get == "critical"


def test_what_is_older_than_two_hours_is_not_sent(box: Box, tmp_path: Path) -> None:
    speaking = sorted(SPEAKING)
    assert "notifications.send_mail" in speaking
    assert REMIND in speaking
    for number, (name, age) in enumerate(
        [("notifications.send_mail", 3), ("notifications.send_mail", 1), (REMIND, 3), ("records.x", 3)]
    ):
        at = clock.text(clock.now() - timedelta(hours=age))
        box.tamper(
            "INSERT INTO job (id, name, payload, due_at, created_at) VALUES (?, ?, '{}', ?, ?)",
            f"j{number}",
            name,
            at,
            at,
        )
    box.back_up()
    restore(box)
    conn = box.open(tmp_path / "new" / "data")
    found = dict(conn.execute("SELECT id, failed_at IS NOT NULL FROM job WHERE id GLOB 'j[0-9]'").fetchall())
    assert found == {"j0": 1, "j1": 0, "j2": 1, "j3": 0}
    assert "older than the restore" in conn.execute("SELECT error FROM job WHERE id = 'j0'").get


# --------------------------------------------------------------------- refusals


def test_a_folder_that_is_not_empty_is_refused(box: Box) -> None:
    box.back_up()
    before = {path: path.stat().st_mtime_ns for path in box.data.rglob("*")}
    refused = restore(box, data=box.data, check=False)
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"esante: {box.data} is not empty: it holds backup-status.json. Choose another folder, or move this one away"
        f" first: mv {box.data} {box.data}.before"
    )
    assert {path: path.stat().st_mtime_ns for path in box.data.rglob("*")} == before


def test_somebody_elses_folder_is_refused(box: Box, tmp_path: Path) -> None:
    box.back_up()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.odt").write_text("x")
    assert "it holds thesis.odt" in restore(box, data=tmp_path / "home", check=False).stderr


def test_a_folder_that_somebody_uses_is_refused(box: Box, tmp_path: Path) -> None:
    box.back_up()
    (tmp_path / "new").mkdir()
    with files.locked(tmp_path / "new" / "lock", "another restore"):
        refused = restore(box, data=tmp_path / "new", check=False)
    assert "is in use by another restore" in refused.stderr


def test_no_backups_at_all(box: Box, tmp_path: Path) -> None:
    assert f"There is no backup in {box.place.path}" in restore(box, check=False).stderr
    (box.place.path / "README.md").unlink(missing_ok=True)
    shutil.rmtree(box.place.path)
    assert f"There is no folder {box.place.path}. Say where" in restore(box, check=False).stderr


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("abandon " * 23, "A recovery kit has 24 words"),
        ("abandon " * 24, "The 24 words do not fit together"),
        ("abandon " * 23 + "zzz", "Not a word of the recovery kit's list: zzz"),
    ],
)
def test_a_slip_in_the_kit_is_explained(box: Box, typed: str, words: str) -> None:
    box.back_up()
    assert words in restore(box, check=False, typed=typed).stderr


def test_a_damaged_backup_leaves_no_clinic_and_the_folder_may_be_used_again(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    said = box.manifest(made.name)
    content = box.place.path / shelf.content_key(said.files[0].sha256)
    whole = content.read_bytes()
    content.write_bytes(whole[:-1] + b"?")
    refused = restore(box, check=False)
    assert refused.stderr.strip() == (
        f"esante: {content}, a file of the backup {made.name}, is damaged. Bring it from another copy of the backups, or"
        " remove it and make a new backup while the clinic still has the file"
    )
    assert not (tmp_path / "new" / "data" / "keyring").exists()
    content.write_bytes(whole)
    restore(box)
    assert sorted(path.name for path in (tmp_path / "new" / "data").iterdir() if "lock" not in path.name) == [
        "esante.db",
        "files",
        "keyring",
        "witness",
    ]


def test_verify_says_what_is_in_it_and_changes_nothing(box: Box) -> None:
    made = box.back_up()
    config, data = str(box.data.parent / "esante.toml"), str(box.data)
    before = {path: path.stat().st_mtime_ns for path in box.place.path.rglob("*") if path.is_file()}
    found = json.loads(
        run("backup", "verify", "--data", data, "--config", config, "--kit", "--json", typed=sheet(box)).stdout
    )
    assert (found["name"], found["files"], found["auditSeq"]) == (made.name, 2, made.audit_seq)
    assert {path: path.stat().st_mtime_ns for path in box.place.path.rglob("*") if path.is_file()} == before
