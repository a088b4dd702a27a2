"""The only way in which esante writes a file: whole, synced, or not at all."""

import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esante.kernel.errors import Broken


class InUse(Broken):
    """Somebody else, the `holder`, has the lock."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(f"{folder} is in use by {holder}. Stop it first, or choose another folder with --data")
        self.holder = holder


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put `content` at `path` so that after any crash there is the old file or the new one, never a piece.

    Temporary file, fsync, rename, fsync of the folder. The folder must exist.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        settle(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def create_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Like `write_whole`, but never over a file that is there: that is `Broken`."""
    if path.exists():
        raise Broken(f"{path} exists already; it is not overwritten")
    write_whole(path, content, mode)


def create_for_stream(draft: Path) -> io.FileIO:
    """A new file, for its owner only, to be written in pieces and then `settle`d; it must not exist."""
    return io.FileIO(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def settle(draft: Path, path: Path) -> None:
    """Give a synced draft its name, durably."""
    os.replace(draft, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path, mode: int = 0o700) -> None:
    """The folder with its parents, each durable in its parent."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=mode, exist_ok=True)
    sync_folder(path.parent)


@contextmanager
def locked(path: Path, holder: str, *, wait: bool = False, shared: bool = False) -> Iterator[None]:
    """Hold the lock file `path`; it ends with the process, however that ends. Taken: `Broken`, naming the holder.

    `shared`: together with others who share it.
    """
    if not path.parent.is_dir():
        raise Broken(
            f"There is no folder {path.parent}. Make a clinic there: esante init --data {path.parent}; or bring one back:"
            f" esante backup restore --data {path.parent}"
        )
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            who = os.pread(handle, 200, 0).decode(errors="replace").strip() or "another process"
            raise InUse(path.parent, who) from None
        if not shared:
            os.ftruncate(handle, 0)
            os.pwrite(handle, holder.encode(), 0)
        yield
    finally:
        os.close(handle)
