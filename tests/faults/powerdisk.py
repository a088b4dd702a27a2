"""A disk in memory, under a real program by FUSE, that knows what was synced and what was not.

Each write, name and sync is recorded in order. From the recording every state follows that a kill or a power cut can leave:
after a kill all that was written is there; after a power cut what was not synced is there, or not, or in pieces of a sector,
and of the names that were not synced some first ones. `python -m tests.faults.powerdisk SOURCE MOUNT RECORDING [lies]`
"""

import copy
import errno
import os
import pickle
import random
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.process import ROOT

SECTOR = 512
TOP = 1
CUT = ".power-cut"
"""Make a folder of this name at the top, and the power is gone."""

Op = tuple[Any, ...]
"""write inode offset data · truncate inode size · make inode is_folder · name folder name inode · unname folder name ·
rename folder name folder name inode · sync inode"""
NAMING = ("name", "unname", "rename")


class Tree:
    """Files and folders by inode; the bytes of a file, the names in a folder."""

    def __init__(self) -> None:
        self.nodes: dict[int, bytearray | dict[str, int]] = {TOP: {}}
        self.modes: dict[int, int] = {TOP: 0o700}

    @classmethod
    def read(cls, folder: Path) -> "Tree":
        tree, known = cls(), dict[int, int]()

        def enter(path: Path, into: dict[str, int]) -> None:
            for one in sorted(path.iterdir()):
                found = one.stat()
                inode = known.setdefault(found.st_ino, len(tree.nodes) + 1)
                into[one.name] = inode
                tree.modes[inode] = stat.S_IMODE(found.st_mode)
                if one.is_dir():
                    enter(one, tree.nodes.setdefault(inode, {}))  # type: ignore[arg-type]
                else:
                    tree.nodes.setdefault(inode, bytearray(one.read_bytes()))

        enter(folder, tree.nodes[TOP])  # type: ignore[arg-type]
        return tree

    def write(self, folder: Path) -> None:
        """Put it there instead of what is there."""
        shutil.rmtree(folder, ignore_errors=True)
        written: dict[int, Path] = {}

        def leave(inode: int, path: Path) -> None:
            node = self.nodes[inode]
            if isinstance(node, dict):
                path.mkdir(parents=inode == TOP)
                for name, below in node.items():
                    leave(below, path / name)
            elif inode in written:
                os.link(written[inode], path)
                return
            else:
                path.write_bytes(node)
                written[inode] = path
            path.chmod(self.modes.get(inode, 0o600))

        leave(TOP, folder)

    def apply(self, op: Op) -> None:
        kind, inode, *more = op
        node: Any = self.nodes.get(inode)
        if kind == "write":
            offset, data = more
            if len(node) < offset:
                node.extend(bytes(offset - len(node)))
            node[offset : offset + len(data)] = data
        elif kind == "truncate":
            del node[more[0] :]
            node.extend(bytes(more[0] - len(node)))
        elif kind == "make":
            self.nodes[inode] = {} if more[0] else bytearray()
        elif kind == "name":
            node[more[0]] = more[1]
        elif kind == "unname":
            node.pop(more[0], None)
        elif kind == "rename":
            name, folder, new, moved = more
            if node.get(name) == moved:
                del node[name]
            self.nodes[folder][new] = moved  # type: ignore[index]


class Replay:
    """Goes through a recording, and shows at any moment what a kill or a power cut would leave."""

    def __init__(self, start: Tree) -> None:
        self.written, self._durable = copy.deepcopy(start), copy.deepcopy(start)
        self._pending: list[Op] = []
        self.last = "nothing"
        """The last change, in a word or two."""

    def feed(self, op: Op) -> None:
        self.last = " ".join(str(one) for one in op if isinstance(one, str | int))
        self.written.apply(op)
        if op[0] == "make":
            self._durable.apply(op)
        elif op[0] == "sync":
            for one in self._pending:
                if _touches(one, op[1]):
                    self._durable.apply(one)
            self._pending = [one for one in self._pending if not _touches(one, op[1])]
        else:
            self._pending.append(op)

    def cut(self, dice: random.Random, keep: float) -> tuple[Tree, int]:
        """What is left, `keep` of what was not synced with it; and how many pieces are lost."""
        left, lost = copy.deepcopy(self._durable), 0
        left.modes = self.written.modes
        naming = sum(one[0] in NAMING for one in self._pending)
        names = {0.0: 0, 1.0: naming}.get(keep, dice.randint(0, naming))
        for op in self._pending:
            if op[0] in NAMING:
                names -= 1
                pieces = [op] if names >= 0 else []
                lost += names < 0
            else:
                pieces = [one for one in _sectors(op) if dice.random() < keep]
                lost += len(_sectors(op)) - len(pieces)
            for one in pieces:
                left.apply(one)
        return left, lost


class Recording:
    """What a program did to a disk, from a first state on."""

    def __init__(self, start: Tree, ops: list[Op]) -> None:
        self.start, self.ops = start, ops

    def replays(self) -> Iterator[tuple[Op, Replay]]:
        """Each change, and how it stands after it. What only shares memory between processes is no change."""
        replay, shared = Replay(self.start), set[int]()
        for op in self.ops:
            replay.feed(op)
            if op[0] == "name" and str(op[2]).endswith("-shm"):
                shared.add(op[3])
            if op[0] != "make" and op[1] not in shared:
                yield op, replay

    def end(self) -> Replay:
        replay = Replay(self.start)
        for op in self.ops:
            replay.feed(op)
        return replay


class PowerDisk:
    """Mounted at `mount`, with what is in `source`; ends with `cut`. `lies`: it says that it has synced and has not."""

    def __init__(self, source: Path, mount: Path, *, lies: bool = False) -> None:
        mount.mkdir(parents=True, exist_ok=True)
        self.mount, self._recording = mount, mount.parent / f"{mount.name}.recording"
        command = [sys.executable, "-m", "tests.faults.powerdisk", str(source), str(mount), str(self._recording)]
        self._process = subprocess.Popen([*command, *["lies"] * lies], cwd=ROOT, stderr=subprocess.PIPE)
        try:
            end = time.monotonic() + 30
            while not mount.is_mount():
                assert self._process.poll() is None, self._process.communicate()[1].decode()
                assert time.monotonic() < end, "the disk is not mounted"
                time.sleep(0.01)
        except BaseException:
            self.close()
            raise

    def cut(self) -> Recording:
        """From now on it answers nothing but errors."""
        with suppress(OSError):  # it is done, and then the folder is looked for
            (self.mount / CUT).mkdir()
        start = Tree()
        start.nodes, start.modes, ops = pickle.loads(self._recording.read_bytes())  # noqa: S301 - written by our own process
        return Recording(start, ops)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.mount)], check=False, capture_output=True)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()


def missing() -> str | None:
    """Why there can be no such disk here; None when there can."""
    try:
        import mfusepy  # noqa: F401
    except (ImportError, OSError) as error:
        return f"no FUSE library: {error}"
    if os.geteuid() or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "root and /dev/fuse are needed"
    return None


def _touches(op: Op, inode: int) -> bool:
    return op[1] == inode or (op[0] == "rename" and op[3] == inode)


def _sectors(op: Op) -> list[Op]:
    if op[0] != "write":
        return [op]
    _, inode, offset, data = op
    ends = [*range(SECTOR - offset % SECTOR, len(data), SECTOR), len(data)]
    return [("write", inode, offset + at, data[at:end]) for at, end in zip([0, *ends], ends, strict=False)]


def serve(source: Path, mount: Path, recording: Path, lies: bool) -> None:
    """Until it is unmounted."""
    import mfusepy

    class Disk(mfusepy.Operations):  # type: ignore[misc]
        use_ns = True

        def __init__(self) -> None:
            self.tree, self.ops, self.dead = Tree.read(source), list[Op](), False
            self.start, self.times = copy.deepcopy(self.tree), dict[int, int]()
            self.next = max(self.tree.nodes) + 1

        def _do(self, *op: Any) -> None:
            self.tree.apply(op)
            self.ops.append(op)
            self.times[op[1]] = time.time_ns()

        def _find(self, path: str) -> int:
            if self.dead:
                raise OSError(errno.EIO, "no power")
            inode = TOP
            for name in path.strip("/").split("/"):
                node = self.tree.nodes[inode]
                if name:
                    if not isinstance(node, dict) or name not in node:
                        raise OSError(errno.ENOENT, path)
                    inode = node[name]
            return inode

        def _place(self, path: str) -> tuple[int, str]:
            above, _, name = path.rpartition("/")
            return self._find(above), name

        def _make(self, path: str, mode: int, is_folder: bool) -> int:
            folder, name = self._place(path)
            inode, self.next = self.next, self.next + 1
            self.tree.modes[inode] = self.start.modes[inode] = stat.S_IMODE(mode)
            self._do("make", inode, is_folder)
            self._do("name", folder, name, inode)
            return inode

        def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
            inode = fh or self._find(path)
            node, at = self.tree.nodes[inode], self.times.get(inode, 0) or time.time_ns()
            kind = stat.S_IFDIR if isinstance(node, dict) else stat.S_IFREG
            size = 0 if isinstance(node, dict) else len(node)
            mode = kind | self.tree.modes[inode]
            return {"st_mode": mode, "st_size": size, "st_nlink": 1, "st_mtime": at, "st_ctime": at, "st_atime": at}

        def readdir(self, path: str, fh: int) -> list[str]:
            return [".", "..", *self.tree.nodes[self._find(path)]]  # type: ignore[list-item]

        def create(self, path: str, mode: int, fi: Any = None) -> int:
            return self._make(path, mode, False)

        def mkdir(self, path: str, mode: int) -> int:
            if path == f"/{CUT}":
                recording.write_bytes(pickle.dumps((self.start.nodes, self.start.modes, self.ops)))
                self.dead = True
            else:
                self._make(path, mode, True)
            return 0

        def open(self, path: str, flags: int) -> int:
            return self._find(path)

        def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
            self._find("")
            return bytes(self.tree.nodes[fh][offset : offset + size])  # type: ignore[index]

        def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
            self._find("")
            self._do("write", fh, offset, bytes(data))
            return len(data)

        def truncate(self, path: str, length: int, fh: int | None = None) -> int:
            self._do("truncate", fh or self._find(path), length)
            return 0

        def fsync(self, path: str, datasync: int, fh: int) -> int:
            self._find("")
            if not lies:
                self.ops.append(("sync", fh))
            return 0

        def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
            return self.fsync(path, datasync, self._find(path))

        def unlink(self, path: str) -> int:
            self._find(path)
            self._do("unname", *self._place(path))
            return 0

        def rmdir(self, path: str) -> int:
            if self.tree.nodes[self._find(path)]:
                raise OSError(errno.ENOTEMPTY, path)
            return self.unlink(path)

        def rename(self, old: str, new: str) -> int:
            inode = self._find(old)
            self._do("rename", *self._place(old), *self._place(new), inode)
            return 0

        def link(self, target: str, source: str) -> int:
            self._do("name", *self._place(target), self._find(source))
            return 0

        def chmod(self, path: str, mode: int) -> int:
            self.tree.modes[self._find(path)] = stat.S_IMODE(mode)
            return 0

        def chown(self, path: str, uid: int, gid: int) -> int:
            return 0

        def utimens(self, path: str, times: Any = None) -> int:
            return 0

        def statfs(self, path: str) -> dict[str, int]:
            return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 1 << 20, "f_bfree": 1 << 20, "f_bavail": 1 << 20}

    mfusepy.FUSE(Disk(), str(mount), foreground=True, nothreads=True, hard_remove=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:] == ["lies"])
