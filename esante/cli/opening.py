"""Opening a clinic from the command line: beside the running server, or alone."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from esante.app import DATABASE, bring_up_to_date, open_clinic
from esante.cli.options import CONFIG
from esante.kernel import config, files, keyring, log, migrate
from esante.kernel.actor import Actor, house
from esante.kernel.clinic import Clinic
from esante.kernel.config import Config
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken

T = TypeVar("T")

DEMO_KEY = "demo-key"


def operator() -> Actor:
    """Who acts at the console, for the audit log."""
    return house(f"cli:{getpass.getuser()}")


def settings_of(path: Path, folder: Path, host: str | None = None, port: int | None = None) -> Config:
    """`esante.toml`, with what the command line says instead. A demo clinic's key lies in its own folder."""
    if path != CONFIG and not path.exists():
        raise Broken(f"There is no file {path}; without --config the defaults hold")
    found = config.load(path)
    log.set_up(found.log)
    server = found.server
    if host is not None:
        server = msgspec.structs.replace(server, host=host)
    if port is not None:
        server = msgspec.structs.replace(server, port=port)
    keys = found.keys
    if (folder / DEMO_KEY).exists():
        keys = msgspec.structs.replace(keys, file=str(folder / DEMO_KEY))
    return msgspec.structs.replace(found, server=server, keys=keys)


def unlocked(folder: Path, settings: Config) -> keyring.Keyring:
    return keyring.unlock(folder, Path(settings.keys.file).expanduser())


def with_clinic(folder: Path, settings: Config, work: Callable[[Clinic], Awaitable[T]]) -> T:
    """Open the clinic, do the work, close it. A running server notices within 250 ms what was written."""
    keys = unlocked(folder, settings)
    ready(folder, keys)

    async def run() -> T:
        clinic = open_clinic(folder, settings, keys)
        await clinic.db.start()
        try:
            return await work(clinic)
        finally:
            await clinic.db.stop()
            clinic.passwords.close()

    return asyncio.run(run())


def ready(folder: Path, keys: keyring.Keyring) -> None:
    """Bring the schema up to date when nobody serves the clinic; beside a server it must be so already."""
    with suppress(files.InUse), files.locked(folder / "lock", f"an esante command, process {os.getpid()}"):
        bring_up_to_date(folder, keys)
        return
    conn = open_database(folder / DATABASE, keys.key("database"), "reader")
    try:
        migrate.check(conn)
    finally:
        conn.close()
