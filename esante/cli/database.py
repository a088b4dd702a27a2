"""`esante db`: ways out when the file has suffered."""

import asyncio
import os
from typing import Annotated

import typer

from esante.app import DATABASE
from esante.audit import service
from esante.cli import report
from esante.cli.opening import operator, ready, settings_of, unlocked
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import audit_log, files, upgrade
from esante.kernel.database import Database
from esante.kernel.errors import Broken
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.transaction import ReadTx
from esante.kernel.witness import Witness, gap_message
from esante.wiring import WIRING

app = typer.Typer(help="The database file: ways out when it has suffered, and after an upgrade.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The database file."""


@app.command("accept-loss")
def accept_loss(
    reason: Annotated[
        str, typer.Option("--reason", help="Why the clinic goes on without the lost lines; kept in the log.")
    ],
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Go on although committed data was lost. Restore a backup instead, if you have one.

    The log's present end is taken for true, and the log itself says which lines are missing and why that was accepted.
    A running server goes on writing within 250 ms.
    """
    if len(reason.strip()) < 3:
        raise Broken("Give the reason in a few words: --reason TEXT")
    settings = settings_of(config, data)
    keys = unlocked(data, settings)
    keys = ready(data, keys)

    async def run() -> tuple[int, int]:
        db = Database(
            data / DATABASE, keys.key("database"), keys.key("audit"), OneTimeSecrets(keys.key("links")), WIRING,
            former_audit_keys=keys.former("audit"), accepting_loss=True,
        )  # fmt: skip
        await db.start()
        try:
            lost = db.read(operator(), _lost, db.witness)
            if lost is None:
                raise Broken("Nothing is missing: the audit log reaches as far as the witness has seen")
            await db.write(operator(), service.accept_loss, *lost, reason)
            return lost
        finally:
            await db.stop()

    first, last = asyncio.run(run())
    if as_json:
        report.as_json({"first": first, "last": last})
        return
    report.out.print(f"Accepted: audit lines {first} to {last} are lost. The log says so from now on.")


@app.command("go-back")
def go_back(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Go back to the file of before the last upgrade. For the program of before: install it first, and stop the server.

    What was written since the upgrade stays in esante.db.left, and nowhere else.
    """
    keys = unlocked(data, settings_of(config, data))
    with files.locked(data / "lock", f"esante db go-back, process {os.getpid()}"):
        left, taken = upgrade.go_back(data / DATABASE, keys)
    if as_json:
        report.as_json({"fromSchema": left, "toSchema": taken, "left": data / f"{DATABASE}.left"})
        return
    report.out.print(f"The clinic is at schema {taken} again, as it was before the upgrade to {left}.")
    report.out.print(
        f"What was written since is in [bold]{data / DATABASE}.left[/]. The audit log knows that it is missing:"
    )
    report.out.print('go on with: [bold]esante db accept-loss --reason "went back to the version of before"[/]')


def upgrade_check(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Try the upgrade to this program's schema on a copy, and throw the copy away. The running server is not disturbed."""
    keys = unlocked(data, settings_of(config, data))
    with report.waiting("Trying the upgrade on a copy", shown=not as_json):
        found = upgrade.attempt(data / DATABASE, keys)
    if as_json:
        report.as_json(found)
    elif found.migrations:
        names = ", ".join(found.migrations)
        report.out.print(
            f"Schema {found.from_schema} to {found.to_schema} works on a copy, in {found.seconds} s: {names}."
        )
        report.out.print("Stop the server, and start it with this program. The file of before is kept.")
    else:
        report.out.print(f"The clinic is up to date: schema {found.to_schema}.")


def _lost(tx: ReadTx, witness: Witness) -> tuple[int, int] | None:
    """The first and last line that the witness has seen and the log has not; None when nothing is missing."""
    mark, last = witness.read(), audit_log.head(tx.conn)
    if mark is None or gap_message(tx.conn, witness, last) is None:
        return None
    return min(last.seq + 1, mark.seq), mark.seq
