"""The practice of `practice.py`, fresh for each test."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from esante.kernel import migrate
from esante.kernel.connection import open_database
from tests.scheduling.practice import KEY, MONDAY, Practice


@pytest.fixture(scope="session")
def empty_clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, to be copied for each test."""
    folder = tmp_path_factory.mktemp("empty")
    conn = open_database(folder / "esante.db", KEY, "maintenance")
    migrate.migrate(conn)
    conn.close()
    return folder


@pytest.fixture
async def practice(empty_clinic: Path, tmp_path: Path) -> AsyncIterator[Practice]:
    """On a Monday in November."""
    async for opened in _open(empty_clinic, tmp_path, MONDAY):
        yield opened


@pytest.fixture
async def october(empty_clinic: Path, tmp_path: Path) -> AsyncIterator[Practice]:
    """In the week before the clocks fall back."""
    async for opened in _open(empty_clinic, tmp_path, datetime(2026, 10, 19, 7, 0, tzinfo=UTC)):
        yield opened


@pytest.fixture
async def early(empty_clinic: Path, tmp_path: Path) -> AsyncIterator[Practice]:
    """At the beginning of the year."""
    async for opened in _open(empty_clinic, tmp_path, datetime(2026, 1, 5, 7, 0, tzinfo=UTC)):
        yield opened


async def _open(empty: Path, folder: Path, at: datetime) -> AsyncIterator[Practice]:
    shutil.copytree(empty, folder / "clinic")
    opened = Practice(folder / "clinic", at)
    await opened.db.start()
    await opened.furnish()
    yield opened
    await opened.db.stop()
