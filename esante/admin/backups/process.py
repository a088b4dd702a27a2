"""The nightly backup as a job: a process of its own makes it, so that it takes nothing from those who serve."""

import asyncio
import os
import sys

import msgspec
import structlog

from esante.admin.backups import service
from esante.admin.backups.events import BackUp
from esante.kernel import backup_status, keyring
from esante.kernel.actor import house
from esante.kernel.clinic import Clinic
from esante.kernel.errors import Broken

log = structlog.get_logger(__name__)

ACTOR = house("job:admin.back_up")
DONE, DONE_BUT_NOT_COPIED = 0, 3
"""Exit codes of `esante backup create` with which the backup is made and proven."""


async def back_up(clinic: Clinic, task: BackUp) -> None:
    """Make a backup; the process notes in the clinic what became of it. One that failed is tried again, as jobs are.

    A server that stops takes the process with it; what it had begun is swept by the next.
    """
    folder = clinic.db.path.parent.resolve()
    with keyring.handed_over(clinic.keys) as (environment, handles):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "esante", "backup", "create", "--data", str(folder), "--config", "-", "--json",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, env=os.environ | environment,
            pass_fds=handles,
        )  # fmt: skip
    try:
        await process.communicate(msgspec.json.encode(clinic.config))
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode in (DONE, DONE_BUT_NOT_COPIED):
        return
    if process.returncode != 1:  # it could not say so itself
        reason = f"the backup process ended with code {process.returncode}"
        status = msgspec.structs.replace(backup_status.read(folder), last_error=reason)
        await asyncio.to_thread(backup_status.write, folder, status)
        await clinic.db.write(ACTOR, service.note_failed, "process", reason)
    raise Broken(backup_status.read(folder).last_error or "the backup failed")
