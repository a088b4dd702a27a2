"""`esante export sqlite` and `esante import csv`."""

import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from esante.cli import report
from esante.cli.exchange import csv_patients, plain_copy
from esante.cli.exchange.csv_patients import Dates, Row
from esante.cli.exchange.plain_copy import Copied
from esante.cli.opening import operator, settings_of, unlocked, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.interop import export
from esante.interop.fhir.importer import import_fhir
from esante.interop.fhir.report import ImportReport, Problem
from esante.kernel import files
from esante.kernel.clinic import Clinic
from esante.kernel.connection import DATABASE, open_database

MOST_SHOWN = 50
MOST_SHOWN_ROWS = 5

exports = typer.Typer(help="Give data to other programs.", no_args_is_help=True)


@exports.callback()
def group() -> None:
    """Give data to other programs."""


@exports.command("sqlite")
def export_sqlite(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the copy is written; a file that is there is kept.")
    ],
    pseudonymised: Annotated[
        bool, typer.Option("--pseudonymised", help="Without names, addresses and texts; other ids; birth years.")
    ] = False,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Write the clinic's records into a plain SQLite file, for statistics and for whoever comes after us.

    The file is not encrypted. It may run beside the live server. The export is in the audit log before the first row is read.
    """
    settings = settings_of(config, data)

    async def note(clinic: Clinic) -> None:
        await clinic.db.write(operator(), export.note_copy, "sqlite-pseudonymised" if pseudonymised else "sqlite")

    keys = unlocked(data, settings)
    with_clinic(data, settings, note, keys)
    conn = open_database(data / DATABASE, keys.key("database"), "reader")
    try:
        with report.err.status("Copying") as status:
            found = plain_copy.write(
                conn, file, pseudonymised=pseudonymised, progress=lambda table: status.update(f"Copying {table}")
            )
    finally:
        conn.close()
    if as_json:
        report.as_json(found)
        return
    _tell(found)


def _tell(found: Copied) -> None:
    rows = [[table, str(count)] for table, count in found.rows.items() if count]
    report.table(f"{found.file}: {sum(found.rows.values())} rows", ["Table", "Rows"], rows)
    if not found.pseudonymised:
        report.out.print("\n[bold]This file is not encrypted and names patients.[/] Keep it as you keep their papers.")


def import_csv(
    file: Annotated[Path, typer.Argument(help="A table of patients: CSV, TSV, JSON or NDJSON, in UTF-8.")],
    wished: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="What a column is, where its name does not say so."),
    ] = None,
    dates: Annotated[
        Dates, typer.Option("--dates", help="The order of day, month and year, where the year does not come first.")
    ] = "dmy",
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what would be imported, and import nothing.")
    ] = False,
    source: Annotated[
        str, typer.Option("--source", help="A name for where it comes from; with it, ids of two systems stay apart.")
    ] = "csv",
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Import a list of patients; a second run adds nothing.

    A row that is not understood is refused with its number and the reason, and the rest goes on. Try --preview first.
    """
    columns, rows = csv_patients.read(file)
    mapped = csv_patients.mapping(columns, wished or [])
    found = list(csv_patients.patients(rows, mapped, dates))
    if preview:
        _show(found, mapped, [column for column in columns if column not in mapped.values()], as_json)
        return
    good = [row for row in found if row.patient is not None]

    async def work(clinic: Clinic) -> ImportReport:
        with tempfile.TemporaryDirectory(prefix="esante-") as folder:
            lines = Path(folder) / file.with_suffix(".ndjson").name
            files.write_whole(lines, csv_patients.as_ndjson(good))
            with Progress(
                console=report.err, transient=True, disable=as_json or not report.err.is_terminal
            ) as progress:
                task = progress.add_task("Importing", total=None)
                return await import_fhir(
                    clinic.db,
                    [lines],
                    source=source,
                    progress=lambda done, total: progress.update(task, completed=done, total=total),
                )

    done = with_clinic(data, settings_of(config, data), work)
    done.problems = [Problem(file.name, _row(one.entry, good), one.reason) for one in done.problems]
    for row in found:
        if row.problem:
            done.read += 1
            done.refuse(file.name, f"row {row.number}", row.problem)
    if as_json:
        report.as_json(done)
        return
    report.out.print(
        f"Read {done.read} rows: {done.imported} imported, {done.already_there} already there, {done.refused} refused."
    )
    for problem in done.problems[:MOST_SHOWN]:
        report.out.print(f"  {problem.entry}: {problem.reason}", markup=False)


def _row(entry: str, good: list[Row]) -> str:
    number = re.search(r"\d+", entry)
    return f"row {good[int(number[0]) - 1].number}" if number and int(number[0]) <= len(good) else entry


def _show(found: list[Row], mapped: dict[str, str], unused: list[str], as_json: bool) -> None:
    problems = [row for row in found if row.problem]
    if as_json:
        report.as_json({"rows": found, "columns": mapped, "unused": unused})
        return
    report.table("Columns", ["In the file", "Here"], [[column, field] for field, column in mapped.items()])
    if unused:
        report.out.print(f"Not imported: {', '.join(unused)}", markup=False)
    shown = [row for row in found if row.patient][:MOST_SHOWN_ROWS]
    report.table(
        f"{len(found) - len(problems)} rows would be imported, {len(problems)} refused",
        ["Row", "Last name", "First name", "Birth date", "Gender"],
        [[str(row.number), *_cells(row.patient or {})] for row in shown],
    )
    for row in problems[:MOST_SHOWN]:
        report.out.print(f"  row {row.number}: {row.problem}", markup=False)


def _cells(patient: dict[str, Any]) -> list[str]:
    name = patient["name"][0]
    return [name["family"], name["given"][0], patient.get("birthDate", ""), patient.get("gender", "")]
