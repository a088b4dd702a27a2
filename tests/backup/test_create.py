"""Making a backup of the living clinic."""

import threading
from pathlib import Path

import msgspec
import pytest

from esante.kernel import backup_status, clock, files, keyring, slots, vault
from esante.kernel.backup import shelf, snapshot
from esante.kernel.vault import Vault
from tests.backup.conftest import Box


def test_it_works(box: Box) -> None:
    made = box.back_up()
    assert made.files == made.new_files == 2
    assert made.recovery_kits == 1
    said = box.manifest(made.name)
    conn = box.open()
    assert said.audit.seq == conn.execute("SELECT max(seq) FROM audit").get == made.audit_seq
    assert said.counts["patient"] == conn.execute("SELECT count(*) FROM patient").get
    assert said.recipients == [box.keys.drill_recipient, box.kit.recipient]
    assert [one.name for one in shelf.listed(box.place)] == [made.name]
    assert shelf.listed(box.place)[0].proven_at
    status = backup_status.read(box.data)
    assert status.last_backup_at
    assert status.last_proven_at
    assert status.last_error is None


def test_a_second_backup_copies_only_the_files_that_are_new(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.back_up()
    box.tamper("UPDATE practitioner SET photo_id = ? WHERE id = (SELECT min(id) FROM practitioner)", box.save(b"new"))
    read: list[str] = []
    original = snapshot.pace.copy
    monkeypatch.setattr(
        snapshot.pace, "copy", lambda source, into: (read.append(getattr(source, "name", "")), original(source, into))
    )
    made = box.back_up()
    assert made.files == 3
    assert made.new_files == 1
    assert len([path for path in read if str(box.data) in path]) == 1, "a file that is kept is not even read"


def test_a_file_that_is_gone_from_the_shelf_is_copied_again(box: Box) -> None:
    box.back_up()
    for path in list((box.place.path / "files").rglob("*")):
        if path.is_file():
            path.unlink()
    assert box.back_up().new_files == 2


def test_nothing_on_the_shelf_is_plain(box: Box) -> None:
    name = box.open().execute("SELECT last_name FROM patient LIMIT 1").get
    box.back_up()
    for path in box.place.path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"SQLite format 3" not in content
            assert name.encode() not in content
            assert b"not really a picture" not in content
            assert path.stat().st_mode & 0o077 == 0, path


def test_the_keyring_beside_the_archives_has_no_passphrase_slot(box: Box) -> None:
    slot = slots.passphrase_slot(box.keys.encryption_key, "four words are enough", clock.now())
    box.keys = keyring.add_slot(box.data, box.keys, slot)
    box.back_up()
    assert keyring.unlock(box.place.path, box.key_file)
    assert keyring.opens_with(box.data, "passphrase")
    assert not keyring.opens_with(box.place.path, "passphrase")


def test_it_is_one_commit_point_while_others_write(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "PAGES", 10)
    stop, written = threading.Event(), []

    def write() -> None:
        conn = box.open()
        number = 0
        while not stop.is_set():
            number += 1
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("INSERT INTO setting VALUES (?, '1', '', '', 1)", (f"a{number}",))
            conn.execute("INSERT INTO setting VALUES (?, '1', '', '', 1)", (f"b{number}",))
            conn.execute("COMMIT")
            written.append(number)
        conn.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with box.place.held("test"):
            said = snapshot.create(box.data, box.keys, box.place, clock.now())
    finally:
        stop.set()
        writer.join()
    assert len(written) > 5
    assert said.counts["setting"] % 2 == 0, "half of a commit was copied"


def test_while_it_runs_no_file_is_removed_and_afterwards_it_may(box: Box) -> None:
    kept = Vault(box.data / "files", box.keys.key("files"))
    file_id = box.save(b"x")
    with files.locked(vault.lock_of(kept.folder), "a backup"):
        kept.remove(file_id)
        assert vault.place_of(kept.folder, file_id).exists()
    kept.remove(file_id)
    assert not vault.place_of(kept.folder, file_id).exists()


def test_one_at_a_time(box: Box) -> None:
    with box.place.held("somebody"):
        assert box.fail().error == (
            f"Another backup is being made or checked in {box.place.path}. Try again when it is done"
        )


def test_what_is_interrupted_looks_like_nothing_and_is_swept(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot.archive, "seal", dies)
    assert "No space left" in box.fail().error
    assert shelf.names(box.place) == []
    assert backup_status.read(box.data).last_error
    (box.place.path / ".work").mkdir()
    (box.place.path / ".work" / "draft").write_bytes(b"left by a process that died")
    monkeypatch.undo()
    box.back_up()
    assert not (box.place.path / ".work").exists()
    assert backup_status.read(box.data).last_error is None


def test_too_little_room_is_said_before_a_byte_is_written(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1_000_000}))
    error = box.fail().error
    assert error.startswith(f"There is not enough room for a backup in {box.place.path}: it needs ")
    assert error.endswith("1 MB are free. Free some, or name another folder in esante.toml: [backup] folder")


def test_keys_that_change_meanwhile_make_it_fail(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = (box.data / "keyring").read_bytes()
    original = snapshot._keep_files

    def changes(*args: object) -> object:
        (box.data / "keyring").write_bytes(ring + b"\n")
        return original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshot, "_keep_files", changes)
    assert "keys were changed while" in box.fail().error


def test_the_folder_is_the_one_that_is_named(box: Box, tmp_path: Path) -> None:
    box.config = msgspec.structs.replace(box.config, folder=str(tmp_path / "elsewhere" / "deep"))
    made = box.back_up()
    assert (tmp_path / "elsewhere" / "deep" / f"{made.name}.esante").exists()


def test_a_file_that_a_row_names_and_nobody_has_is_found_by_the_drill(box: Box) -> None:
    gone = box.open().execute("SELECT max(photo_id) FROM patient").get
    vault.place_of(box.data / "files", gone).unlink()
    failed = box.fail()
    assert failed.stage == "drill"
    assert f"1 files that its rows name are not in it, {gone} for one" in failed.error
    assert not shelf.listed(box.place)[0].proven_at


def test_a_clinic_without_its_database_is_no_backup(box: Box) -> None:
    (box.data / "esante.db").unlink()
    assert "esante.db" in box.fail().error
    assert shelf.names(box.place) == []


def test_even_what_nobody_foresaw_is_a_failure_that_is_told(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_known", lambda *args: 1 / 0)
    assert box.fail().error == "division by zero"
    assert backup_status.read(box.data).last_error == "division by zero"
