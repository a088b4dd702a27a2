"""A furnished folder for each test, a clock that stands still, and databases that are stopped afterwards."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from esante.kernel.database import Database
from tests.kernel.ground import NAME, Clock, database, furnish

Opener = Callable[..., Awaitable[Database]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / NAME
    furnish(path)
    return path


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    shutil.copy(template, tmp_path / NAME)
    return tmp_path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def open_db(folder: Path, clock: Clock) -> AsyncIterator[Opener]:
    opened: list[Database] = []

    async def open_it(**options: Any) -> Database:
        db = database(folder, **{"now": clock} | options)
        await db.start()
        opened.append(db)
        return db

    yield open_it
    for db in opened:
        if not db._stopping.is_set():
            await db.stop()


@pytest.fixture
async def db(open_db: Opener) -> Database:
    return await open_db()
