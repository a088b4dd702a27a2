"""What many commands take."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", envvar="ESANTE_DATA", help="The clinic's data folder.", show_default=True),
]
ConfigFile = Annotated[
    Path,
    typer.Option(
        "--config", metavar="FILE", envvar="ESANTE_CONFIG", help="The box's settings; every key in it is optional."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for programs.")]
Host = Annotated[str | None, typer.Option("--host", help="Listen on this address instead of the configured one.")]
Port = Annotated[
    int | None, typer.Option("--port", help="Listen on this port instead of the configured one; 0 for any.")
]

DATA = Path("data")
CONFIG = Path("esante.toml")
