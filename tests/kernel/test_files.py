"""Files are written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from esante.kernel import files
from esante.kernel.errors import Broken
from tests.kernel.ground import another_process, in_another_process


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "note"
    files.write_whole(path, b"old")
    files.write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["note"]


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_a_crash_between_leaves_the_old_or_the_new(tmp_path: Path, call: str) -> None:
    """The process dies at each step, before and after it."""
    path = tmp_path / "note"
    for when in ("before", "after"):
        files.write_whole(path, b"old")
        code = f"""
        from esante.kernel import files
        import io
        def dies(real):
            def step(*args, **kwargs):
                if {when!r} == 'before': os._exit(9)
                real(*args, **kwargs)
                os._exit(9)
            return step
        if {call!r} == 'write':
            class File(io.FileIO):
                write = dies(io.FileIO.write)
            files.open = lambda handle, mode: File(handle, mode)
        else:
            os.{call if call != "write" else "fsync"} = dies(os.{call if call != "write" else "fsync"})
        files.write_whole(folder / 'note', b'new')
        """
        assert in_another_process(tmp_path, code) == 9
        replaced = call == "replace" and when == "after"
        assert path.read_bytes() == (b"new" if replaced else b"old")
        files.write_whole(path, b"newer")  # whatever was left behind is in nobody's way
        assert path.read_bytes() == b"newer"


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_whole(tmp_path / "note", b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_whole(tmp_path / "note", b"new")
    assert os.listdir(tmp_path) == ["note"]
    assert (tmp_path / "note").read_bytes() == b"old"


def test_create_never_overwrites(tmp_path: Path) -> None:
    files.create_whole(tmp_path / "note", b"one")
    with pytest.raises(Broken, match="exists already"):
        files.create_whole(tmp_path / "note", b"two")
    assert (tmp_path / "note").read_bytes() == b"one"
    with pytest.raises(FileExistsError):
        files.create_for_stream(tmp_path / "note")


def test_folders_are_for_the_owner(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b")
    files.make_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_lock_that_is_held_names_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        files.locked(lock, "an esante server, process 77"),
        pytest.raises(Broken, match=r"in use by an esante server, process 77\. Stop it first"),
        files.locked(lock, "me"),
    ):
        pass
    with files.locked(lock, "me"):
        assert lock.read_text() == "me"


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    process = another_process(
        tmp_path,
        """
        from esante.kernel import files
        with files.locked(folder / 'lock', f'process {os.getpid()}'):
            print('held', flush=True)
            sys.stdin.readline()
        """,
    )
    assert process.stdout
    process.stdout.readline()
    with pytest.raises(Broken, match=f"process {process.pid}"), files.locked(tmp_path / "lock", "me"):
        pass
    process.kill()
    process.communicate()
    with files.locked(tmp_path / "lock", "me"):
        pass
