"""`esante import`: the ways in."""

import typer

from esante.cli import fhir
from esante.cli.exchange import commands as exchange

app = typer.Typer(help="Take data over from other systems.", no_args_is_help=True)
app.command("fhir")(fhir.import_fhir)
app.command("csv")(exchange.import_csv)
