"""`esante import fhir`: take a population over from another system."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from esante.cli import report
from esante.cli.opening import settings_of, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.interop.fhir.importer import ImportReport
from esante.interop.fhir.importer import import_fhir as run_import
from esante.kernel.clinic import Clinic

SHOWN_PROBLEMS = 50


def import_fhir(
    paths: Annotated[
        list[Path], typer.Argument(help="Files or folders: FHIR R4 bundles and resources (.json), bulk .ndjson.")
    ],
    source: Annotated[
        str,
        typer.Option(
            "--source", metavar="URL", help="The system it comes from: keeps two systems with the same ids apart."
        ),
    ] = "",
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Import FHIR R4 as others write it; a second run adds nothing.

    What has no place yet is kept raw beside its patient. A broken file or resource is reported, and the rest goes on. It may
    run beside the live server.
    """
    settings = settings_of(config, data)

    async def work(clinic: Clinic) -> ImportReport:
        columns = (TextColumn("Importing"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        with Progress(
            *columns, console=report.err, transient=True, disable=as_json or not report.err.is_terminal
        ) as progress:
            task = progress.add_task("import", total=None)

            def seen(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            return await run_import(clinic.db, paths, source=source, progress=seen)

    done = with_clinic(data, settings, work)
    if as_json:
        report.as_json(done)
        return
    report.out.print(
        f"Read {done.read} resources: {done.imported} imported, {done.kept_raw} kept raw,"
        f" {done.already_there} already there, {done.refused} refused."
    )
    for problem in done.problems[:SHOWN_PROBLEMS]:
        report.out.print(f"  {problem.file}, {problem.entry}: {problem.reason}", markup=False)
    if len(done.problems) > SHOWN_PROBLEMS:
        report.out.print(f"  … and {len(done.problems) - SHOWN_PROBLEMS} more; --json lists them all.")
