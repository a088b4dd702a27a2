"""Checks of the data: schema, foreign keys, files, the audit log, jobs, the clock."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta

from esante.audit import service as audit
from esante.cli.backup_ways import named_files
from esante.cli.doctor.case import Case, Finding, broken, warning
from esante.kernel import audit_log, clock, clock_guard, dead_letters, migrate, vault
from esante.kernel.checkpoints import Signer
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.errors import Broken, NotFound
from esante.kernel.vault import Vault
from esante.kernel.witness import Witness

RESTORE = "Restore the newest backup: esante backup restore"
STUCK = timedelta(hours=1)
ORPHAN_SECONDS = 24 * 60 * 60


def schema(case: Case) -> Iterator[Finding]:
    """The database opens, fits this program, and its pages are whole."""
    assert case.keys is not None
    try:
        conn = open_database(case.folder / DATABASE, case.keys.key("database"), "reader")
    except Broken as error:
        yield broken(str(error), RESTORE)
        return
    try:
        migrate.check(conn)
    except Broken as error:
        conn.close()
        yield broken(str(error), "Try it first: esante upgrade-check")
        return
    case.conn = conn
    case.told("Reading every page")
    found = conn.execute("PRAGMA integrity_check(1)" if case.deep else "PRAGMA quick_check(1)").get
    if found != "ok":
        yield broken(f"The database is damaged: {found}", RESTORE)
    triggers = {name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")}
    if gone := {"audit_is_not_changed", "audit_is_kept"} - triggers:
        yield broken(f"The guard {', '.join(sorted(gone))} of the audit log was removed", RESTORE)


def foreign_keys(case: Case) -> Iterator[Finding]:
    """Every row that names another names one that is there."""
    _, conn = case.opened
    if lost := conn.execute("PRAGMA foreign_key_check").fetchall():
        yield broken(f"{len(lost)} rows name what is not there, the first in {lost[0][0]}", RESTORE)


def files(case: Case) -> Iterator[Finding]:
    """Every file that a row names is there, and no file lies about that no row names."""
    _, conn = case.opened
    named, kept = named_files(conn), {path.name for path in vault.sealed_files(case.folder / "files")}
    if missing := named - kept:
        yield broken(f"{len(missing)} files that records name are missing, {min(missing)} for one", RESTORE)
    old = set(case.vault().older_than(ORPHAN_SECONDS, clock.now().timestamp())) - named
    if old:
        yield warning(
            f"{len(old)} files lie in the store that no record names: a crash left them",
            "They are swept every night, or now with --fix",
            lambda: _remove(case.vault(), old),
        )


def hashes(case: Case) -> Iterator[Finding]:
    """Every sealed file opens to its last block."""
    store, names = case.vault(), sorted(path.name for path in vault.sealed_files(case.folder / "files"))
    damaged = asyncio.run(_damaged(store, names, case.told))
    if damaged:
        yield broken(f"{len(damaged)} sealed files are damaged, {damaged[0]} for one", RESTORE)


def chain(case: Case) -> Iterator[Finding]:
    """The audit log is whole, as the witness and the signed checkpoints saw it."""
    keyring, _ = case.opened
    case.told("Verifying the audit log")
    witness = Witness(case.folder, keyring.key("audit"), keyring.former("audit"))
    try:
        mark = witness.read()
    except Broken as error:
        yield broken(str(error), RESTORE)
        return
    verdict = audit.check(case.tx(), keyring.audit_keys, Signer(keyring), mark)
    if not verdict.ok:
        cure = f"{RESTORE}; or, when lines are missing: esante db accept-loss --reason TEXT"
        yield broken(f"The audit log is not whole: {verdict.problem}", cure)


def jobs(case: Case) -> Iterator[Finding]:
    """What is due is done, and nothing was given up."""
    depth = dead_letters.depth(case.tx())
    if depth.failed:
        yield warning(f"{depth.failed} jobs were given up", "An admin retries or discards them in the health view")
    if depth.oldest_due_at and case.now - depth.oldest_due_at > STUCK:
        late = (case.now - depth.oldest_due_at) // timedelta(hours=1)
        yield warning(f"A job is due since {late} hours", "Is the server running? esante serve")


def the_clock(case: Case) -> Iterator[Finding]:
    """The time of this machine can be trusted."""
    last = audit_log.head(case.opened[1]).at
    if last and case.now < clock.parse(last) - clock_guard.JUMP:
        yield broken(f"The clock is behind the clinic's last entry, {last}", "Set the time of this machine")
    if found := clock_guard.kept(case.tx()):
        yield warning(
            f"The clock moved by {found.seconds} seconds on {found.found_at:%Y-%m-%d}; nothing is removed meanwhile",
            "Look at the time, then: esante clock confirm",
        )


def _remove(store: Vault, names: set[str]) -> None:
    for name in sorted(names):
        store.remove(name)


async def _damaged(store: Vault, names: list[str], told: Callable[[str], None]) -> list[str]:
    found = []
    for number, name in enumerate(names, 1):
        told(f"Reading file {number} of {len(names)}")
        try:
            async for _ in store.open(name):
                pass
        except (Broken, NotFound, OSError):
            found.append(name)
    return found
