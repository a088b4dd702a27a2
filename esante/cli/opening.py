"""Opening a clinic from the command line: beside the running server, or alone."""

import asyncio
import getpass
import os
import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import typer

from esante.app import DATABASE, bring_up_to_date, open_clinic
from esante.cli.options import CONFIG, DATA
from esante.kernel import config, files, keyring, log, migrate, rotation
from esante.kernel.actor import Actor, house
from esante.kernel.clinic import Clinic
from esante.kernel.config import Config
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken

T = TypeVar("T")

DEMO_KEY = "demo-key"


def operator() -> Actor:
    """Who acts at the console, for the audit log: with sudo, who asked for it."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        user = str(os.getuid())
    return house(f"cli:{user}")


def settings_of(path: Path, folder: Path, host: str | None = None, port: int | None = None) -> Config:
    """`esante.toml`, with what the command line says instead.

    A demo clinic's key lies in its own folder, and it is not backed up by itself.
    """
    if path != CONFIG and not path.exists():
        raise Broken(f"There is no file {path}; without --config the defaults hold")
    found = config.load(path)
    log.set_up(found.log)
    server = found.server
    if host is not None:
        server = msgspec.structs.replace(server, host=host)
    if port is not None:
        server = msgspec.structs.replace(server, port=port)
    keys, backup = found.keys, found.backup
    if (folder / DEMO_KEY).exists():
        keys = msgspec.structs.replace(keys, file=str(folder / DEMO_KEY))
        backup = msgspec.structs.replace(backup, nightly=False)
    return msgspec.structs.replace(found, server=server, keys=keys, backup=backup)


def same(folder: Path, path: Path = CONFIG) -> str:
    """What a command that is recommended needs behind it, to mean the same clinic; nothing where that goes without saying."""
    said = {DATA: "", Path(os.environ.get("ESANTE_DATA", DATA)): ""}.get(folder, f" --data {shlex.quote(str(folder))}")
    known = {CONFIG: "", Path(os.environ.get("ESANTE_CONFIG", CONFIG)): ""}
    return said + known.get(path, f" --config {shlex.quote(str(path))}")


def unlocked(folder: Path, settings: Config) -> keyring.Keyring:
    """The keyring, by what is at hand: a key handed over, the key file, the passphrase. The last is asked for when someone is
    there to type it, or read from the file that ESANTE_PASSPHRASE_FILE names."""
    handed = keyring.unlock_handed_over(folder)
    if handed:
        return handed
    key_file = Path(settings.keys.file).expanduser()
    if key_file.exists() or not keyring.opens_with(folder, "passphrase"):
        return keyring.unlock(folder, key_file)
    return keyring.unlock_with_passphrase(folder, passphrase())


def passphrase(*, twice: bool = False) -> str:
    """From the file that ESANTE_PASSPHRASE_FILE names, or typed."""
    named = os.environ.get("ESANTE_PASSPHRASE_FILE")
    if named:
        try:
            return Path(named).read_text(encoding="utf-8").strip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Broken(f"The passphrase cannot be read from {named}: {error}") from None
    if not sys.stdin.isatty():
        raise Broken(
            "This clinic opens with a passphrase. Type it at a terminal, or name a file: ESANTE_PASSPHRASE_FILE"
        )
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True))


def with_clinic(
    folder: Path, settings: Config, work: Callable[[Clinic], Awaitable[T]], keys: keyring.Keyring | None = None
) -> T:
    """Open the clinic, do the work, close it. A running server notices within 250 ms what was written."""
    keys = ready(folder, keys or unlocked(folder, settings))

    async def run() -> T:
        clinic = open_clinic(folder, settings, keys)
        await clinic.db.start()
        try:
            return await work(clinic)
        finally:
            await clinic.db.stop()
            clinic.passwords.close()

    return asyncio.run(run())


def ready(folder: Path, keys: keyring.Keyring) -> keyring.Keyring:
    """Bring the schema up to date when nobody serves the clinic; beside a server it must be so already."""
    try:
        with files.locked(folder / "lock", f"an esante command, process {os.getpid()}"):
            if keys.coming:
                keys = rotation.settle(folder / DATABASE, keys)
            bring_up_to_date(folder, keys)
            return keys
    except files.InUse as error:
        if not error.holder.startswith(
            "an esante "
        ):  # a rotation, a restore, a retirement: the file may be switched under us
            raise
    conn = open_database(folder / DATABASE, keys.key("database"), "reader")
    try:
        migrate.check(conn)
    finally:
        conn.close()
    return keys


def offline(folder: Path, settings: Config) -> keyring.Keyring:
    """The keyring of a clinic that nobody serves, with its schema up to date; that it is in use is said before anything else."""
    with files.locked(folder / "lock", f"an esante command, process {os.getpid()}"):
        pass
    return ready(folder, unlocked(folder, settings))
