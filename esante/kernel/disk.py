"""How much room is left on the disks that the clinic writes to."""

import os
from pathlib import Path

from esante.kernel.structs import Kept


class Volume(Kept):
    """The disk under one of the clinic's folders: what a process without special rights may still write."""

    name: str
    free_bytes: int
    total_bytes: int

    @property
    def free_percent(self) -> float:
        return 100 * self.free_bytes / self.total_bytes if self.total_bytes else 100.0


def measure(name: str, folder: Path) -> Volume | None:
    """None when there is no such folder, or its disk does not answer. May wait for a disk on the network."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return Volume(
        name=name,
        free_bytes=found.f_bavail * found.f_frsize,
        total_bytes=(found.f_blocks - found.f_bfree + found.f_bavail) * found.f_frsize,
    )
