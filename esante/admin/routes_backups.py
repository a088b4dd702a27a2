"""The HTTP door to the backups."""

import asyncio

from litestar import Router, get, post

from esante.admin.backups import service as backups
from esante.admin.backups.structs import BackupShown, BackupsShown
from esante.kernel import backup_status
from esante.kernel.access import roles
from esante.kernel.backup import shelf
from esante.kernel.clinic import Clinic
from esante.kernel.dependencies import Db, House, Me

ADMIN = roles("admin")


@get("/admin/backups", access=ADMIN)
async def list_backups(db: Db, actor: Me, clinic: House) -> BackupsShown:
    """How the backups stand, and which lie in the clinic's own folder, newest first."""
    db.read(actor, backups.check_may_list)
    return await db.look(actor, backups.note_listed, await asyncio.to_thread(_show, clinic))


@post("/admin/backups", access=ADMIN, status_code=202)
async def request_backup(db: Db, actor: Me) -> None:
    """Have a backup made now, in a process of its own; the list and the health view show what became of it."""
    await db.write(actor, backups.request_backup)


def _show(clinic: Clinic) -> BackupsShown:
    data, config = clinic.db.path.parent, clinic.config.backup
    folder, status = config.folder_for(data), backup_status.read(data)
    return BackupsShown(
        folder=str(folder),
        nightly_at=config.at if config.nightly else None,
        last_backup_at=status.last_backup_at,
        last_proven_at=status.last_proven_at,
        last_error=status.last_error,
        items=[
            BackupShown(name=one.name, size=one.size, made_at=one.made_at, proven_at=one.proven_at)
            for one in shelf.listed(shelf.Folder(folder))
        ],
    )


router = Router("/", route_handlers=[list_backups, request_backup], tags=["Administration"])
