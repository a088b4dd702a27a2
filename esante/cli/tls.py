"""`esante tls`: the certificate that connections are encrypted with, and the sheet for the wall."""

from pathlib import Path
from typing import Annotated

import typer

from esante.cli import report
from esante.cli.opening import settings_of
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import clock, files, prints, tls
from esante.kernel.config import Config
from esante.kernel.errors import Broken
from esante.kernel.tls import Certificates

app = typer.Typer(help="Encrypted connections: the certificate, the sheet for the wall.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Encrypted connections."""


@app.command()
def show(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Print which names the certificate is for, until when, and the fingerprint of the clinic's own authority.

    The certificate is made now if there is none yet; a running server renews it by itself.
    """
    status = _certificates(data, settings_of(config, data)).status
    if as_json:
        report.as_json(status)
        return
    report.out.print(f"Good until {status.valid_until:%Y-%m-%d}, for {', '.join(status.names)}.")
    if status.authority_fingerprint:
        report.out.print(
            f"The clinic's own authority (SHA-256), as every device must show it:\n{status.authority_fingerprint}"
        )


@app.command()
def poster(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: a .pdf, or a .svg with the square alone.")],
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Make the sheet for the clinic's wall: the address to open, and the fingerprint to compare, as text and as a QR code."""
    settings = settings_of(config, data)
    if settings.tls_mode != "local":
        raise Broken(
            "The clinic has no authority of its own: there is nothing that a device would have to learn to trust"
        )
    status = _certificates(data, settings).status
    to_compare = status.authority_fingerprint or ""
    page = _page_address(settings)
    square = prints.qr_svg(f"{page}#sha256={to_compare.replace(':', '')}")
    if file.suffix == ".svg":
        files.write_whole(file, square.encode(), 0o644)
    elif file.suffix == ".pdf":
        files.write_whole(file, prints.pdf(
            "wall_poster", page=page, address=settings.link_base, fingerprint=to_compare, qr=square, clinic=settings.discovery.name,
        ), 0o644)  # fmt: skip
    else:
        raise Broken(f"{file} is neither a .pdf nor a .svg")
    if as_json:
        report.as_json({"file": file, "address": settings.link_base, "authorityFingerprint": to_compare})
        return
    report.out.print(f"The sheet is in [bold]{file}[/]. Print it and put it where people come in.")


@app.command("new-authority")
def new_authority(
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Make another authority: when its key may be known to somebody, when it runs out, or when the box has other names.

    Every device must learn to trust the new one. A running server uses it within a minute.
    """
    settings = settings_of(config, data)
    if settings.tls_mode != "local":
        raise Broken("The clinic has no authority of its own; [tls] mode says so in esante.toml")
    if not sure:
        typer.confirm("No device will trust the clinic until it has the new certificate. Go on?", abort=True, err=True)
    made = tls.make_authority(data / tls.FOLDER, [*tls.wanted_names(settings), *tls.host_names()], clock.now())
    _certificates(data, settings)
    if as_json:
        report.as_json({"authorityFingerprint": tls.fingerprint(made)})
        return
    report.out.print(f"A new authority (SHA-256):\n{tls.fingerprint(made)}")


def _certificates(data: Path, settings: Config) -> Certificates:
    if settings.tls_mode == "off":
        raise Broken(
            "Connections are not encrypted here: on this machine alone they need not be. [tls] mode changes that"
        )
    if not data.is_dir():
        raise Broken(f"There is no clinic at {data}. Make one: esante init --data {data}")
    return Certificates(data, settings)


def _page_address(settings: Config) -> str:
    """The plain page where there is one, else the clinic itself."""
    port = settings.discovery.page_port
    if not port:
        return settings.link_base
    name = f"{settings.discovery.name}.local" if settings.is_on_network else settings.server.host
    return f"http://{name}/" if port == 80 else f"http://{name}:{port}/"
