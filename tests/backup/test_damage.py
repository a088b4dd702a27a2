"""One byte anywhere, a missing end, another key: each is detected, and said where."""

import errno
import io
import random
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyrage
import pytest

from esante.app import bring_up_to_date
from esante.cli.backup_ways import named_files
from esante.kernel import clock, keyring, migrate, moving_in, slots, vault
from esante.kernel.backup import archive, drill, manifest, opening, pace, restore, shelf, snapshot
from esante.kernel.backup.manifest import Signed
from esante.kernel.backup.opening import Opening
from esante.kernel.config import Backup
from esante.kernel.errors import Broken
from tests.backup.conftest import Box
from tests.faults.figures import control, tell, times

PLACES = times(short=12, quick=100, full=2_000)


def examine(box: Box, name: str, scratch: Path, way: Opening | None = None) -> None:
    scratch.mkdir()
    drill.examine(box.place, name, way or opening.by_clinic(box.keys), scratch, named_files)


def restored(box: Box, name: str, target: Path, way: Opening) -> Path:
    target.mkdir()
    into, _, said = restore.draft(box.place, name, way, target, named_files)
    moving_in.settle(into)
    conn = box.open(target)
    assert conn.execute("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1").get == (said.audit.seq, said.audit.mac)
    for file_id in named_files(conn):
        assert box.unseal(target, file_id)
    conn.close()
    return target


def test_it_works(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    examine(box, made.name, tmp_path / "a", opening.by_clinic(box.keys))
    examine(box, made.name, tmp_path / "b", opening.by_kit(box.kit.identity))
    examine(box, made.name, tmp_path / "c", opening.by_kit(" ".join(box.kit.words)))
    (tmp_path / "ring").mkdir()
    examine(box, made.name, tmp_path / "d", opening.by_key_file(box.place, box.key_file, tmp_path / "ring"))


def test_a_changed_byte_anywhere_is_found(box: Box, tmp_path: Path) -> None:
    made, dice = box.back_up(), random.Random(7)
    files = [path for path in box.place.path.rglob("*") if path.suffix == ".esante" or "files" in path.parts]
    files = [path for path in files if path.is_file()]
    sizes = [path.stat().st_size for path in files]
    restored(box, made.name, tmp_path / "control", opening.by_kit(box.kit.identity))
    for number in range(PLACES):
        path = dice.choices(files, sizes)[0] if number % 3 else files[number // 3 % len(files)]
        at = dice.randrange(path.stat().st_size)
        _flip(path, at, dice.randrange(1, 256))
        with pytest.raises(Broken) as found:
            restored(box, made.name, tmp_path / str(number), opening.by_kit(box.kit.identity))
        assert path.name in str(found.value), (path, at)
        assert "damaged" in str(found.value), (path, at, found.value)
        assert not (tmp_path / str(number) / "keyring").exists(), "a damaged backup became a clinic"
        _flip(path, at, None)
        shutil.rmtree(tmp_path / str(number))
    restored(box, made.name, tmp_path / "again", opening.by_kit(box.kit.identity))
    tell(PLACES)


def test_a_restore_that_does_not_compare_is_found(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""

    def careless(place: shelf.Folder, said: manifest.Manifest, folder: Path, told: pace.Told) -> None:
        for file in said.files:
            path = vault.place_of(folder, file.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(place.path / shelf.content_key(file.sha256), path)

    made = box.back_up()
    path = box.place.path / shelf.content_key(box.manifest(made.name).files[0].sha256)
    _flip(path, 20, 1)
    monkeypatch.setattr(restore, "_bring_files", careless)
    with pytest.raises(Broken):
        restored(box, made.name, tmp_path / "x", opening.by_kit(box.kit.identity))
    found = (tmp_path / "x" / "keyring").exists()
    control("a restore that does not compare: a damaged backup became a clinic", found)
    assert found


_before: dict[Path, bytes] = {}


def _flip(path: Path, at: int, by: int | None) -> None:
    if by is None:
        path.write_bytes(_before.pop(path))
        return
    content = bytearray(path.read_bytes())
    _before[path] = bytes(content)
    content[at] ^= by
    path.write_bytes(content)


@pytest.mark.parametrize("left", [0, 1, 20, 150, 400, 3_000, 70_000, -17, -1])
def test_a_cut_archive_is_found(box: Box, tmp_path: Path, left: int) -> None:
    made = box.back_up()
    path = box.place.path / f"{made.name}.esante"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(Broken) as found:
        examine(box, made.name, tmp_path / "x")
    assert str(path) in str(found.value)
    assert "damaged" in str(found.value)


def test_where_it_is_cut_is_said(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    path = box.place.path / f"{made.name}.esante"
    path.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(Broken) as found:
        examine(box, made.name, tmp_path / "x")
    assert str(found.value) == (
        f"{path} is damaged or cut short: only its first 196608 bytes unseal. Take another backup: esante backup list"
    )


def test_bytes_behind_the_end_are_found(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    path = box.place.path / f"{made.name}.esante"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Broken, match="is damaged or cut short"):
        examine(box, made.name, tmp_path / "x")


def test_another_clinics_kit_does_not_open_it(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    with pytest.raises(Broken) as found:
        examine(box, made.name, tmp_path / "x", opening.by_kit(slots.new_kit().identity))
    assert str(found.value) == (
        f"{box.place.path}/{made.name}.esante does not open with this key: it was sealed for another clinic or recovery kit,"
        " or its first bytes are damaged"
    )


def test_another_clinics_key_file_does_not_open_it(box: Box, tmp_path: Path) -> None:
    box.back_up()
    (tmp_path / "ring").mkdir()
    keyring.make_key_file(tmp_path / "other")
    with pytest.raises(Broken, match="is not the key of the clinic in"):
        opening.by_key_file(box.place, tmp_path / "other", tmp_path / "ring")


def test_without_the_keyring_beside_it_a_key_file_is_of_no_use_and_that_is_said(box: Box, tmp_path: Path) -> None:
    box.back_up()
    (box.place.path / "keyring").unlink()
    with pytest.raises(Broken, match=r"There is no keyring in .* Use the recovery kit: --kit"):
        opening.by_key_file(box.place, box.key_file, tmp_path)


def test_something_that_is_no_archive(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    path = box.place.path / f"{made.name}.esante"
    path.write_bytes(b"PK\3\4 a zip, perhaps")
    with pytest.raises(Broken, match="is damaged in its first bytes"):
        examine(box, made.name, tmp_path / "x")


def test_a_missing_file_is_named(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    said = box.manifest(made.name)
    path = box.place.path / shelf.content_key(said.files[0].sha256)
    path.unlink()
    with pytest.raises(Broken) as found:
        examine(box, made.name, tmp_path / "x")
    assert str(found.value) == f"{path} is missing"


def test_a_drill_that_fails_takes_the_proof_away(box: Box) -> None:
    made = box.back_up()
    _flip(box.place.path / f"{made.name}.esante", 100_000, 1)
    with pytest.raises(Broken), box.place.held("test"):
        drill.prove(box.place, made.name, opening.by_clinic(box.keys), clock.now(), named_files)
    assert shelf.listed(box.place)[0].proven_at is None


# --------------------------------------------------------- made by somebody else


def reseal(box: Box, name: str, change: Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]) -> None:
    """Open the archive as the owner of a kit can, change what is in it, and seal it again."""
    path = box.place.path / f"{name}.esante"
    plain = pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(box.kit.identity)])
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        members = [(one.name, tar.extractfile(one).read()) for one in tar]  # type: ignore[union-attr]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in change(members):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    path.write_bytes(pyrage.encrypt(out.getvalue(), [pyrage.x25519.Recipient.from_str(box.kit.recipient)]))


def test_resealed_as_it_was_it_still_opens(box: Box, tmp_path: Path) -> None:
    """The control of those below."""
    made = box.back_up()
    reseal(box, made.name, lambda members: members)
    examine(box, made.name, tmp_path / "x", opening.by_kit(box.kit.identity))


def test_a_changed_manifest_is_refused_by_its_signature(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    reseal(box, made.name, lambda members: [(n, c.replace(b'"program"', b'"program" ')) for n, c in members])
    with pytest.raises(Broken) as found:
        examine(box, made.name, tmp_path / "x", opening.by_kit(box.kit.identity))
    assert str(found.value) == (
        f"{box.place.path}/{made.name}.esante: its manifest was not signed with this clinic's keys: somebody else made or"
        " changed it. Nothing was restored; take another backup"
    )


@pytest.mark.parametrize("evil", ["../../evil", "/etc/evil", "keyring/../../evil", "esante.db-wal"])
def test_a_name_that_no_archive_has_is_refused(box: Box, tmp_path: Path, evil: str) -> None:
    made = box.back_up()
    for where in (0, 2, 4, 5):
        reseal(box, made.name, lambda members, where=where: [*members[:where], (evil, b"x"), *members[where:]])  # type: ignore[misc]
        with pytest.raises(Broken) as found:
            examine(box, made.name, tmp_path / str(where), opening.by_kit(box.kit.identity))
        assert repr(evil) in str(found.value)
        assert "esante did not make it so. Nothing was restored" in str(found.value)
        assert not (tmp_path / "evil").exists()
        reseal(box, made.name, lambda members: [one for one in members if one[0] != evil])


def test_a_path_in_the_manifest_is_refused(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    said = box.manifest(made.name)
    worse = msgspec.structs.replace(
        said, files=[msgspec.structs.replace(said.files[0], id="../../../../../../../../../../tmp/ev")]
    )
    signed = manifest.sign(worse, box.keys)
    reseal(
        box,
        made.name,
        lambda members: [("manifest.json", signed.content), ("manifest.sig", signed.signature), *members[2:]],
    )
    with pytest.raises(Broken, match="its manifest is not one that this program can read"):
        examine(box, made.name, tmp_path / "x", opening.by_kit(box.kit.identity))


def test_another_database_under_a_true_manifest_is_refused(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    reseal(box, made.name, lambda members: [*members[:4], ("esante.db", members[4][1][:-1] + b"!")])
    with pytest.raises(Broken, match=r"its esante\.db is not the one that its manifest names"):
        examine(box, made.name, tmp_path / "x", opening.by_kit(box.kit.identity))


def test_a_newer_schema_is_refused(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    newest = migrate.newest()
    newer = msgspec.structs.replace(box.manifest(made.name), db_schema=newest + 1, program="9.0")
    signed = manifest.sign(newer, box.keys)
    reseal(
        box,
        made.name,
        lambda members: [("manifest.json", signed.content), ("manifest.sig", signed.signature), *members[2:]],
    )
    with pytest.raises(Broken) as found:
        examine(box, made.name, tmp_path / "x", opening.by_kit(box.kit.identity))
    assert str(found.value) == (
        f"{box.place.path}/{made.name}.esante was made by a newer esante (9.0, schema {newest + 1}); this program knows schema"
        f" {newest}. Install the newer esante, then restore"
    )


def lies(box: Box, name: str, **said: object) -> None:
    """The clinic itself signs something that is not so."""
    signed: Signed = manifest.sign(msgspec.structs.replace(box.manifest(name), **said), box.keys)
    reseal(
        box, name, lambda members: [("manifest.json", signed.content), ("manifest.sig", signed.signature), *members[2:]]
    )


def test_counts_and_head_are_held_against_the_database(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    said, way = box.manifest(made.name), opening.by_kit(box.kit.identity)
    counts = said.counts | {"patient": said.counts["patient"] + 1}
    lies(box, made.name, counts=counts)
    with pytest.raises(Broken, match=rf"patient has {said.counts['patient']} rows, not {counts['patient']}"):
        examine(box, made.name, tmp_path / "a", way)
    head = msgspec.structs.replace(said.audit, seq=said.audit.seq - 1)
    lies_from = msgspec.structs.replace(said, audit=head)
    signed = manifest.sign(lies_from, box.keys)
    reseal(
        box,
        made.name,
        lambda members: [("manifest.json", signed.content), ("manifest.sig", signed.signature), *members[2:]],
    )
    with pytest.raises(Broken, match="its audit log is not whole"):
        examine(box, made.name, tmp_path / "b", way)


def test_age_and_tar_alone_open_it(box: Box) -> None:
    """The promise of the README: two programs of others."""
    made = box.back_up()
    plain = pyrage.decrypt(
        (box.place.path / f"{made.name}.esante").read_bytes(), [pyrage.x25519.Identity.from_str(box.kit.identity)]
    )
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        assert tuple(tar.getnames()) == archive.MEMBERS


def test_an_old_backup_under_a_new_name_is_found(box: Box, tmp_path: Path) -> None:
    made = box.back_up(days_ago=30)
    now = shelf.stamp(clock.now())
    (box.place.path / f"{made.name}.esante").rename(box.place.path / f"{now}.esante")
    with pytest.raises(Broken) as found:
        examine(box, now, tmp_path / "x")
    assert str(found.value) == (
        f"{box.place.path}/{now}.esante is the backup {made.name} under another name. Give it its own name back"
    )


def test_a_disk_that_does_not_give_the_archive_is_no_damage(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    content = (box.place.path / f"{made.name}.esante").read_bytes()

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 100_000:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output error"):
        archive.unpack(Failing(content), opening.by_clinic(box.keys).identities, "x", tmp_path)


def test_a_backup_of_an_older_esante_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    keys = keyring.create(tmp_path / "data", tmp_path / "key")
    before = migrate.scripts()[:-1]
    with monkeypatch.context() as older:
        older.setattr(migrate, "scripts", lambda: before)
        bring_up_to_date(tmp_path / "data", keys, new=True)
        box = Box(tmp_path / "data", keys, slots.new_kit(), Backup())
        box.place.path.mkdir()
        with box.place.held("test"):
            made = snapshot.create(box.data, keys, box.place, clock.now())
    assert made.db_schema < migrate.newest()
    (tmp_path / "new").mkdir()
    into, _, _ = restore.draft(box.place, made.name, opening.by_clinic(keys), tmp_path / "new", named_files)
    conn = box.open(into)
    assert migrate.version(conn) == migrate.newest()
    conn.close()


def test_a_path_in_the_box_is_refused(box: Box, tmp_path: Path) -> None:
    made = box.back_up()
    evil = msgspec.json.encode({"../../evil": b"x"})
    said = msgspec.structs.replace(box.manifest(made.name), box=manifest.Piece(*pace.digest(io.BytesIO(evil))))
    signed = manifest.sign(said, box.keys)
    front = [("manifest.json", signed.content), ("manifest.sig", signed.signature)]
    reseal(box, made.name, lambda members: [*front, members[2], ("box.json", evil), members[4]])
    with pytest.raises(Broken, match=r"holds '\.\./\.\./evil': esante did not make it so"):
        examine(box, made.name, tmp_path / "x", opening.by_kit(box.kit.identity))
    assert not (tmp_path / "evil").exists()
