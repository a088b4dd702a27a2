"""`esante people` and `esante doctors`: what must work without the web, also beside the running server."""

from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from esante.cli import report
from esante.cli.opening import operator, settings_of, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel.clinic import Clinic
from esante.people.duplicates import service as duplicates
from esante.people.duplicates.structs import Known, Pair
from esante.people.merging import service as merging
from esante.people.merging.structs import Merge, MergeRequest, UnmergeRequest
from esante.people.practitioners import service as practitioners
from esante.people.structs import PatientId, PendingPractitioner

app = typer.Typer(help="Patients: who may be there twice, merge, unmerge.", no_args_is_help=True)
doctors = typer.Typer(help="Doctors: who waits for a decision, approve.", no_args_is_help=True)

SHELF = 500
SHOWN = 200

Survivor = Annotated[str, typer.Argument(help="The id of the record that stays.")]
Other = Annotated[str, typer.Argument(help="The id of the record that becomes an alias of it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")]


@app.callback()
def people_group() -> None:
    """Patients."""


@doctors.callback()
def doctors_group() -> None:
    """Doctors."""


@app.command("duplicates")
def list_duplicates(
    least: Annotated[int, typer.Option("--least", min=40, max=100, help="Only pairs of this score and above.")] = 75,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """List pairs of records that may be one person's, the likeliest first. Looks at every patient."""
    settings = settings_of(config, data)

    async def work(clinic: Clinic) -> list[Pair]:
        found: list[Pair] = []
        columns = (TextColumn("Comparing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(
            *columns, console=report.err, transient=True, disable=as_json or not report.err.is_terminal
        ) as progress:
            task = progress.add_task("compare", total=None)
            after: int | None = 0
            while after is not None:
                some, after = await clinic.db.scan(operator(), duplicates.list_pairs, after, SHELF)
                found += [pair for pair in some if pair.score >= least]
                progress.advance(task, SHELF)
        return sorted(found, key=lambda pair: -pair.score)

    found = with_clinic(data, settings, work)
    if as_json:
        report.as_json({"items": found})
        return
    rows = [
        [str(pair.score), ", ".join(pair.reasons), _named(pair.one), pair.one.id, _named(pair.other), pair.other.id]
        for pair in found[:SHOWN]
    ]
    report.table(f"{len(found)} pairs", ["Score", "Because", "One", "Id", "Other", "Id"], rows)
    if len(found) > SHOWN:
        report.out.print(f"… and {len(found) - SHOWN} more; --json lists them all.")


@app.command()
def merge(
    survivor: Survivor,
    other: Other,
    reason: Reason,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Make one record of two of the same person. It can be undone."""
    asked = MergeRequest(other_id=PatientId(other), reason=reason)
    settings = settings_of(config, data)
    work = lambda clinic: clinic.db.write(operator(), merging.merge_patients, survivor, asked)  # noqa: E731
    _show(with_clinic(data, settings, work), as_json)


@app.command()
def unmerge(
    survivor: Survivor,
    other: Other,
    reason: Reason,
    to_other: Annotated[
        list[str] | None,
        typer.Option("--to-other", help="The id of something made since that belongs to the other; may repeat."),
    ] = None,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Bring both records back as they were before they were merged."""
    asked = UnmergeRequest(other_id=PatientId(other), reason=reason, to_other=to_other or [])
    settings = settings_of(config, data)
    work = lambda clinic: clinic.db.write(operator(), merging.unmerge_patients, survivor, asked)  # noqa: E731
    _show(with_clinic(data, settings, work), as_json)


@doctors.command("list")
def list_pending(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """List the doctors who wait for a decision, the longest first."""
    settings = settings_of(config, data)

    async def work(clinic: Clinic) -> list[PendingPractitioner]:
        found: list[PendingPractitioner] = []
        cursor: str | None = None
        while True:
            page = clinic.db.read(operator(), practitioners.list_pending, cursor, 100)
            found += page.items
            if (cursor := page.next_cursor) is None:
                return found

    found = with_clinic(data, settings, work)
    if as_json:
        report.as_json({"items": found})
        return
    rows = [
        [
            f"{one.first_name} {one.last_name}",
            one.specialty,
            one.licence_number or "",
            one.licence_authority or "",
            one.id,
        ]
        for one in (pending.practitioner for pending in found)
    ]
    report.table(f"{len(found)} doctors wait", ["Name", "Specialty", "Licence", "Issued by", "Id"], rows)


@doctors.command()
def approve(
    doctor: Annotated[str, typer.Argument(help="The doctor's id; see: esante doctors list")],
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Approve a doctor whose licence you have seen: from now on found, booked, and allowed to prescribe."""
    settings = settings_of(config, data)
    done = with_clinic(
        data, settings, lambda clinic: clinic.db.write(operator(), practitioners.approve_practitioner, doctor)
    )
    if as_json:
        report.as_json(done)
    else:
        report.out.print(f"Approved: {done.first_name} {done.last_name}, {done.specialty}.", markup=False)


def _named(one: Known) -> str:
    return f"{one.first_name} {one.last_name}" + (f", {one.birth_date}" if one.birth_date else "")


def _show(done: Merge, as_json: bool) -> None:
    if as_json:
        report.as_json(done)
        return
    moved = ", ".join(f"{count} {kind}" for kind, count in done.moved.items()) or "nothing"
    state = "Undone" if done.undone_at else "Merged"
    report.out.print(f"{state}: {done.other_id} and {done.survivor_id}; moved with the merge: {moved}.")
