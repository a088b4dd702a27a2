"""The HTTP door to the box's health and to jobs that were given up."""

import asyncio
from typing import Annotated

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from esante.admin.health import box
from esante.admin.health import service as health
from esante.admin.health.structs import HealthReport
from esante.kernel.access import roles
from esante.kernel.dead_letters import Job, JobState
from esante.kernel.dependencies import Db, House, Me
from esante.kernel.structs import Page

ADMIN = roles("admin")


@get("/admin/health", access=ADMIN)
async def show_health(db: Db, actor: Me, clinic: House) -> HealthReport:
    """Database, disks, backups, jobs, mail and audit log, and what of it needs somebody's hand."""
    measured = await asyncio.to_thread(box.measure, clinic)
    return await db.scan(actor, health.show_health, measured)


@get("/admin/jobs", access=ADMIN)
async def list_jobs(
    db: Db,
    actor: Me,
    which: Annotated[JobState, QueryParameter(name="state")] = "failed",
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> Page[Job]:
    """Jobs that wait, or were given up, newest first: names, times and errors."""
    return await db.scan(actor, health.list_jobs, which, cursor, limit)


@post("/admin/jobs/{id:str}/retry", access=ADMIN, status_code=204)
async def retry_job(id: FromPath[str], db: Db, actor: Me) -> None:
    """Try a job that was given up again, now."""
    await db.write(actor, health.retry_job, id)


@post("/admin/jobs/{id:str}/discard", access=ADMIN, status_code=204)
async def discard_job(id: FromPath[str], db: Db, actor: Me) -> None:
    """Give a failed job up for good: what it would have done is never done."""
    await db.write(actor, health.discard_job, id)


@post("/admin/clock/confirm", access=ADMIN, status_code=204)
async def confirm_clock(db: Db, actor: Me) -> None:
    """Say that the clinic's time is right, after you have looked at it; asks for a fresh proof. 409 when nobody doubts it."""
    await db.write(actor, health.confirm_clock)


router = Router(
    "/", route_handlers=[show_health, list_jobs, retry_job, discard_job, confirm_clock], tags=["Administration"]
)
