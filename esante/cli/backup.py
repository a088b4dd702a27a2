"""`esante backup`: made beside the running server, proven by restoring, copied, let go."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from esante.admin.backups import service as backups
from esante.admin.backups.process import DONE_BUT_NOT_COPIED
from esante.admin.backups.structs import BackupShown
from esante.cli import report, restore
from esante.cli.backup_ways import (
    From,
    KeyFile,
    Kit,
    Name,
    megabytes,
    named_files,
    place_of,
    progress,
    way_into,
)
from esante.cli.opening import operator, ready, settings_of, unlocked, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import backup_status, clock, log
from esante.kernel.backup import drill as drills
from esante.kernel.backup import nightly, opening, shelf
from esante.kernel.backup.manifest import signer
from esante.kernel.backup.nightly import Failed, Made
from esante.kernel.backup.retention import Pruned
from esante.kernel.backup.shelf import Folder
from esante.kernel.clinic import Clinic
from esante.kernel.config import Config
from esante.kernel.errors import Broken, Refusal
from esante.kernel.keyring import Keyring

app = typer.Typer(help="Backups: made, proven by restoring them, copied, restored.", no_args_is_help=True)


FROM_SERVER = Path("-")
NICE = 10
"""Who serves people goes first."""


class Verified(msgspec.Struct, frozen=True, rename="camel"):
    """A backup that restores, and what is in it."""

    name: str
    made_at: str
    program: str
    db_schema: int
    audit_seq: int
    rows: int
    files: int
    installation_id: str
    signer: str


@app.callback()
def group() -> None:
    """Backups.

    Each is one sealed archive and the vault's files, kept once. The recovery kit opens them; so does the clinic itself.
    """


@app.command()
def create(
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Make a backup now, beside the running server or alone; prove it by restoring it; copy it; let old ones go.

    Exit code 0: made, proven, copied. 3: made and proven, but a copy failed. 1: not made, or it does not restore.
    """
    os.nice(NICE)
    settings, keys = _opened(data, config)
    with progress(shown=not as_json) as told:
        result = nightly.run(data, keys, settings.backup, named_files, clock.now, told)
    try:
        with_clinic(data, settings, lambda clinic: _note(clinic, result), keys)
    except (Refusal, *nightly.FAILURES) as error:  # a clinic that cannot write can be backed up all the same
        report.fail(f"The clinic's log does not say so: {error}")
    if as_json:
        report.as_json(result)
    if isinstance(result, Failed):
        if not as_json:
            report.fail(f"No backup ({result.stage}): {result.error}")
        raise typer.Exit(1)
    if not as_json:
        _tell(result)
    if result.problems:
        raise typer.Exit(DONE_BUT_NOT_COPIED)


@app.command("list")
def list_backups(data: Data = DATA, config: ConfigFile = CONFIG, where: From = "", as_json: Json = False) -> None:
    """Show the backups, newest first, and when each was proven. No key is needed."""
    settings = settings_of(config, data)
    place, _ = place_of(where, settings, data)
    found = shelf.listed(place)
    if as_json:
        report.as_json(
            [BackupShown(name=one.name, size=one.size, made_at=one.made_at, proven_at=one.proven_at) for one in found]
        )
        return
    rows = [
        [one.name, megabytes(one.size), clock.text(one.proven_at)[:16] if one.proven_at else "not proven"]
        for one in found
    ]
    report.table(f"{len(found)} backups in {place.where}", ["Name", "Size", "Proven (UTC)"], rows)


@app.command()
def verify(
    name: Name = "",
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    where: From = "",
    kit: Kit = False,
    key_file: KeyFile = "",
    as_json: Json = False,
) -> None:
    """Restore a backup into a scratch folder, check everything, remove it. Changes nothing; works without the clinic."""
    settings = settings_of(config, data)
    place, wanted = place_of(where, settings, data, name)
    chosen = shelf.choose(place, wanted)
    with (
        tempfile.TemporaryDirectory(prefix="esante-verify-") as scratch,
        tempfile.TemporaryDirectory(prefix="esante-keys-") as ring,
        progress(shown=not as_json) as told,
    ):
        way = way_into(place, settings, data, kit, key_file, Path(ring))
        said = drills.examine(place, chosen, way, Path(scratch), named_files, told)
        keys = way.unlock(Path(scratch))
    found = Verified(
        name=said.name,
        made_at=said.made_at,
        program=said.program,
        db_schema=said.db_schema,
        audit_seq=said.audit.seq,
        rows=sum(said.counts.values()),
        files=len(said.files),
        installation_id=said.installation_id,
        signer=signer(keys),
    )
    if as_json:
        report.as_json(found)
        return
    report.out.print(f"{found.name} is whole: {found.rows} rows, {found.audit_seq} audit lines, {found.files} files.")


@app.command()
def drill(name: Name = "", data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Prove a backup of the clinic's own folder by restoring it, and keep the proof beside it."""
    settings, keys = _opened(data, config)
    place, wanted = place_of("", settings, data, name)
    assert isinstance(place, Folder)
    chosen, newest = shelf.choose(place, wanted), shelf.choose(place, None)
    with place.held(nightly.HOLDER), progress(shown=not as_json) as told:
        try:
            proof = drills.prove(place, chosen, opening.by_clinic(keys), clock.now(), named_files, told)
        except nightly.FAILURES as error:
            reason = nightly.words(error)
            _keep_status(data, last_error=reason)
            with_clinic(
                data, settings, lambda clinic: clinic.db.write(operator(), backups.note_failed, "drill", reason), keys
            )
            raise Broken(reason) from None
    if chosen == newest:
        _keep_status(data, last_proven_at=proof.proven_at, last_error=None)
    if as_json:
        report.as_json(proof)
        return
    report.out.print(f"{chosen} restores, and everything is there.")


@app.command()
def prune(
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    only_say: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Remove old backups, in every place: all but the newest of 7 days, 4 weeks, 12 months, and the last proven one.

    The files that no backup names any more go with them. It happens by itself after each backup.
    """
    settings, keys = _opened(data, config)
    way = opening.by_clinic(keys)
    done: dict[str, Pruned] = {}
    for open_place in (lambda: Folder(settings.backup.folder_for(data)), *nightly.others(settings.backup)):
        place = open_place()
        done[place.where] = nightly.prune(place, settings.backup, way, only_say=only_say)
    archives, removed = sum(len(one.archives) for one in done.values()), sum(one.files for one in done.values())
    if not only_say and archives + removed:
        with_clinic(
            data, settings, lambda clinic: clinic.db.write(operator(), backups.note_pruned, archives, removed), keys
        )
    if as_json:
        report.as_json(done)
        return
    verb = "would go" if only_say else "removed"
    for where, one in done.items():
        report.out.print(f"{where}: {len(one.archives)} backups and {one.files} files ({megabytes(one.bytes)}) {verb}.")
        if one.problem:
            report.err.print(one.problem, markup=False)


app.command()(restore.restore)


async def _note(clinic: Clinic, result: Made | Failed) -> None:
    if isinstance(result, Failed):
        await clinic.db.write(operator(), backups.note_failed, result.stage, result.error)
        return
    await clinic.db.write(
        operator(), backups.note_done, result.name, size=result.size, files=result.files, audit_seq=result.audit_seq,
        removed=result.removed,
    )  # fmt: skip
    for problem in result.problems:
        await clinic.db.write(operator(), backups.note_failed, "copy", problem)


def _tell(made: Made) -> None:
    report.out.print(
        f"Backup [bold]{made.name}[/] in {made.folder}: {megabytes(made.size)}, {made.files} files ({made.new_files} new),"
        " proven by restoring it."
    )
    for place in made.copied_to:
        report.out.print(f"Copied to {place}.")
    for problem in made.problems:
        report.fail(problem)
    if not made.recovery_kits:
        report.err.print(
            "[yellow]There is no recovery kit: if this box is lost, only its key file opens these backups.[/] Make one:"
            " esante key kit FILE.pdf"
        )


def _opened(data: Path, config: Path) -> tuple[Config, Keyring]:
    """The settings and the keys. The server hands its own over: the settings through standard input, as `--config -`."""
    if config == FROM_SERVER:
        settings = msgspec.json.decode(sys.stdin.buffer.read(), type=Config)
        log.set_up(settings.log)
    else:
        settings = settings_of(config, data)
    return settings, ready(data, unlocked(data, settings))


def _keep_status(data: Path, **changed: object) -> None:
    backup_status.write(data, msgspec.structs.replace(backup_status.read(data), **changed))
