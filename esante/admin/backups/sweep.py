"""The nightly sweep: sealed files that no row names are removed.

A file comes before its row and goes after it, so a crash, or a removal while a backup ran, leaves a file without a row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from esante.admin.backups import service
from esante.admin.backups.events import SweepFiles
from esante.kernel.actor import house
from esante.kernel.clinic import Clinic
from esante.kernel.transaction import LookTx, ReadTx

ACTOR = house("job:admin.sweep_files")
DAY_SECONDS = 24 * 60 * 60
"""Longer than any upload takes until its row is there."""

NamedFiles = Callable[[ReadTx], Iterable[str]]
"""The vault files that a room's rows name."""


def sweep(rooms: Iterable[NamedFiles]) -> Callable[[Clinic, SweepFiles], Awaitable[None]]:
    """The job, for the rooms that keep files."""

    def named(tx: LookTx) -> set[str]:
        return {file_id for room in rooms for file_id in room(tx)}

    async def sweep_files(clinic: Clinic, task: SweepFiles) -> None:
        now = clinic.db.now().timestamp()
        await asyncio.to_thread(clinic.vault.remove_drafts, DAY_SECONDS, now)
        old = await asyncio.to_thread(clinic.vault.older_than, DAY_SECONDS, now)
        orphans = set(old) - await clinic.db.scan(ACTOR, named)  # in this order: a row may come while files are listed
        for file_id in sorted(orphans):
            await asyncio.to_thread(clinic.vault.remove, file_id)
        if orphans:
            await clinic.db.write(ACTOR, service.note_swept, len(orphans))

    return sweep_files
