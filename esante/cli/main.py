"""`esante`: the command and its groups."""

import sys
from typing import Annotated

import apsw
import typer

from esante import __version__
from esante.cli import audit, backup, box, clock, database, fhir, key, people, settings, tls, users
from esante.cli.doctor.command import doctor
from esante.cli.exchange import commands as exchange
from esante.cli.report import fail
from esante.kernel.connection import is_full
from esante.kernel.errors import Broken, Refusal

app = typer.Typer(
    name="esante",
    help="A clinic in a box. Start with [bold]esante demo[/] to look around, or [bold]esante init[/] for your own clinic.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
imports = typer.Typer(help="Take data over from other systems.", no_args_is_help=True)
configuration = typer.Typer(help="The box's own settings, from esante.toml.", no_args_is_help=True)

app.command()(box.init)
app.command()(box.serve)
app.command()(box.demo)
app.command()(key.unlock)
app.command("upgrade-check")(database.upgrade_check)
app.add_typer(key.app, name="key")
app.command("doctor")(doctor)
app.add_typer(users.app, name="user")
app.add_typer(people.app, name="people")
app.add_typer(people.doctors, name="doctors")
app.add_typer(audit.app, name="audit")
app.add_typer(backup.app, name="backup")
app.add_typer(database.app, name="db")
app.add_typer(clock.app, name="clock")
app.add_typer(settings.app, name="settings")
app.add_typer(tls.app, name="tls")
imports.command("fhir")(fhir.import_fhir)
imports.command("csv")(exchange.import_csv)
app.add_typer(imports, name="import")
app.add_typer(exchange.exports, name="export")
configuration.command("show")(box.show_config)
app.add_typer(configuration, name="config")


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
    """The console script: refusals become one line on standard error and exit code 1."""
    try:
        app()
    except (Broken, Refusal) as error:
        fail(str(error))
        sys.exit(1)
    except apsw.Error as error:
        if not is_full(error):
            raise
        fail("The disk is full. Free some space, then try again; nothing was lost")
        sys.exit(1)
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
