"""`esante`: the command and its groups. A group is loaded when it is called, so that help and completion answer at once."""

import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from esante import __version__
from esante.cli import exits
from esante.cli.examples import EXAMPLES
from esante.cli.report import fail
from esante.kernel.errors import Broken, Refusal

RUNNING, OPENING, PEOPLE, DATA = "Running the clinic", "Keys and backups", "Accounts and people", "Data and settings"

COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": (RUNNING, "box:init", "Make a new, empty clinic: its keys, its database, and a one-time code for the first admin."),
    "serve": (RUNNING, "box:serve", "Serve the clinic until Ctrl-C; what was asked is finished first."),
    "demo": (RUNNING, "box:demo", "Run a clinic with demo data; it is made at the first start, with random passwords."),
    "unlock": (RUNNING, "key:unlock", "Open a clinic that waits for its passphrase after a start."),
    "doctor": (
        RUNNING,
        "doctor.command:doctor",
        "Examine the box: settings, permissions, keys, data, audit log, files, jobs, clock, certificate, backups, disk, mail.",
    ),
    "upgrade-check": (
        RUNNING,
        "database:upgrade_check",
        "Try the upgrade to this program's schema on a copy, and throw the copy away. The running server is not disturbed.",
    ),
    "key": (OPENING, "key:app", "The clinic's keys: what opens them, the recovery kit, rotation."),
    "backup": (OPENING, "backup:app", "Backups: made, proven by restoring them, copied, restored."),
    "audit": (OPENING, "audit:app", "The audit log: who did what, and is it whole."),
    "db": (OPENING, "database:app", "The database file: ways out when it has suffered, and after an upgrade."),
    "clock": (OPENING, "clock:app", "The clock: what the server doubts, and confirming the time."),
    "user": (PEOPLE, "users:app", "Accounts: add, list, disable, enable, reset, remove a second factor."),
    "people": (PEOPLE, "people:app", "Patients: who may be there twice, merge, unmerge."),
    "doctors": (PEOPLE, "people:doctors", "Doctors: who waits for a decision, approve."),
    "settings": (DATA, "settings:app", "The clinic's settings: list, get, set."),
    "config": (DATA, "box:configuration", "The box's own settings, from esante.toml."),
    "tls": (DATA, "tls:app", "Encrypted connections: the certificate, the sheet for the wall."),
    "import": (DATA, "imports:app", "Take data over from other systems."),
    "export": (DATA, "exchange.commands:exports", "Give data to other programs."),
}  # fmt: skip
"""Panel of the help, where the command is, and its first sentence, as the command itself says it."""


def load(name: str) -> Any:
    """The real command or group of this name."""
    module, _, attribute = COMMANDS[name][1].partition(":")
    found = getattr(importlib.import_module(f"esante.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        made: Any = typer.main.get_group(found)
        for inner, command in made.commands.items():
            command.epilog = _epilog(f"{name} {inner}")
    else:
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        made = typer.main.get_command(alone)
        made.epilog = _epilog(name)
    made.name = name
    return made


def _epilog(path: str) -> str | None:
    examples = EXAMPLES.get(path)
    return "Examples:\n\n" + "\n\n".join(f"  {escape(one)}" for one in examples) if examples else None


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that can be called, with its path: `backup create`."""
    for name in COMMANDS:
        found = load(name)
        if isinstance(found, TyperGroup):
            yield from ((f"{name} {inner}", command) for inner, command in found.commands.items())
        else:
            yield name, found


class Lazy(TyperGroup):
    """Its own commands are names and sentences; the one that is called is loaded."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = load(args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="esante",
    cls=Lazy,
    help="A clinic in a box. Start with [bold]esante demo[/] to look around, or [bold]esante init[/] for your own clinic."
    "\n\nESANTE_DATA and ESANTE_CONFIG name the data folder and the settings for every command.",
    epilog="\n\n".join(["Exit codes:", *(f"  {code:<3} {escape(text)}" for code, text in exits.MEANINGS.items())]),
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _stub() -> None:
    """Stands for a command until it is loaded."""


for _name, (_panel, _, _help) in COMMANDS.items():
    app.command(_name, help=_help, rich_help_panel=_panel)(_stub)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"esante {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Common to all commands."""


def main() -> None:
    """The console script: whatever goes wrong becomes one line on standard error and an exit code of `exits`."""
    try:
        app(prog_name="esante")
    except SystemExit as end:
        # Ctrl-C at a question is told by typer as any other "no".
        raise SystemExit(exits.INTERRUPTED if _was_interrupted(end) else end.code) from None
    except KeyboardInterrupt:
        sys.exit(exits.INTERRUPTED)
    except (Broken, Refusal) as error:
        fail(str(error))
        sys.exit(exits.REFUSED)
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")
        sys.exit(exits.REFUSED)
    except Exception as error:
        sys.exit(_unexpected(error))


def _was_interrupted(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _unexpected(error: Exception) -> int:
    """A full disk is said as such; anything else is our fault, and whoever mends it needs the details."""
    from esante.kernel.connection import is_full

    if is_full(error):
        fail("The disk is full. Free some space, then try again; nothing was lost")
        return exits.REFUSED
    fail(
        f"This should not have happened ({type(error).__name__}). The details, to send to who looks after esante,"
        f" are in {_kept(''.join(traceback.format_exception(error)))}"
    )
    return exits.UNEXPECTED


def _kept(details: str) -> Path:
    """A file for its owner only: what went wrong may quote what it went wrong with."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "esante"
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        made, name = tempfile.mkstemp(".txt", "fault-", folder)
    except OSError:
        made, name = tempfile.mkstemp(".txt", "esante-fault-")
    with os.fdopen(made, "w", encoding="utf-8") as file:
        file.write(f"esante {__version__}: {' '.join(sys.argv[1:])}\n{details}")
    return Path(name)
