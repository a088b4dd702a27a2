"""`esante key` and `esante unlock`: what opens the clinic's data, and how that is changed."""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from esante import sealed
from esante.admin.keys import service as keys_of_clinic
from esante.app import DATABASE
from esante.cli import report
from esante.cli.opening import offline, operator, passphrase, same, settings_of, unlocked, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import clock, files, keyring, prints, rotation, slots
from esante.kernel.backup import manifest
from esante.kernel.clinic import Clinic
from esante.kernel.errors import Broken
from esante.kernel.keyring import PURPOSES
from esante.kernel.settings import ClinicSettings
from esante.kernel.slots import Kit, KitSlot, Slot

app = typer.Typer(help="The clinic's keys: what opens them, the recovery kit, rotation.", no_args_is_help=True)

EFFECTS = {
    "database": "The database file is written anew under the new key.",
    "files": "New files are sealed under it; those that are there stay under the former key, which the keyring keeps.",
    "audit": "The log goes on under it; the lines before stay provable.",
    "audit-signing": "Checkpoints are signed with it from now on.",
    "sessions": "Access tokens end; apps renew theirs by themselves, browsers go on.",
    "links": "Every link, code, invitation and calendar address is void; everybody signs in again, apps within 15 minutes.",
    "backup-drill": "Backups from now on are sealed to it; older ones still open.",
}


class SlotView(msgspec.Struct, frozen=True, rename="camel"):
    """A way to open the keyring. `recipient` and `proven_at` are a kit's."""

    id: str
    kind: str
    made_at: datetime
    recipient: str | None = None
    proven_at: datetime | None = None


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """The keyring, without a secret. `rotations`: how often each key was changed."""

    installation_id: str
    slots: list[SlotView]
    rotations: dict[str, int]
    kit_is_proven: bool


@app.callback()
def group() -> None:
    """The clinic's keys."""


def unlock(data: Data = DATA, as_json: Json = False) -> None:
    """Open a clinic that waits for its passphrase after a start."""
    answer = sealed.send_passphrase(data, passphrase())
    if not answer.ok:
        raise Broken(answer.message)
    if as_json:
        report.as_json({"open": True})
        return
    report.out.print("The clinic is open.")


@app.command()
def status(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """What opens the clinic, when the recovery kit was last typed back, how often each key was changed."""
    ring = unlocked(data, settings_of(config, data))
    shown = Status(
        ring.installation_id,
        [_view(slot) for slot in ring.slots],
        {purpose: len(ring.former(purpose)) for purpose in PURPOSES},
        any(
            kit.proven_at and kit.proven_at > clock.now() - timedelta(days=ClinicSettings().kit_proof_days)
            for kit in ring.kits
        ),
    )
    if as_json:
        report.as_json(shown)
        return
    rows = [[slot.id, slot.kind, f"{slot.made_at:%Y-%m-%d}", _proof(slot)] for slot in shown.slots]
    report.table(f"Installation {shown.installation_id} opens by", ["Slot", "Kind", "Made", ""], rows)
    if not ring.kits:
        report.out.print(
            "\n[bold]There is no recovery kit.[/] Make one and print it: esante key kit FILE.pdf" + same(data, config)
        )
    elif not shown.kit_is_proven:
        report.out.print(
            f"\nType the recovery kit back, to know that it works: [bold]esante key verify-kit{same(data, config)}[/]"
        )


@app.command()
def kit(
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", help="Where the sheet is written, for printing.")],
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Make a recovery kit: a sheet with 24 words that opens the clinic and its backups when all else is lost.

    Print it and delete the file. Earlier kits go on working until `esante key remove-slot` takes them away.
    """
    settings, made = settings_of(config, data), slots.new_kit()

    async def work(clinic: Clinic) -> KitSlot:
        name = clinic.db.settings.clinic_name
        files.create_whole(file, _sheet(made, name, manifest.signer(clinic.keys)))
        slot = slots.kit_slot(clinic.keys.encryption_key, made.recipient, clock.now())
        await clinic.db.write(operator(), keys_of_clinic.note_slot_added, slot.id, "recovery-kit")
        keyring.add_slot(data, clinic.keys, slot)
        return slot

    slot = with_clinic(data, settings, work)
    if as_json:
        report.as_json({"file": file, "slot": _view(slot)})
        return
    report.out.print(f"The recovery kit is in [bold]{file}[/]. Print it twice, then delete the file.")
    report.out.print(f"Then prove that what is on paper works: [bold]esante key verify-kit{same(data, config)}[/]")


@app.command("verify-kit")
def verify_kit(
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Read the words from a file; - for standard input.")
    ] = None,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Type the recovery kit back: its 24 words, or the line AGE-SECRET-KEY-1. Says whether it opens this clinic."""
    typed = slots.kit_from(typed_kit(source))

    async def work(clinic: Clinic) -> KitSlot:
        _, slot = keyring.prove_kit(data, clinic.keys, typed, clock.now())
        await clinic.db.write(operator(), keys_of_clinic.note_kit_proven, slot.id)
        return slot

    slot = with_clinic(data, settings_of(config, data), work)
    if as_json:
        report.as_json({"slot": _view(slot)})
        return
    report.out.print(
        f"It works: this kit, made on {slot.made_at:%Y-%m-%d}, opens the clinic. Put it back in its place."
    )


@app.command("add-slot")
def add_slot(
    kind: Annotated[Literal["key-file", "passphrase"], typer.Argument(help="What shall open the clinic as well.")],
    file: Annotated[Path | None, typer.Option("--file", help="The key file; it is made when it is not there.")] = None,
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Add a way to open the clinic: another key file, or a passphrase."""
    settings = settings_of(config, data)
    if kind == "key-file" and file is None:
        file = Path(settings.keys.file).expanduser()
    typed = passphrase(twice=True) if kind == "passphrase" else ""

    async def work(clinic: Clinic) -> Slot:
        key, now = clinic.keys.encryption_key, clock.now()
        slot: Slot = (
            slots.key_file_slot(key, keyring.make_key_file(file), now)
            if file is not None and kind == "key-file"
            else slots.passphrase_slot(key, typed, now)
        )
        await clinic.db.write(operator(), keys_of_clinic.note_slot_added, slot.id, kind)
        keyring.add_slot(data, clinic.keys, slot)
        return slot

    added = with_clinic(data, settings, work)
    if as_json:
        report.as_json({"slot": _view(added)})
        return
    report.out.print(f"Added: slot {added.id}.")


@app.command("remove-slot")
def remove_slot(
    slot: Annotated[str, typer.Argument(help="Its id, as `esante key status` shows it.")],
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Take a way away. Who kept a copy of the old keyring still opens that copy: rotate the keys too when one was stolen."""

    async def work(clinic: Clinic) -> None:
        keyring.remove_slot(data, clinic.keys, slot)
        kind = next(str(one.__struct_config__.tag) for one in clinic.keys.slots if one.id == slot)
        await clinic.db.write(operator(), keys_of_clinic.note_slot_removed, slot, kind)

    with_clinic(data, settings_of(config, data), work)
    if as_json:
        report.as_json({"removed": slot})
        return
    report.out.print(f"Slot {slot} is gone.")


@app.command()
def rotate(
    purpose: Annotated[str, typer.Argument(help=f"One of {', '.join(PURPOSES)}, or all.")],
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Put a fresh key in the place of one, or of all. The server must be stopped: it holds its keys in memory."""
    wanted = [one for one in PURPOSES if purpose in (one, "all")]
    if not wanted:
        raise Broken(f"There is no key {purpose}. They are: {', '.join(PURPOSES)}; or all")
    settings = settings_of(config, data)
    ring = offline(data, settings)
    with files.locked(data / "lock", f"esante key rotate, process {os.getpid()}"):
        for one in wanted:
            with report.waiting(f"Rotating the key {one}", shown=not as_json):
                ring = rotation.rotate(data / DATABASE, ring, one, operator().id, clock.now())
            if not as_json:
                report.out.print(f"[bold]{one}[/]: rotated. {EFFECTS[one]}")
    if as_json:
        report.as_json({"rotated": wanted})


def typed_kit(source: Path | None) -> str:
    """The kit from a file, from standard input, or typed at the terminal, unseen."""
    if source is not None and str(source) != "-":
        try:
            return source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Broken(f"The recovery kit cannot be read from {source}: {error}") from None
    if source is None and sys.stdin.isatty():
        return str(typer.prompt("The 24 words, in order", hide_input=False, err=True))
    return sys.stdin.read()


def _sheet(made: Kit, clinic: str, signer: str) -> bytes:
    return prints.pdf(
        "recovery_kit",
        clinic=clinic,
        made=f"{clock.now():%Y-%m-%d}",
        words=" ".join(made.words),
        identity=made.identity,
        recipient=made.recipient,
        qr=prints.qr_svg(made.identity),
        signer=signer,
    )


def _view(slot: Slot) -> SlotView:
    kind = str(slot.__struct_config__.tag)
    if isinstance(slot, KitSlot):
        return SlotView(slot.id, kind, slot.made_at, slot.recipient, slot.proven_at)
    return SlotView(slot.id, kind, slot.made_at)


def _proof(slot: SlotView) -> str:
    if slot.kind != "recovery-kit":
        return ""
    return f"typed back on {slot.proven_at:%Y-%m-%d}" if slot.proven_at else "never typed back"
