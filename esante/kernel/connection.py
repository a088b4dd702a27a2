"""Opening the encrypted file: one recipe, read back and asserted."""

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

import apsw

from esante.kernel import rows
from esante.kernel.errors import Broken

DATABASE = "esante.db"
"""The name of the file, in the data folder and in a backup."""
APPLICATION_ID = 0x65534E54  # "eSNT"
CACHE_KIB = {"writer": 65_536, "reader": 65_536, "slow-reader": 16_384, "checkpointer": 1_024, "maintenance": 65_536}
"""Decryption is free while pages are cached, so those who answer people have room."""
BUSY_MS = 5_000
CIPHERS = ("aegis", "chacha20")
"""AEGIS-256 for new files: with the processor's AES instructions a page costs next to nothing. ChaCha20-Poly1305 where there
are none, and for files that were made with it: a file keeps its cipher."""
OLDEST_SQLITE = (3, 51, 3)
"""Older ones can lose committed pages when a checkpoint races a reset of the write-ahead log."""

Kind = Literal["writer", "reader", "slow-reader", "checkpointer", "maintenance"]

_DENIED = {
    apsw.SQLITE_ALTER_TABLE,
    apsw.SQLITE_ATTACH,
    apsw.SQLITE_DETACH,
    apsw.SQLITE_CREATE_INDEX,
    apsw.SQLITE_CREATE_TABLE,
    apsw.SQLITE_CREATE_TEMP_TRIGGER,
    apsw.SQLITE_CREATE_TRIGGER,
    apsw.SQLITE_CREATE_VIEW,
    apsw.SQLITE_CREATE_VTABLE,
    apsw.SQLITE_DROP_INDEX,
    apsw.SQLITE_DROP_TABLE,
    apsw.SQLITE_DROP_TRIGGER,
    apsw.SQLITE_DROP_VIEW,
    apsw.SQLITE_DROP_VTABLE,
}

_PRAGMAS = {
    "foreign_key_check",
    "foreign_key_list",
    "integrity_check",
    "max_page_count",
    "quick_check",
    "table_info",
    "table_xinfo",
}
"""Those that may be given a value at run time: none of them switches a guard off."""


def open_database(path: Path, key: bytes, kind: Kind) -> apsw.Connection:
    """Open `path` with its 256-bit key, in write-ahead mode, fully synced, with the schema's guards on.

    `maintenance` opens without the authorizer and may create the file; migrations and backups use it, nobody else.
    Refuses (`Broken`): a wrong key, a plain database, somebody else's file, an SQLite that is too old, a missing cipher.
    """
    check_library()
    if kind != "maintenance" and not path.exists():
        raise Broken(f"There is no clinic at {path.parent}. Make one: esante init --data {path.parent}")
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX
    if kind == "maintenance" and not path.exists():
        _make(path)
    conn = apsw.Connection(str(path), flags=flags, statementcachesize=1024)
    try:
        _unlock(conn, path, key, fresh=kind == "maintenance")
        _settle(conn, kind)
    except BaseException:
        conn.close()
        raise
    return conn


def open_copy(path: Path, key: bytes, source: apsw.Connection | None = None) -> apsw.Connection:
    """An unsynced copy; whoever copies syncs it. A new, empty one is for the pages of `source`: of its cipher, or they
    would not fit."""
    if not path.exists():
        _make(path)
    conn = apsw.Connection(str(path))
    try:
        if not _decrypt(conn, key, ciphers() if source is None else (cipher_of(source),)):
            raise Broken(f"{path} does not open with this key")
        _pragma(conn, "synchronous", "OFF")
    except BaseException:
        conn.close()
        raise
    return conn


def _make(path: Path) -> None:
    """An empty file for its owner only; its write-ahead log gets the same rights."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def does_open(path: Path, key: bytes) -> bool:
    """Whether this is the file's key. Anything else that is wrong with the file is raised as `Broken`."""
    conn = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return _decrypt(conn, key, CIPHERS)
    except apsw.Error as error:
        raise Broken(f"{path} cannot be read: {error}") from None
    finally:
        conn.close()


def ciphers() -> tuple[str, ...]:
    """The one for a new file first."""
    return CIPHERS if has_aes() else CIPHERS[::-1]


@cache
def has_aes(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor says that it has instructions for AES; yes where nothing says what it has."""
    try:
        said = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", said, re.M)
    return found is None or "aes" in found[1].split()


def cipher_of(conn: apsw.Connection) -> str:
    """What its pages are encrypted with."""
    return str(_pragma(conn, "cipher"))


def _decrypt(conn: apsw.Connection, key: bytes, by: Iterable[str]) -> bool:
    """Whether one of these ciphers opens the file with this key; an empty file takes the first."""
    for cipher in by:
        _pragma(conn, "cipher", f"'{cipher}'")
        _pragma(conn, "key", f"'raw:{key.hex()}'")
        try:
            _pragma(conn, "user_version")
        except apsw.NotADBError:
            continue
        return True
    return False


def check_library() -> None:
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < OLDEST_SQLITE:
        raise Broken(f"SQLite {apsw.sqlite_lib_version()} can lose data; esante needs 3.51.3 or newer")


def is_full(error: Exception) -> bool:
    """No room on the disk: nothing was written, and the file is as it was."""
    return isinstance(error, apsw.FullError) or getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE


def _unlock(conn: apsw.Connection, path: Path, key: bytes, *, fresh: bool) -> None:
    conn.convert_binding = rows.bind
    try:
        if not _decrypt(conn, key, ciphers()):
            raise Broken(
                f"{path} does not open with this key: it is another clinic's key, the file is not an esante database, or its"
                " first page is damaged"
            )
        owner = _pragma(conn, "application_id")
    except apsw.CorruptError as error:
        raise Broken(
            f"{path} or its write-ahead log is damaged ({error}). Move the folder away and restore a backup; nothing was"
            " changed"
        ) from None
    if owner == 0 and fresh:
        _pragma(conn, "application_id", str(APPLICATION_ID))
    elif owner != APPLICATION_ID:
        raise Broken(f"{path} is not an esante database")


def _settle(conn: apsw.Connection, kind: Kind) -> None:
    conn.set_busy_timeout(BUSY_MS)
    if _pragma(conn, "journal_mode") != "wal":
        _pragma(conn, "journal_mode", "wal")
    for name, value in (
        ("synchronous", "FULL"),
        ("foreign_keys", "ON"),
        ("recursive_triggers", "ON"),
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
        ("temp_store", "MEMORY"),
        ("cache_size", str(-CACHE_KIB[kind])),
        ("wal_autocheckpoint", "0"),
    ):
        _pragma(conn, name, value)
    if kind in ("reader", "slow-reader"):
        _pragma(conn, "query_only", "ON")
    conn.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    # Without this guarantee a statement whose plan compared two parameters is prepared afresh at every run: measured at
    # 50 of the 170 µs of an audited read.
    conn.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for limit, most in (
        (apsw.SQLITE_LIMIT_ATTACHED, 0),
        (apsw.SQLITE_LIMIT_SQL_LENGTH, 100_000),
        (apsw.SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024),
        (apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (apsw.SQLITE_LIMIT_EXPR_DEPTH, 200),
    ):
        conn.limit(limit, most)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "wal_autocheckpoint": 0,
        "query_only": int(kind in ("reader", "slow-reader")),
    }
    for name, wanted in expected.items():
        if (found := _pragma(conn, name)) != wanted:
            raise Broken(f"The database would not take {name}={wanted} (it says {found}); nothing was changed")
    if cipher_of(conn) not in CIPHERS:
        raise Broken("The database would not be encrypted; nothing was changed")
    if kind != "maintenance":
        conn.authorizer = _authorize


def _pragma(conn: apsw.Connection, name: str, value: str | None = None) -> object:
    """One a call, drained: a string of several stops at the first that returns a row."""
    sql = f"PRAGMA {name}" if value is None else f"PRAGMA {name} = {value}"
    found = conn.execute(sql, can_cache=False).fetchall()
    return found[0][0] if found else None


def _authorize(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    """At run time nobody changes the schema, switches a guard off, or changes or removes an audit line."""
    if action in _DENIED and (database != "temp" or action == apsw.SQLITE_CREATE_TEMP_TRIGGER):
        return apsw.SQLITE_DENY
    if action in (apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE) and first in ("audit", "audit_checkpoint", "audit_segment"):
        return apsw.SQLITE_DENY
    if action == apsw.SQLITE_PRAGMA and second is not None and first not in _PRAGMAS:
        return apsw.SQLITE_DENY
    return apsw.SQLITE_OK
