"""`esante audit`: is the log whole?"""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from esante.audit import service
from esante.audit.notary import Notary
from esante.cli import report
from esante.cli.opening import operator, settings_of, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel.audit_log import Verdict
from esante.kernel.checkpoints import Signer, notes_in
from esante.kernel.clinic import Clinic
from esante.kernel.errors import Broken

app = typer.Typer(help="The audit log: who did what, and is it whole.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The audit log."""


@app.command()
def verify(
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="Checkpoints that were kept elsewhere: by a client, in a backup, on paper.",
        ),
    ] = None,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Read the whole chain again; hold it against the witness, the signed checkpoints, and those in FILE.

    Exit code 1 when the log is not whole, or FILE holds a checkpoint that this clinic did not sign.
    """
    settings = settings_of(config, data)

    async def work(clinic: Clinic) -> Verdict:
        signer = Signer(clinic.keys)
        elsewhere = [signer.read(note) for note in _notes(against)] if against else []
        total = clinic.db.read(operator(), service.lines)
        with Progress(console=report.err, transient=True, disable=as_json) as progress:
            task = progress.add_task("Verifying the audit log", total=total)

            def seen(line: int) -> None:
                progress.update(task, completed=line)

            # Where nothing can be written, the finding can still be told.
            work = service.check if clinic.db.halted else service.verify
            mark = clinic.db.witness.read()
            return await clinic.db.scan(operator(), work, clinic.keys.audit_keys, signer, mark, elsewhere, seen)

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


@app.command()
def checkpoint(data: Data = DATA, config: ConfigFile = CONFIG) -> None:
    """Sign the log as it is now and print the checkpoint. Keep it away from the box: `verify --against` holds the log to it."""

    async def work(clinic: Clinic) -> str:
        await Notary(clinic.db, Signer(clinic.keys)).sign()
        return clinic.db.read(operator(), service.show_checkpoint) or ""

    report.out.print(with_clinic(data, settings_of(config, data), work), markup=False, end="")


def _notes(file: Path) -> list[str]:
    try:
        found = notes_in(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Broken(f"{file} cannot be read: {error}") from None
    if not found:
        raise Broken(f"There is no checkpoint in {file}: it has the lines that `esante audit checkpoint` prints")
    return found
