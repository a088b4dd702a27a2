"""Bringing a clinic to a newer schema: on a copy, checked, then switched in one step. A failure leaves the old clinic as it was."""

import time
from contextlib import closing
from pathlib import Path

import msgspec

from esante.kernel import audit_log, migrate, switching
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring


class Trial(msgspec.Struct, frozen=True, rename="camel"):
    """What an upgrade would do, tried on a copy: the migrations, their time, and the size of the file in bytes."""

    from_schema: int
    to_schema: int
    migrations: list[str]
    seconds: float
    size: int


def bring_up_to_date(database: Path, ring: Keyring) -> list[str]:
    """Run the migrations that the clinic has not seen; their names. Nobody else may have it open.

    The file of before stays as `esante.db.v<schema>` until the next upgrade: the way back. `Broken`: a newer schema, no room for a
    copy, or a migration that failed, and then nothing was changed.
    """
    switching.sweep(switching.draft_of(database))
    with closing(open_database(database, ring.key("database"), "maintenance")) as conn:
        before = migrate.version(conn)
        if before >= migrate.newest():
            return migrate.migrate(conn)
    draft = switching.copied(database, ring.key("database"))
    try:
        ran = _migrated(draft, ring)
        switching.switch(draft, database, keep=kept_at(database, before))
    except BaseException:
        switching.sweep(switching.draft_of(database))
        raise
    for older in database.parent.glob(f"{database.name}.v*"):
        if older != kept_at(database, before):
            older.unlink()
    return ran


def attempt(database: Path, ring: Keyring) -> Trial:
    """Try the upgrade on a copy and throw the copy away; a running server is not disturbed. `Broken` says what would fail."""
    draft, started = database.with_name(f"{database.name}.trial"), time.monotonic()
    with closing(open_database(database, ring.key("database"), "slow-reader")) as source:
        before = migrate.version(source)
        if before > migrate.newest():
            migrate.check(source)
        switching.sweep(draft)
        switching.refuse_full(database)
        try:
            switching.copy(source, draft, ring.key("database"))
            ran = _migrated(draft, ring)
        finally:
            switching.sweep(draft)
    return Trial(before, migrate.newest(), ran, round(time.monotonic() - started, 1), database.stat().st_size)


def go_back(database: Path, ring: Keyring) -> tuple[int, int]:
    """Put the file of before the last upgrade back, for the program that it belongs to; the schemas that were left and taken.

    What was written since is in `esante.db.left`, and nowhere else. `Broken` unless that file is there and fits this program.
    """
    kept = kept_at(database, migrate.newest())
    with closing(open_database(database, ring.key("database"), "maintenance")) as conn:
        left = migrate.version(conn)
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if left <= migrate.newest() or not kept.exists():
        raise Broken(
            f"There is nothing to go back to: this program knows schema {migrate.newest()}, the clinic has {left}, and"
            f" {kept.name} is {'there' if kept.exists() else 'not there'}"
        )
    switching.switch(kept, database, keep=database.with_name(f"{database.name}.left"))
    return left, migrate.newest()


def kept_at(database: Path, schema: int) -> Path:
    """Where the file of before an upgrade stays."""
    return database.with_name(f"{database.name}.v{schema}")


def _migrated(draft: Path, ring: Keyring) -> list[str]:
    """Migrate the copy and look at it: pages, foreign keys (each migration), rows, and the end of the audit log."""
    with closing(open_database(draft, ring.key("database"), "maintenance")) as conn:
        before = conn.execute("SELECT max(seq) FROM audit").get
        try:
            ran = migrate.migrate(conn)
        except Broken as error:
            raise Broken(f"{error}. Nothing was changed: the program of before still runs this clinic") from None
        if (found := conn.execute("PRAGMA quick_check(1)").get) != "ok":
            raise Broken(f"The upgrade would leave a damaged file ({found}); nothing was changed")
        if (audit_log.head(conn).seq or None) != before:
            raise Broken("The upgrade would change the audit log; nothing was changed")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return ran
