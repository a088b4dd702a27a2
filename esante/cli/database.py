"""`esante db`: ways out when the file has suffered."""

import asyncio
from typing import Annotated

import typer

from esante.app import DATABASE
from esante.audit import service
from esante.cli import report
from esante.cli.opening import operator, ready, settings_of, unlocked
from esante.cli.options import CONFIG, DATA, ConfigFile, Data
from esante.kernel import audit_log
from esante.kernel.database import Database
from esante.kernel.errors import Broken
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.transaction import ReadTx
from esante.kernel.witness import Witness, gap_message
from esante.wiring import WIRING

app = typer.Typer(help="The database file.", no_args_is_help=True)


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
    report.out.print(f"Accepted: audit lines {first} to {last} are lost. The log says so from now on.")


def _lost(tx: ReadTx, witness: Witness) -> tuple[int, int] | None:
    """The first and last line that the witness has seen and the log has not; None when nothing is missing."""
    mark, last = witness.read(), audit_log.head(tx.conn)
    if mark is None or gap_message(tx.conn, witness, last) is None:
        return None
    return min(last.seq + 1, mark.seq), mark.seq
