"""The HTTP door of administration: settings, logo, preferences, an assistant's first page."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, Router, delete, get, put
from litestar.params import FromPath, JSONBody

from esante.admin.desk import service as desk
from esante.admin.logo import service as logos
from esante.admin.preferences import service as preferences
from esante.admin.settings import service as settings
from esante.admin.structs import (
    AssistantDashboard,
    ClinicFace,
    LogoShown,
    Preferences,
    PreferencesWish,
    Setting,
    SettingChange,
    SettingWish,
)
from esante.kernel import images
from esante.kernel.access import OPEN, SIGNED_IN, roles
from esante.kernel.dependencies import Db, House, IfMatch, Me, tagged
from esante.kernel.structs import Page

ADMIN = roles("admin")
LOGO_SIDE = 512


@get("/settings", access=OPEN)
async def show_settings(db: Db, actor: Me) -> ClinicFace:
    """The clinic's name, languages, zone, currency and features; for an admin also every setting with its bounds."""
    return db.read(actor, settings.show_face)


@get("/settings/{key:str}", access=ADMIN)
async def show_setting(key: FromPath[str], db: Db, actor: Me) -> Response[Setting]:
    """One setting. The ETag is what PUT wants to see in If-Match; 0 while it has its default."""
    return tagged(db.read(actor, settings.show_setting, key))


@put("/settings/{key:str}", access=ADMIN)
async def change_setting(
    key: FromPath[str], data: JSONBody[SettingWish], db: Db, actor: Me, version: IfMatch
) -> Response[Setting]:
    """Change one setting; a value beyond its bounds is 400 and names them, an unknown key 404 and names the nearest."""
    return tagged(await db.write(actor, settings.change_setting, key, version, data))


@get("/settings/{key:str}/history", access=ADMIN)
async def list_changes(key: FromPath[str], db: Db, actor: Me) -> Page[SettingChange]:
    """What it was, when it changed, and by whom."""
    return db.read(actor, settings.list_changes, key)


# ---------------------------------------------------------------------------------- logo


@get("/settings/logo", access=OPEN, media_type="image/png")
async def show_logo(request: Request[Any, Any, Any], db: Db, actor: Me, clinic: House) -> Response[Any]:
    """The clinic's logo, a PNG; 404 while there is none."""
    found = db.read(actor, logos.show_logo)
    tag = f'"{found.sha256[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=300"}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, media_type="image/png", headers={"ETag": tag})
    whole = b"".join([block async for block in clinic.vault.open(found.file_id)])
    return Response(whole, media_type="image/png", headers=headers)


@put(
    "/settings/logo",
    access=ADMIN,
    body="file",
    request_max_body_size=images.MOST_BYTES + images.SLACK,
)
async def keep_logo(request: Request[Any, Any, Any], db: Db, actor: Me, clinic: House) -> LogoShown:
    """Send a PNG or JPEG of at most 5 MB, as the body or as a form's file. It is made anew, at most 512 pixels a side."""
    db.read(actor, logos.may_keep_logo)
    data, declared = await images.receive(request)
    picture = await asyncio.to_thread(images.remake, data, declared, LOGO_SIDE)
    sealed = await clinic.vault.save(_chunks(picture.data))
    try:
        new, old = await db.write(actor, logos.keep_logo, sealed, picture)
    except Exception:  # not when the caller has gone: the row may be written all the same
        await asyncio.to_thread(clinic.vault.remove, sealed.id)
        raise
    if old:
        await asyncio.to_thread(clinic.vault.remove, old)
    return LogoShown(url=f"{logos.PATH}?v={new.version}", width=new.width, height=new.height, version=new.version)


@delete("/settings/logo", access=ADMIN)
async def remove_logo(db: Db, actor: Me, clinic: House) -> None:
    """Have no logo any more."""
    if old := await db.write(actor, logos.remove_logo):
        await asyncio.to_thread(clinic.vault.remove, old)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


# --------------------------------------------------------------- preferences, first pages


@get("/users/settings", access=SIGNED_IN)
async def show_preferences(db: Db, actor: Me) -> Response[Preferences]:
    """What the signed-in account has set for itself."""
    return tagged(db.read(actor, preferences.show_preferences))


@put("/users/settings", access=SIGNED_IN)
async def change_preferences(
    data: JSONBody[PreferencesWish], db: Db, actor: Me, version: IfMatch
) -> Response[Preferences]:
    """Set all of it at once; what is left out takes its default."""
    return tagged(await db.write(actor, preferences.change_preferences, version, data))


@get("/assistants/dashboard", access=roles("assistant"))
async def assistant_dashboard(db: Db, actor: Me) -> AssistantDashboard:
    """An assistant's first page: doctors, workplaces, open invitations, today's visits."""
    return await db.look(actor, desk.assistant_dashboard)


router = Router(
    "/",
    route_handlers=[
        show_settings,
        show_setting,
        change_setting,
        list_changes,
        show_logo,
        keep_logo,
        remove_logo,
        show_preferences,
        change_preferences,
        assistant_dashboard,
    ],
    tags=["Administration"],
)
