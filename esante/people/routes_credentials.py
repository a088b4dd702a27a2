"""The HTTP door to copies of licences and identity cards; nothing that was sent reaches the disk unsealed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Router, delete, get, put
from litestar.params import FromPath
from litestar.response import Stream

from esante.kernel import images
from esante.kernel.access import roles
from esante.kernel.clinic import Clinic
from esante.kernel.dependencies import Db, House, Me
from esante.kernel.structs import Page
from esante.people.credentials import service as credentials
from esante.people.credentials.structs import Credential, CredentialKind

DOCTOR, ADMIN = roles("doctor"), roles("admin")
MOST_BYTES = 5 * 1024 * 1024
MOST_SIDE = 3_000
MOST_BODY = MOST_BYTES + images.SLACK


@put("/doctors/profile/documents/{kind:str}", access=DOCTOR, body="file", request_max_body_size=MOST_BODY)
async def put_own_document(
    request: Request[Any, Any, Any], db: Db, actor: Me, clinic: House, kind: FromPath[CredentialKind]
) -> Page[Credential]:
    """Send a copy of your `licence` or `id_card`: JPEG or PNG, 5 MB at most. Admins see it, nobody else."""
    db.read(actor, credentials.check_may_keep)
    data, declared = await images.receive(request, MOST_BYTES)
    made = await asyncio.to_thread(images.remake, data, declared, MOST_SIDE, "JPEG")
    sealed = await clinic.vault.save(_chunks(made.data))
    try:
        replaced = await db.write(actor, credentials.put_own, kind, sealed, made.width, made.height)
    except BaseException:
        clinic.vault.remove(sealed.id)
        raise
    if replaced:
        clinic.vault.remove(replaced)
    return db.read(actor, credentials.list_own)


@delete("/doctors/profile/documents/{kind:str}", access=DOCTOR)
async def remove_own_document(db: Db, actor: Me, clinic: House, kind: FromPath[CredentialKind]) -> None:
    """Take a copy of yours away."""
    clinic.vault.remove(await db.write(actor, credentials.remove_own, kind))


@get("/doctors/profile/documents", access=DOCTOR)
async def list_own_documents(db: Db, actor: Me) -> Page[Credential]:
    """Which copies of yours the clinic has."""
    return db.read(actor, credentials.list_own)


@get("/doctors/profile/documents/{kind:str}", access=DOCTOR, gives=("image/jpeg",))
async def show_own_document(db: Db, actor: Me, clinic: House, kind: FromPath[CredentialKind]) -> Stream:
    """A copy of yours."""
    return _shown(clinic, await db.look(actor, credentials.show_own, kind), kind)


@get("/doctors/{practitioner_id:str}/documents", access=ADMIN)
async def list_documents(db: Db, actor: Me, practitioner_id: FromPath[str]) -> Page[Credential]:
    """Which copies there are of a doctor who is to be verified."""
    return await db.look(actor, credentials.list_for_admin, practitioner_id)


@get("/doctors/{practitioner_id:str}/documents/{kind:str}", access=ADMIN, gives=("image/jpeg",))
async def show_document(
    db: Db, actor: Me, clinic: House, practitioner_id: FromPath[str], kind: FromPath[CredentialKind]
) -> Stream:
    """A doctor's licence or identity card."""
    return _shown(clinic, await db.look(actor, credentials.show_to_admin, practitioner_id, kind), kind)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _shown(clinic: Clinic, file_id: str, kind: CredentialKind) -> Stream:
    headers = {"content-disposition": f'attachment; filename="{kind}.jpg"', "cache-control": "no-store"}
    return Stream(clinic.vault.open(file_id), media_type="image/jpeg", headers=headers)


router = Router(
    "/",
    route_handlers=[
        put_own_document,
        remove_own_document,
        list_own_documents,
        show_own_document,
        list_documents,
        show_document,
    ],
)
