"""Checks of the box: settings, permissions, keys, disk, backups, mail."""

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from esante.cli.doctor.case import Case, Finding, broken, warning
from esante.cli.opening import settings_of, unlocked
from esante.kernel import backup_status, disk, tls
from esante.kernel.errors import Broken
from esante.kernel.settings import ClinicSettings
from esante.notifications.channels import email

KIT_DAYS = ClinicSettings().kit_proof_days
BACKUP_LATE = timedelta(hours=50)
BACKUP_LOST = timedelta(days=7)
CERTIFICATE_SOON = timedelta(days=14)
PRIVATE = ("keyring", "witness", "esante.db", "esante.db-wal", "esante.db-shm", "clock", "demo-accounts.txt")


def settings(case: Case) -> Iterator[Finding]:
    """esante.toml can be read, and says nothing that is not known."""
    try:
        case.config = settings_of(case.config_file, case.folder)
    except Broken as error:
        yield broken(str(error), f"Correct {case.config_file}; every key in it is optional")


def permissions(case: Case) -> Iterator[Finding]:
    """Only the clinic's own user reads its data and its key."""
    key_file = Path(case.config.keys.file).expanduser()
    places = [case.folder, *(case.folder / name for name in PRIVATE), case.folder / "files", key_file]
    for place in places:
        try:
            found = place.stat()
        except FileNotFoundError:
            continue
        except PermissionError:
            yield broken(f"{place} belongs to somebody else", "Run this as the clinic's own user")
            continue
        if found.st_mode & 0o077:
            wanted = 0o700 if place.is_dir() else 0o600
            yield broken(
                f"{place} can be read by other users of this machine ({found.st_mode & 0o777:o})",
                f"chmod {wanted:o} {place}",
                lambda place=place, wanted=wanted: place.chmod(wanted),  # type: ignore[misc]
            )
        elif found.st_uid != os.getuid():
            yield warning(
                f"{place} belongs to another user than the one who runs this", f"chown -R $USER {case.folder}"
            )


def keys(case: Case) -> Iterator[Finding]:
    """The keyring opens, and a recovery kit was typed back lately."""
    try:
        case.keys = unlocked(case.folder, case.config)
    except Broken as error:
        yield broken(
            str(error), "Bring the key back, or restore the clinic with its recovery kit: esante backup restore"
        )
        return
    lately = case.now - timedelta(days=KIT_DAYS)
    if not case.keys.kits:
        yield warning("There is no recovery kit: a lost key is the loss of everything", "esante key kit FILE.pdf")
    elif not any(kit.proven_at and kit.proven_at > lately for kit in case.keys.kits):
        yield warning(f"No recovery kit was typed back for {KIT_DAYS} days", "esante key verify-kit")
    if case.keys.coming:
        yield warning(
            "A rotation of keys was interrupted", "Start the server once: it finishes or forgets it by itself"
        )


def certificate(case: Case) -> Iterator[Finding]:
    """Connections from the network are encrypted, with a certificate that holds."""
    if case.config.tls_mode == "off":
        if case.config.is_on_network:
            yield broken(
                "Whoever is on the network can read along", 'Encrypt connections: [tls] mode = "local" in esante.toml'
            )
        return
    file = tls.chain_of(case.folder, case.config)
    if case.config.tls_mode == "local" and not file.exists():
        yield warning("There is no certificate yet", "Start the server once: it makes one")
        return
    try:
        found = tls.read_certificate(file)
    except (Broken, OSError) as error:
        yield broken(
            f"The certificate cannot be read: {error}", f"Bring {file} back, or remove it and start the server"
        )
        return
    left = found.not_valid_after_utc - case.now
    if left < timedelta() or case.now < found.not_valid_before_utc:
        yield broken(
            f"The certificate {file} does not hold today",
            "Is the clock right? Then start the server: it renews its own",
        )
    elif left < CERTIFICATE_SOON:
        yield warning(
            f"The certificate {file} runs out in {left.days} days", "Renew it; the server takes it without a restart"
        )


def disks(case: Case) -> Iterator[Finding]:
    """There is room to write."""
    limits = case.config.limits
    for name, folder in (("data", case.folder), ("backups", case.config.backup.folder_for(case.folder))):
        volume = disk.measure(name, folder)
        if volume is None:
            continue
        percent = volume.free_percent
        if percent < limits.disk_writes_percent:
            yield broken(
                f"Only {percent:.1f} % of the disk under {folder} is free: nothing can be saved", "Free some space"
            )
        elif percent < limits.disk_warn_percent:
            yield warning(f"Only {percent:.1f} % of the disk under {folder} is free", "Free some space soon")


def backups(case: Case) -> Iterator[Finding]:
    """A backup was made and proven lately."""
    status = backup_status.read(case.folder)
    if status.last_error:
        yield warning(f"The last backup failed: {status.last_error}", "esante backup create")
    if status.last_proven_at is None:
        yield warning("No backup was ever made and proven", "esante backup create")
    elif (age := case.now - status.last_proven_at) > BACKUP_LOST:
        yield broken(f"The last proven backup is {age.days} days old", "esante backup create")
    elif age > BACKUP_LATE:
        yield warning(f"The last proven backup is {age.days} days old", "esante backup create")


def mail(case: Case) -> Iterator[Finding]:
    """The mail server answers, and lets the clinic in."""
    if not case.config.mail.host:
        yield warning("No mail server is set, so nobody is mailed", 'Name one in esante.toml: [mail] host = "…"')
        return
    try:
        asyncio.run(email.greet(case.config.mail))
    except Exception as error:  # whatever a mail server does, it must not end the examination
        yield broken(
            f"Mail does not go: {email.plain_reason(case.config.mail, error)}", "Look at [mail] in esante.toml"
        )
