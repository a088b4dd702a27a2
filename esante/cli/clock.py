"""`esante clock`: is the time of this machine right?"""

from datetime import datetime

import msgspec
import typer

from esante.admin import service as admin
from esante.cli import report
from esante.cli.opening import operator, settings_of, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import clock, clock_guard
from esante.kernel.clinic import Clinic
from esante.kernel.clock_guard import Freeze, Mark

app = typer.Typer(help="The clock: what the server doubts, and confirming the time.", no_args_is_help=True)


class ClockShown(msgspec.Struct, frozen=True, rename="camel"):
    """What `esante clock show` prints."""

    now: datetime
    log_ends_at: datetime
    doubt: Freeze | None


@app.callback()
def group() -> None:
    """The clock."""


@app.command()
def show(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Print the time of this machine, the last instant of the log, and why the server doubts the clock, if it does."""

    async def work(clinic: Clinic) -> ClockShown:
        return ClockShown(clock.now(), clinic.db.last_at, clinic.db.read(operator(), clock_guard.kept))

    shown = with_clinic(data, settings_of(config, data), work)
    if as_json:
        report.as_json(shown)
        return
    report.out.print(
        f"This machine says {shown.now:%Y-%m-%d %H:%M:%S} UTC; the log ends at {shown.log_ends_at:%Y-%m-%d %H:%M:%S}."
    )
    if shown.doubt:
        report.out.print(
            f"The server doubts the clock since {shown.doubt.found_at:%Y-%m-%d %H:%M} ({shown.doubt.why},"
            f" {shown.doubt.seconds} s). Set the time right, then: [bold]esante clock confirm[/]"
        )
    else:
        report.out.print("Nobody doubts the clock.")


@app.command()
def confirm(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Say that the time of this machine is right now, so that old rows may be swept again. Look at it first: clock show."""

    async def work(clinic: Clinic) -> Mark:
        await clinic.db.write(operator(), admin.confirm_clock)
        mark = Mark(clock.now(), clock.steady(), clock.boot())
        clock_guard.keep_mark(data, mark)
        return mark

    mark = with_clinic(data, settings_of(config, data), work)
    if as_json:
        report.as_json({"confirmedAt": mark.wall})
        return
    report.out.print("The time is confirmed. A running server goes on sweeping within a minute.")
