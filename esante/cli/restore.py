"""`esante backup restore`: a clinic out of a backup, on this box or on a new one."""

import os
import tempfile
from pathlib import Path

import msgspec

from esante.admin.backups import service as backups
from esante.app import DATABASE
from esante.cli import report
from esante.cli.backup_ways import From, KeyFile, Kit, Name, named_files, place_of, progress, way_into
from esante.cli.opening import operator, same, settings_of, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel import clock, files, keyring, moving_in, slots
from esante.kernel.backup import restore as restoring
from esante.kernel.backup import shelf
from esante.kernel.backup.manifest import Manifest, signer
from esante.kernel.config import Config
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring
from esante.wiring import SPEAKING


class Restored(msgspec.Struct, frozen=True, rename="camel"):
    """A clinic that was made of a backup. `keyFile` opens it; None when it is opened with its passphrase."""

    name: str
    made_at: str
    data: str
    key_file: str | None
    audit_seq: int
    rows: int
    files: int
    from_installation: str
    installation: str
    signer: str


def restore(
    name: Name = "",
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    where: From = "",
    kit: Kit = False,
    key_file: KeyFile = "",
    as_json: Json = False,
) -> None:
    """Make a clinic of a backup, in an empty folder. On a new box the recovery kit and the backups are enough.

    Everything is checked before the clinic is there. Everybody signs in again; mails and reminders that are older than two
    hours are not sent. Never start the old box again beside the new one.
    """
    settings = settings_of(config, data)
    moving_in.refuse_occupied(data)
    place, wanted = place_of(where, settings, data, name)
    chosen = shelf.choose(place, wanted)
    files.make_folder(data)
    with (
        tempfile.TemporaryDirectory(prefix="esante-keys-") as ring,
        files.locked(data / "lock", f"esante backup restore, process {os.getpid()}"),
    ):
        moving_in.refuse_occupied(data)
        way = way_into(place, settings, data, kit, key_file, Path(ring))
        with progress(shown=not as_json) as told:
            into, keys, said = restoring.draft(place, chosen, way, data, named_files, told)
        own_key_file = Path(settings.keys.file).expanduser()
        keys, starts_with = _give_key_file(into, keyring.renew_installation(into, keys), own_key_file)
        _begin_again(into, settings, keys, said)
        moving_in.settle(into)
    done = Restored(
        name=said.name,
        made_at=said.made_at,
        data=str(data),
        key_file=str(starts_with) if starts_with else None,
        audit_seq=said.audit.seq,
        rows=sum(said.counts.values()),
        files=len(said.files),
        from_installation=said.installation_id,
        installation=keys.installation_id,
        signer=signer(keys),
    )
    if as_json:
        report.as_json(done)
        return
    _tell(done, config, settings)


def _give_key_file(into: Path, keys: Keyring, key_file: Path) -> tuple[Keyring, Path | None]:
    """The clinic must start on this box: by the key file of esante.toml, made when it is not there, or by its passphrase."""
    if key_file.exists():
        try:
            keyring.unlock(into, key_file)
        except Broken:
            pass
        else:
            return keys, key_file
    if any(isinstance(slot, slots.PassphraseSlot) for slot in keys.slots):
        return keys, None
    slot = slots.key_file_slot(keys.encryption_key, keyring.make_key_file(key_file), clock.now())
    return keyring.add_slot(into, keys, slot), key_file


def _begin_again(into: Path, settings: Config, keys: Keyring, said: Manifest) -> None:
    """The restored clinic's first act, while it is still a draft: schema, sessions, old mails, one line in its log."""
    with_clinic(
        into,
        settings,
        lambda clinic: clinic.db.write(
            operator(),
            backups.begin_again,
            said.name,
            from_installation=said.installation_id,
            installation=keys.installation_id,
            audit_seq=said.audit.seq,
            speaking=SPEAKING,
        ),
        keys,
    )
    if any((into / f"{DATABASE}{end}").exists() for end in ("-wal", "-shm")):
        raise Broken(f"{into / DATABASE} is still open somewhere. Close what uses it, then restore again")


def _tell(done: Restored, config: Path, settings: Config) -> None:
    show = report.out.print
    show(f"The clinic of {done.made_at} is in [bold]{done.data}[/]: {done.rows} rows, {done.files} files, all checked.")
    show(f"It is now installation {done.installation}; it was {done.from_installation}.")
    show(f"Its backups are signed by {done.signer}.\n")
    show("What to do next:")
    if done.key_file:
        show(f"  1. Keep a copy of its key, [bold]{done.key_file}[/], away from this machine.")
    else:
        show("  1. It opens with its passphrase, as before.")
    also = same(Path(done.data), config)
    show(f"  2. Start it: [bold]esante serve{also}[/]. Everybody signs in again.")
    show("  3. Never start the old box again: two clinics would go on from the same day.")
    show(f"  4. Make a backup: [bold]esante backup create{also}[/]")
    if not settings.mail.host:
        show("  5. esante.toml is not in the backup: set the mail server and the address again.")
