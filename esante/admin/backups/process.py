"""The nightly backup as a job: a process of its own makes it, so that it takes nothing from those who serve."""

import asyncio
import base64
import sys

import msgspec
import structlog

from esante.admin.backups import service
from esante.admin.backups.events import BackUp
from esante.kernel import backup_status
from esante.kernel.actor import house
from esante.kernel.clinic import Clinic
from esante.kernel.config import Config
from esante.kernel.errors import Broken

log = structlog.get_logger(__name__)

ACTOR = house("job:admin.back_up")
DONE, DONE_BUT_NOT_COPIED = 0, 3
"""Exit codes of `esante backup create` with which the backup is made and proven."""


class Handover(msgspec.Struct, frozen=True):
    """What the server tells the process by its standard input: settings, and the key that opens the keyring."""

    config: Config
    encryption_key: str

    @property
    def key(self) -> bytes:
        return base64.b64decode(self.encryption_key)


async def back_up(clinic: Clinic, task: BackUp) -> None:
    """Make a backup; the process notes in the clinic what became of it. One that failed is tried again, as jobs are.

    A server that stops takes the process with it; what it had begun is swept by the next.
    """
    folder = clinic.db.path.parent.resolve()
    handover = Handover(clinic.config, base64.b64encode(clinic.keys.encryption_key).decode())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "esante", "backup", "create", "--data", str(folder), "--handed-over", "--json",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await process.communicate(msgspec.json.encode(handover))
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
