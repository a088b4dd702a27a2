"""Is a restored database what its manifest says, and is every file that its rows name there?"""

from collections.abc import Callable, Iterable
from pathlib import Path

import apsw

from esante.kernel import audit_log, checkpoints, migrate
from esante.kernel.backup import pace, shelf
from esante.kernel.backup.manifest import Manifest
from esante.kernel.backup.pace import Told
from esante.kernel.backup.shelf import Shelf
from esante.kernel.checkpoints import Signer
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring

NamedFiles = Callable[[apsw.Connection], Iterable[str]]
"""The vault files that rows of this database name; the rooms know."""


def database(folder: Path, keys: Keyring, said: Manifest, named: NamedFiles, told: Told = pace.nobody) -> None:
    """Hold the database in `folder` against the manifest: integrity, foreign keys, counts, chain, head, named files.

    `Broken` names the first thing that differs. A database of an older schema is brought up to date in between: only then
    can this program ask it for its chain and its files.
    """
    path, key = folder / DATABASE, keys.key("database")
    try:
        problem = _ask(path, key, lambda conn: _damage(conn, said, told))
        if not problem and said.db_schema < migrate.newest():
            conn = open_database(path, key, "maintenance")
            try:
                migrate.migrate(conn)
            finally:
                conn.close()
        problem = problem or _ask(path, key, lambda conn: _gap(conn, keys, said, named, told))
    except apsw.Error as error:
        problem = f"it cannot be read ({error})"
    if problem:
        raise Broken(f"{said.name} is not what its manifest says: {problem}. Take another backup: esante backup list")


def contents(place: Shelf, said: Manifest, told: Told = pace.nobody) -> None:
    """Read every file that the manifest names on the shelf, and hold it against its hash."""
    done, total = 0, said.files_size
    for file in said.files:
        key = shelf.content_key(file.sha256)
        with place.open(key) as source:
            if pace.digest(source) != (file.size, file.sha256):
                raise damaged(place, said.name, file.sha256)
        done += file.size
        told("Checking files", done, total)


def damaged(place: Shelf, name: str, sha256: str) -> Broken:
    """A content file that is not what its name says."""
    return Broken(
        f"{place.where}/{shelf.content_key(sha256)}, a file of the backup {name}, is damaged. Bring it from another copy of"
        " the backups, or remove it and make a new backup while the clinic still has the file"
    )


def _ask(path: Path, key: bytes, question: Callable[[apsw.Connection], str | None]) -> str | None:
    conn = open_database(path, key, "reader")
    try:
        return question(conn)
    finally:
        conn.close()


def _damage(conn: apsw.Connection, said: Manifest, told: Told) -> str | None:
    """What any schema can be asked."""
    if (version := migrate.version(conn)) != said.db_schema:
        return f"its schema is version {version}, not {said.db_schema}"
    told("Checking pages", 0, 1)
    if (found := conn.execute("PRAGMA integrity_check(1)").get) != "ok":
        return f"its pages are damaged ({found})"
    told("Checking pages", 1, 1)
    if broken := conn.execute("PRAGMA foreign_key_check").fetchall():
        return f"{len(broken)} rows are without their parents, the first in {broken[0][0]}"
    found = migrate.counts_of(conn)
    for table in sorted(found.keys() | said.counts.keys()):
        if found.get(table) != said.counts.get(table):
            return f"{table} has {found.get(table, 'no')} rows, not {said.counts.get(table, 'any')}"
    return None


def _gap(conn: apsw.Connection, keys: Keyring, said: Manifest, named: NamedFiles, told: Told) -> str | None:
    """What only this program's schema can be asked: the log, and the files."""
    signer = Signer(keys)
    verdict = audit_log.verify(
        conn,
        keys.audit_keys,
        witness=(said.audit.seq, said.audit.mac),
        signed=checkpoints.kept(conn, signer) | {said.audit.seq: signer.read(said.audit.checkpoint).root},
        progress=lambda line: told("Checking the audit log", line, said.audit.seq),
    )
    if not verdict.ok:
        return f"its audit log is not whole: {verdict.problem}"
    if verdict.lines != said.audit.seq:
        return f"its audit log ends at line {verdict.lines}, not {said.audit.seq}"
    if missing := set(named(conn)) - {file.id for file in said.files}:
        return f"{len(missing)} files that its rows name are not in it, {min(missing)} for one"
    return None
