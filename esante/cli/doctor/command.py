"""The command: the checks in order, what each found, and the cures."""

from typing import Annotated

import apsw
import typer

from esante.cli import report
from esante.cli.doctor import box_checks, data_checks
from esante.cli.doctor.case import Case, Check, Finding, Result, broken
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import clock

CHECKS: dict[str, Check] = {
    "settings": box_checks.settings,
    "permissions": box_checks.permissions,
    "keys": box_checks.keys,
    "schema": data_checks.schema,
    "foreign-keys": data_checks.foreign_keys,
    "files": data_checks.files,
    "hashes": data_checks.hashes,
    "chain": data_checks.chain,
    "jobs": data_checks.jobs,
    "clock": data_checks.the_clock,
    "certificate": box_checks.certificate,
    "backup": box_checks.backups,
    "disk": box_checks.disks,
    "mail": box_checks.mail,
}
"""In this order: what opens the data comes before what looks at it."""

NEEDS_KEYS = {"schema"}
NEEDS_DATA = {"foreign-keys", "files", "hashes", "chain", "jobs", "clock"}
MARKS = {"ok": "[green]well[/]", "warning": "[yellow]look[/]", "broken": "[bold red]ill[/] ", "skipped": "[dim]    [/]"}


def doctor(
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    fix: Annotated[bool, typer.Option("--fix", help="Do what can be done without risk.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Compare every index with its table too; slower.")] = False,
    as_json: Json = False,
) -> None:
    """Examine the box: settings, permissions, keys, data, audit log, files, jobs, clock, certificate, backups, disk, mail.

    It may run beside the server and changes nothing without --fix. Exit code 1 when something is ill, 0 when at most a look is due.
    """
    with report.err.status("Examining") as status:
        case = Case(data, config, clock.now(), deep, lambda words: status.update(words))
        try:
            results = [one for name in CHECKS for one in examined(case, name, fix=fix)]
        finally:
            if case.conn:
                case.conn.close()
    if as_json:
        report.as_json({"checks": results})
    else:
        _tell(results)
    if any(one.state == "broken" and not one.fixed for one in results):
        raise typer.Exit(1)


def examined(case: Case, name: str, *, fix: bool) -> list[Result]:
    """What one check found: one result for each finding, or one that all is well, or that it could not look."""
    if (name in NEEDS_KEYS and case.keys is None) or (name in NEEDS_DATA and case.conn is None):
        return [Result(name, "skipped", "The data could not be opened")]
    try:
        found = list(CHECKS[name](case))
    except (apsw.Error, OSError) as error:  # the data are so ill that the check itself fails
        found = [broken(f"The data cannot be read: {error}", data_checks.RESTORE)]
    return [_result(name, one, fix=fix) for one in found] or [Result(name, "ok")]


def _result(name: str, found: Finding, *, fix: bool) -> Result:
    result = Result(name, found.state, found.what, found.cure, fixable=found.fix is not None)
    if fix and found.fix:
        found.fix()
        result.fixed = True
    return result


def _tell(results: list[Result]) -> None:
    for one in results:
        mended = " [green](mended)[/]" if one.fixed else ""
        report.out.print(f"{MARKS[one.state]}  [bold]{one.check:<13}[/] ", end="")
        report.out.print(one.what or "", markup=False, end="")
        report.out.print(mended)
        if one.cure and not one.fixed:
            report.out.print(f"{'':20}→ {one.cure}", markup=False)
    ill, look = (sum(one.state == state and not one.fixed for one in results) for state in ("broken", "warning"))
    if ill or look:
        report.out.print(
            f"\n{ill} ill, {look} to look at." + (" --fix mends what it can." if _can_fix(results) else "")
        )
    else:
        report.out.print("\nThe box is well.")


def _can_fix(results: list[Result]) -> bool:
    return any(one.fixable and not one.fixed for one in results)
