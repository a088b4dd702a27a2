"""The HTTP door to photographs: the picture is the body, or the file of a form; nothing that was sent reaches the disk."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from litestar import Request, Router, delete, get, put
from litestar.params import FromPath
from litestar.response import Stream

from esante.kernel import images
from esante.kernel.access import OPEN, roles
from esante.kernel.actor import Actor
from esante.kernel.clinic import Clinic
from esante.kernel.dependencies import Db, House, Me
from esante.people.photos import service as photos
from esante.people.photos.structs import Photo

READERS = roles("patient", "doctor", "assistant", "admin")
PEOPLE = roles("patient", "doctor")
MOST_BYTES = 5 * 1024 * 1024
MOST_SIDE = 2048
MOST_BODY = MOST_BYTES + images.SLACK

Anyone = Request[Any, Any, Any]


@put("/patients/{patient_id:str}/photo", access=READERS, body="file", request_max_body_size=MOST_BODY)
async def put_photo(request: Anyone, db: Db, actor: Me, clinic: House, patient_id: FromPath[str]) -> Photo:
    """Put a photograph in the place of the one before: JPEG or PNG, 5 MB at most. It is encoded anew, without hidden data."""
    whose = db.read(actor, photos.check_may_change, patient_id)
    return await _take(request, clinic, actor, f"/api/v1/patients/{whose}/photo", photos.put_photo, whose)


@put("/users/photo", access=PEOPLE, body="file", request_max_body_size=MOST_BODY)
async def put_own_photo(request: Anyone, db: Db, actor: Me, clinic: House) -> Photo:
    """One's own photograph: JPEG or PNG, 5 MB at most."""
    db.read(actor, photos.check_may_change_own)
    return await _take(request, clinic, actor, "/api/v1/users/photo", photos.put_own_photo)


@delete("/patients/{patient_id:str}/photo", access=READERS)
async def remove_photo(db: Db, actor: Me, clinic: House, patient_id: FromPath[str]) -> None:
    """Take the photograph away."""
    _drop(clinic, await db.write(actor, photos.put_photo, patient_id, None))


@delete("/users/photo", access=PEOPLE)
async def remove_own_photo(db: Db, actor: Me, clinic: House) -> None:
    """Take one's own photograph away."""
    _drop(clinic, await db.write(actor, photos.put_own_photo, None))


@get("/patients/{patient_id:str}/photo", access=READERS, gives=("image/jpeg",))
async def show_photo(db: Db, actor: Me, clinic: House, patient_id: FromPath[str]) -> Stream:
    """The patient's photograph, for whoever may see the patient."""
    return _shown(clinic, await db.look(actor, photos.photo_of_patient, patient_id))


@get("/users/photo", access=PEOPLE, gives=("image/jpeg",))
async def show_own_photo(db: Db, actor: Me, clinic: House) -> Stream:
    """One's own photograph."""
    return _shown(clinic, await db.look(actor, photos.own_photo))


@get("/doctors/{practitioner_id:str}/photo", access=OPEN, gives=("image/jpeg",))
async def show_doctor_photo(db: Db, actor: Me, clinic: House, practitioner_id: FromPath[str]) -> Stream:
    """The photograph of an approved doctor."""
    return _shown(clinic, db.read(actor, photos.photo_of_doctor, practitioner_id))


async def _take(
    request: Anyone, clinic: Clinic, actor: Actor, url: str, put_it: Callable[..., str | None], *whose: str
) -> Photo:
    """Receive, encode anew in a thread, seal, and only then name it; what it replaces goes last."""
    data, declared = await images.receive(request, MOST_BYTES)
    made = await asyncio.to_thread(images.remake, data, declared, MOST_SIDE, "JPEG")
    sealed = await clinic.vault.save(_chunks(made.data))
    try:
        replaced = await clinic.db.write(actor, put_it, *whose, sealed.id)
    except BaseException:
        clinic.vault.remove(sealed.id)
        raise
    _drop(clinic, replaced)
    return Photo(url=url, width=made.width, height=made.height, size=sealed.size)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _drop(clinic: Clinic, file_id: str | None) -> None:
    if file_id:
        clinic.vault.remove(file_id)


def _shown(clinic: Clinic, file_id: str) -> Stream:
    headers = {"content-disposition": 'inline; filename="photo.jpg"'}
    return Stream(clinic.vault.open(file_id), media_type="image/jpeg", headers=headers)


router = Router(
    "/",
    route_handlers=[
        put_photo,
        put_own_photo,
        remove_photo,
        remove_own_photo,
        show_photo,
        show_own_photo,
        show_doctor_photo,
    ],
)
