"""What stays, what goes, and which files go with it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from esante.kernel import files, keyring, vault
from esante.kernel.backup import archive, nightly, opening, retention, shelf
from esante.kernel.backup.retention import Keep
from esante.kernel.backup.shelf import Archived
from tests.backup.conftest import Box

KEEP = Keep(7, 4, 12)
NIGHT = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)


def backup(at: datetime, *, proven: bool = True) -> Archived:
    return Archived(shelf.stamp(at), 1, at, at if proven else None)


def kept(found: list[Archived], keep: Keep = KEEP) -> list[Archived]:
    going = retention.superfluous(found, keep)
    return [one for one in found if one.name not in going]


def test_it_works() -> None:
    every_night = [backup(NIGHT - timedelta(days=days)) for days in range(800)]
    stays = [one.made_at.date() for one in kept(every_night)]
    assert stays[:7] == [(NIGHT - timedelta(days=days)).date() for days in range(7)]
    assert len({day.isocalendar()[:2] for day in stays}) >= 4
    assert len({(day.year, day.month) for day in stays}) == 12
    assert len(stays) <= 7 + 4 + 12


def test_after_two_years_of_nights_with_pruning_each_night_it_is_the_same() -> None:
    there: list[Archived] = []
    for days in range(800):
        there = kept([backup(NIGHT + timedelta(days=days)), *there])
    assert len({(one.made_at.year, one.made_at.month) for one in there}) == 12
    assert [one.made_at for one in there[:7]] == [NIGHT + timedelta(days=799 - back) for back in range(7)]
    assert len(there) <= 7 + 4 + 12


def test_of_one_day_the_newest_stays() -> None:
    found = [backup(NIGHT + timedelta(hours=hours)) for hours in (9, 5, 0)]
    assert kept(found) == found[:1]


def test_the_last_proven_one_stays_whatever_the_rules_say() -> None:
    found = [backup(NIGHT - timedelta(days=days), proven=False) for days in range(400)]
    old = backup(NIGHT - timedelta(days=401))
    assert old in kept([*found, old])
    assert backup(NIGHT - timedelta(days=402)) not in kept([*found, old, backup(NIGHT - timedelta(days=402))])


def test_the_newest_stays_although_nothing_is_to_be_kept() -> None:
    found = [backup(NIGHT - timedelta(days=days)) for days in range(3)]
    assert kept(found, Keep(0, 0, 0)) == found[:1]


# ------------------------------------------------------------------- on a shelf


def contents(box: Box) -> set[str]:
    return {key.rsplit("/")[-1] for key in box.place.sizes(shelf.CONTENT)}


def replace_photo(box: Box) -> None:
    box.tamper(
        "UPDATE patient SET photo_id = ? WHERE photo_id = (SELECT max(photo_id) FROM patient)", box.save(b"another")
    )


def test_files_that_no_backup_names_go_with_the_last_that_did(box: Box) -> None:
    box.config = msgspec.structs.replace(box.config, daily=1, weekly=0, monthly=0)
    first = box.back_up(days_ago=2).name
    old = {file.sha256 for file in box.manifest(first).files}
    gone = box.open().execute("SELECT max(photo_id) FROM patient").get
    replace_photo(box)
    vault.place_of(box.data / "files", gone).unlink()
    second = box.back_up()
    new = {file.sha256 for file in box.manifest(second.name).files}
    assert second.removed == 1
    assert shelf.names(box.place) == [second.name]
    assert old - new
    assert contents(box) == new
    assert not (box.place.path / f"{first}.proven").exists()


def test_a_file_that_an_older_backup_needs_stays(box: Box) -> None:
    box.back_up(days_ago=40)
    replace_photo(box)
    box.back_up()
    assert len(contents(box)) == 3
    assert len(shelf.names(box.place)) == 2


def test_while_one_archive_cannot_be_read_no_file_goes(box: Box) -> None:
    older = box.back_up(days_ago=40).name
    path = box.place.path / f"{older}.esante"
    path.write_bytes(b"damaged")
    (box.place.path / "files" / "00").mkdir(exist_ok=True)
    files.write_whole(box.place.path / "files" / "00" / ("0" * 64), b"nobody's")
    way = opening.by_clinic(box.keys)
    done = nightly.prune(box.place, box.config, way, only_say=False)
    assert done.files == 0
    assert done.problem
    assert done.problem.startswith(f"No file was removed, for nobody can say which ones {older} needs")
    path.unlink()
    assert nightly.prune(box.place, box.config, way, only_say=True).files == 3
    box.back_up()
    assert "0" * 64 not in contents(box)


def test_a_dry_run_removes_nothing(box: Box) -> None:
    older = box.back_up(days_ago=3).name
    box.back_up()
    before = box.place.sizes()
    config = msgspec.structs.replace(box.config, daily=1, weekly=1, monthly=1)
    done = nightly.prune(box.place, config, opening.by_clinic(box.keys), only_say=True)
    assert done.archives == [older]
    assert box.place.sizes() == before
    nightly.prune(box.place, config, opening.by_clinic(box.keys), only_say=False)
    assert set(before) - set(box.place.sizes()) == {f"{older}.esante", f"{older}.proven"}


@pytest.mark.parametrize("rotate", [False, True])
def test_a_rotated_drill_key_still_reads_what_it_once_sealed(box: Box, rotate: bool) -> None:
    made = box.back_up()
    if rotate:
        box.keys = keyring.finish_rotation(
            box.data, keyring.begin_rotation(box.data, box.keys, "backup-drill"), "backup-drill"
        )
    with box.place.open(made.name + shelf.ARCHIVE) as sealed:
        assert archive.manifest_of(sealed, opening.by_clinic(box.keys).identities, "x")[0].name == made.name
