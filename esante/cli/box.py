"""`esante init`, `serve`, `demo`, `config show`: making a clinic and running it."""

import asyncio
import os
import secrets
import socket
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from esante import demo as furniture
from esante.admin import service as admin
from esante.admin.structs import SettingWish
from esante.app import DATABASE, bring_up_to_date, open_clinic
from esante.cli import report
from esante.cli.opening import DEMO_KEY, operator, passphrase, same, settings_of, unlocked, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Host, Json, Port
from esante.identity import service as identity
from esante.kernel import files, keyring, moving_in
from esante.kernel.config import LOOPBACK, Config
from esante.kernel.errors import Broken, Conflict
from esante.kernel.keyring import Keyring
from esante.kernel.transaction import WriteTx
from esante.server import serve as serve_clinic
from esante.workplaces import service as workplaces

configuration = typer.Typer(help="The box's own settings, from esante.toml.", no_args_is_help=True)

_FIRST_ADMIN = """curl {address}/api/v1/auth/first-admin -H 'content-type: application/json' \\
  -d '{{"code": "{code}", "email": "YOUR@ADDRESS", "password": "A-PASSWORD"}}'
"""

ACCOUNTS_FILE = "demo-accounts.txt"


class Made(msgspec.Struct, frozen=True, rename="camel"):
    """What `esante init` made."""

    data: str
    key_file: str | None
    first_admin_code: str


def init(
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    name: Annotated[str, typer.Option("--name", help="The clinic's name.")] = "esante",
    unlock: Annotated[
        Literal["key-file", "passphrase"], typer.Option("--unlock", help="What opens the data at each start.")
    ] = "key-file",
    as_json: Json = False,
) -> None:
    """Make a new, empty clinic: its keys, its database, and a one-time code for the first admin.

    Run again while there is no admin, it gives a fresh code; what an interrupted try has left is made anew.

    key-file: it starts by itself, and protects against the loss of a backup or of a disk without the key, not of the whole box.
    passphrase: it waits for its passphrase after each start, and protects against the theft of the whole box too.
    """
    settings = settings_of(config, data)
    if (data / moving_in.LAST).exists():
        code = with_clinic(data, settings, lambda clinic: clinic.db.write(operator(), _open_again, str(data)))
    else:
        typed = passphrase(twice=True) if unlock == "passphrase" else None
        files.make_folder(data)
        with files.locked(data / "lock", f"esante init, process {os.getpid()}"):
            moving_in.refuse_occupied(data)
            draft = moving_in.begin(data)
            keys = _make(draft, settings, typed)
            code = with_clinic(draft, settings, lambda clinic: clinic.db.write(operator(), _open_house, name), keys)
            moving_in.settle(draft)
    made = Made(str(data), settings.keys.file if unlock == "key-file" else None, code)
    if as_json:
        report.as_json(made)
        return
    report.out.print(f"A new clinic is in [bold]{data}[/].")
    if made.key_file:
        report.out.print(
            f"Its key is [bold]{made.key_file}[/]: who has the box has both, who has only the data has nothing."
        )
    else:
        report.out.print("It opens with the passphrase only: after each start it waits for [bold]esante unlock[/].")
    also = same(data, config)
    report.out.print(f"Make its recovery kit now, and print it: [bold]esante key kit kit.pdf{also}[/]")
    report.out.print("It opens the clinic and its backups when all else is lost.")
    report.out.print(f"\nStart it: [bold]esante serve{also}[/]")
    report.out.print("Then make the first admin. The code works once, for 24 hours:\n")
    address = settings.address_at(settings.server.port)
    report.out.print(_FIRST_ADMIN.format(address=address, code=code), markup=False)


def serve(data: Data = DATA, config: ConfigFile = CONFIG, host: Host = None, port: Port = None) -> None:
    """Serve the clinic until Ctrl-C; what was asked is finished first."""
    settings = settings_of(config, data, host, port)
    serve_clinic(
        data,
        settings,
        on_ready=lambda address: _started(f"esante serves {data} at [bold]{address}[/]"),
        on_sealed=lambda address: _started(
            f"The clinic at {address} is sealed. Open it: [bold]esante unlock{same(data)}[/]"
        ),
    )


def _started(words: str) -> None:
    """Tell who waits at the console, and systemd, where it started this process (Type=notify)."""
    report.err.print(words)
    if place := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(b"READY=1", f"\0{place[1:]}" if place.startswith("@") else place)


def demo(data: Data = DATA, config: ConfigFile = CONFIG, host: Host = None, port: Port = None) -> None:
    """Run a clinic with demo data; it is made at the first start, with random passwords.

    The demo listens on this machine only, and its key lies beside its data: good for looking around, not for patients.
    """
    if (data / "keyring").exists() and not (data / DEMO_KEY).exists():
        raise Broken(f"{data} holds a clinic that is not a demo. Run it with: esante serve --data {data}")
    first = not (data / ACCOUNTS_FILE).exists()
    if first:
        _begin_demo(data)
    settings = settings_of(config, data, host, port)
    if settings.server.host not in LOOPBACK:
        raise Broken("The demo listens on this machine only: its key lies beside its data. Use --host 127.0.0.1")
    if first:
        _make(data, settings)
        asyncio.run(_furnish(data, settings))

    def greet(address: str) -> None:
        report.err.print(f"\n[bold]The demo clinic is open at {address}[/]\n")
        report.err.print((data / ACCOUNTS_FILE).read_text(encoding="utf-8"))
        report.err.print(f"The API to read and to try: {address}/api/v1/docs")
        report.err.print("The key of this demo lies beside its data, so it protects nothing. Stop with Ctrl-C.\n")

    serve_clinic(data, settings, on_ready=greet)


@configuration.command("show")
def show_config(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Print the settings of the box as they are in force: esante.toml over the defaults."""
    settings = settings_of(config, data)
    if as_json:
        report.as_json(settings)
        return
    for section in msgspec.structs.fields(Config):
        value = getattr(settings, section.name)
        if isinstance(value, msgspec.Struct):
            report.out.print(f"[{section.name}]", markup=False)
            for key, inner in msgspec.structs.asdict(value).items():
                report.out.print(f"{key} = {inner!r}", markup=False)
        else:
            report.out.print(f"{section.name} = {value!r}", markup=False)


def _make(data: Path, settings: Config, passphrase: str | None = None) -> Keyring:
    """Keys, then the database."""
    key_file = None if passphrase else Path(settings.keys.file).expanduser()
    keys = keyring.create(data, key_file, passphrase=passphrase)
    bring_up_to_date(data, keys, new=True)
    return keys


def _open_house(tx: WriteTx, name: str) -> str:
    workplaces.ensure_workplace(tx, name)
    if name != tx.settings.clinic_name:
        admin.change_setting(tx, "clinicName", 0, SettingWish(value=name))
    return identity.issue_first_admin_code(tx)


def _open_again(tx: WriteTx, data: str) -> str:
    """A clinic without an admin may be given another code; any other is `Broken`, and nothing of it is touched."""
    try:
        return identity.issue_first_admin_code(tx)
    except Conflict:
        raise Broken(f"There is a clinic in {data} already. Serve it: esante serve --data {data}") from None


def _begin_demo(data: Path) -> None:
    """A fresh key beside the data. What an interrupted first start has left is taken away; it never held anything real."""
    files.make_folder(data)
    if (data / DEMO_KEY).exists():
        for left in ("keyring", "witness", f"{DATABASE}-wal", f"{DATABASE}-shm", DATABASE, DEMO_KEY):
            (data / left).unlink(missing_ok=True)
    files.create_whole(data / DEMO_KEY, keyring.new_key_file())


async def _furnish(data: Path, settings: Config) -> None:
    clinic = open_clinic(data, settings, unlocked(data, settings))
    passwords = {member.name: f"Demo-{secrets.token_urlsafe(9)}-7a" for member in furniture.CAST}
    await clinic.db.start()
    try:
        hashes = {name: await clinic.passwords.hash(password) for name, password in passwords.items()}
        made = await furniture.furnish(clinic, hashes, patients=60)
        await furniture.fill_agenda(clinic, made)
    finally:
        await clinic.db.stop()
        clinic.passwords.close()
    lines = [f"{member.role:<11} {member.email:<28} {passwords[member.name]}" for member in furniture.CAST]
    files.write_whole(data / ACCOUNTS_FILE, ("\n".join(lines) + "\n").encode())
