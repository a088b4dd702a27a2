"""`esante audit`: is the log whole?"""

import typer
from rich.progress import Progress

from esante.audit import service
from esante.cli import report
from esante.cli.opening import operator, settings_of, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import audit_log
from esante.kernel.audit_log import Verdict
from esante.kernel.clinic import Clinic
from esante.kernel.transaction import ReadTx

app = typer.Typer(help="The audit log: who did what, and is it whole.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The audit log."""


@app.command()
def verify(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Read the whole chain again and hold it against the witness. Exit code 1 when it is not whole."""
    settings = settings_of(config, data)

    async def work(clinic: Clinic) -> Verdict:
        total = clinic.db.read(operator(), _length)
        with Progress(console=report.err, transient=True, disable=as_json) as progress:
            task = progress.add_task("Verifying the audit log", total=total)
            keys, mark = clinic.keys.audit_keys, clinic.db.witness.read()

            def seen(line: int) -> None:
                progress.update(task, completed=line)

            if clinic.db.halted:  # the finding cannot be written down, but it can be told
                return await clinic.db.scan(
                    operator(), lambda tx: _unrecorded(tx, keys, (mark.seq, mark.mac) if mark else None)
                )
            return await clinic.db.scan(operator(), service.verify, keys, mark, seen)

    verdict = with_clinic(data, settings, work)
    if as_json:
        report.as_json(
            {"lines": verdict.lines, "ok": verdict.ok, "firstBad": verdict.first_bad, "problem": verdict.problem}
        )
    elif verdict.ok:
        report.out.print(f"The audit log is whole: {verdict.lines} lines.")
    else:
        report.fail(f"The audit log is not whole: {verdict.problem}")
    if not verdict.ok:
        raise typer.Exit(1)


def _length(tx: ReadTx) -> int:
    return audit_log.head(tx.conn).seq


def _unrecorded(tx: ReadTx, keys: list[bytes], witness: tuple[int, bytes] | None) -> Verdict:
    return audit_log.verify(tx.conn, keys, witness=witness)
