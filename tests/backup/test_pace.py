"""Large files are taken away in steps, and never lie shortened under their own name."""

import os
from pathlib import Path

import pytest

from esante.kernel.backup import pace
from esante.kernel.backup.shelf import Folder


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    truncate = os.truncate

    def told(path: Path, size: int) -> None:
        seen.append(size)
        truncate(path, size)

    monkeypatch.setattr(pace, "FREE_BYTES", 1_000)
    monkeypatch.setattr(pace, "LEAST_REST", 0)
    monkeypatch.setattr(os, "truncate", told)
    return seen


def test_it_works(tmp_path: Path, steps: list[int]) -> None:
    (tmp_path / "large").write_bytes(bytes(3_500))
    pace.remove(tmp_path / "large")
    assert steps == [2_500, 1_500, 500]
    assert not (tmp_path / "large").exists()
    pace.remove(tmp_path / "large")


def test_a_folder_with_all_that_is_in_it(tmp_path: Path, steps: list[int]) -> None:
    (tmp_path / "outside").write_bytes(b"stays")
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "large").write_bytes(bytes(2_000))
    (folder / "link").symlink_to(tmp_path / "outside")
    pace.remove_tree(folder)
    assert steps == [1_000]
    assert not folder.exists()
    assert (tmp_path / "outside").read_bytes() == b"stays"


def test_a_backup_is_out_of_its_place_before_it_gets_shorter(
    tmp_path: Path, steps: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Folder(tmp_path)

    def power_fails(path: Path, size: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "truncate", power_fails)
    with place.held("test"):
        (tmp_path / "one.esante").write_bytes(bytes(5_000))
        with pytest.raises(KeyboardInterrupt):
            place.remove("one.esante")
        assert not (tmp_path / "one.esante").exists()
    assert list(tmp_path.glob("*.esante")) == []
