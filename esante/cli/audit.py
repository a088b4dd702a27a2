"""`esante audit`: is the log whole, what does it say of a month, and what becomes of its old lines."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from esante.app import DATABASE
from esante.audit import service
from esante.audit.notary import Notary
from esante.audit.reports import paper
from esante.audit.reports import service as reports
from esante.cli import report as say
from esante.cli.key import typed_kit
from esante.cli.opening import offline, operator, settings_of, unlocked, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import clock, files, retirement, slots
from esante.kernel.audit_log import Verdict
from esante.kernel.checkpoints import Signer, notes_in
from esante.kernel.clinic import Clinic
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring
from esante.kernel.settings import ClinicSettings, load

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
        with Progress(console=say.err, transient=True, disable=as_json or not say.err.is_terminal) as progress:
            task = progress.add_task("Verifying the audit log", total=total)

            def seen(line: int) -> None:
                progress.update(task, completed=line)

            # Where nothing can be written, the finding can still be told.
            work = service.check if clinic.db.halted else service.verify
            mark = clinic.db.witness.read()
            return await clinic.db.scan(operator(), work, clinic.keys.audit_keys, signer, mark, elsewhere, seen)

    verdict = with_clinic(data, settings, work)
    if as_json:
        say.as_json(
            {"lines": verdict.lines, "ok": verdict.ok, "firstBad": verdict.first_bad, "problem": verdict.problem}
        )
    elif verdict.ok:
        say.out.print(f"The audit log is whole: {verdict.lines} lines.")
    else:
        say.fail(f"The audit log is not whole: {verdict.problem}")
    if not verdict.ok:
        raise typer.Exit(1)


@app.command()
def checkpoint(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Sign the log as it is now and print the checkpoint. Keep it away from the box: `verify --against` holds the log to it."""

    async def work(clinic: Clinic) -> str:
        await Notary(clinic.db, Signer(clinic.keys)).sign()
        return clinic.db.read(operator(), service.show_checkpoint) or ""

    note = with_clinic(data, settings_of(config, data), work)
    if as_json:
        say.as_json({"note": note})
        return
    say.out.print(note, markup=False, end="")


def _notes(file: Path) -> list[str]:
    try:
        found = notes_in(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Broken(f"{file} cannot be read: {error}") from None
    if not found:
        raise Broken(f"There is no checkpoint in {file}: it has the lines that `esante audit checkpoint` prints")
    return found


@app.command()
def report(
    month: Annotated[str, typer.Argument(help="As 2026-11.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", help="Where the report is written.")],
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Write the month's report as PDF: what was done, what to ask about, and a signed checkpoint to keep on paper."""

    async def work(clinic: Clinic) -> bytes:
        await Notary(clinic.db, Signer(clinic.keys)).sign()
        return paper.paper(await clinic.db.scan(operator(), reports.month, month))

    with say.waiting("Reading the month", shown=not as_json):
        files.create_whole(file, with_clinic(data, settings_of(config, data), work))
    if as_json:
        say.as_json({"file": file})
        return
    say.out.print(f"The report of {month} is in [bold]{file}[/].")


@app.command()
def retire(
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Where the archives are kept. Default: audit in the folder of the backups."),
    ] = None,
    before: Annotated[
        datetime | None,
        typer.Option("--before", formats=["%Y-%m-%d"], help="Default: what the retention setting says."),
    ] = None,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Move lines that are older than the retention into sealed archives; the chain stays provable. The server must be stopped.

    The setting auditRetentionYears says how long lines stay (10 years); a later day is refused.
    """
    box = settings_of(config, data)
    keys, folder = offline(data, box), to or box.backup.folder_for(data) / "audit"
    settings = _settings(data, keys)
    with files.locked(data / "lock", f"esante audit retire, process {os.getpid()}"):
        years = settings.audit_retention_years
        now = clock.now()
        latest = now.replace(year=now.year - years, day=min(now.day, 28))
        wanted = before.replace(tzinfo=UTC) if before else latest
        if wanted > latest:
            raise Broken(
                f"Lines are kept for {years} years (setting auditRetentionYears); {latest:%Y-%m-%d} is the latest day"
            )
        with Progress(console=say.err, transient=True, disable=as_json or not say.err.is_terminal) as progress:
            task = progress.add_task("Verifying the audit log", total=None)
            made = retirement.retire(
                data / DATABASE, keys, wanted, folder, operator().id, now,
                lambda line: progress.update(task, completed=line),
            )  # fmt: skip
    if as_json:
        say.as_json({"items": made})
        return
    for one in made:
        say.out.print(f"Lines {one.first} to {one.last} are in [bold]{folder / one.archive}[/].")
    if not made:
        say.out.print("No line is that old.")


@app.command("check-segment")
def check_segment(
    file: Annotated[Path, typer.Argument(help="An archive that `retire` made.")],
    kit: Annotated[bool, typer.Option("--kit", help="Open it with the recovery kit, typed or piped.")] = False,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Open an archive of retired lines and prove that it belongs where it was taken out."""
    keys = unlocked(data, settings_of(config, data))
    identities = [slots.kit_from(typed_kit(None)).identity] if kit else keys.drill_identities()
    conn = open_database(data / DATABASE, keys.key("database"), "reader")
    try:
        with say.waiting("Reading the archive", shown=not as_json):
            found = retirement.check(file, conn, keys, identities)
    finally:
        conn.close()
    if as_json:
        say.as_json({"first": found.first, "last": found.last})
        return
    say.out.print(f"Whole: lines {found.first} to {found.last}.")


def _settings(data: Path, keys: Keyring) -> ClinicSettings:
    conn = open_database(data / DATABASE, keys.key("database"), "reader")
    try:
        return load(conn)
    finally:
        conn.close()
