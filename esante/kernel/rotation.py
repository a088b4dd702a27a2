"""Putting another key in the place of one: offline, because a running server holds its keys in memory.

A rotation is: keep the coming key in the keyring; do what must be done with it, and write the audit line; promote the key. Whatever
instant the power fails at, `settle` at the next start either finishes it or forgets it.
"""

from datetime import datetime
from pathlib import Path

from esante.kernel import audit_log, clock, keyring, switching
from esante.kernel.connection import does_open, open_copy, open_database
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring, Purpose


def rotate(database: Path, ring: Keyring, purpose: Purpose, by: str, now: datetime) -> Keyring:
    """Give `purpose` a fresh key; the keyring as it is after it. Nobody else may have the clinic open.

    What the former key sealed still opens: former keys are kept. `database` writes the whole file anew beside the old one and
    needs that much room; `sessions` ends access tokens, which apps renew by themselves; `links` voids every
    link, code, invitation, calendar address and session, of apps when their access token ends.
    """
    folder = database.parent
    ring = keyring.begin_rotation(folder, ring, purpose)
    coming = ring.coming[purpose]
    if purpose == "database":
        draft = switching.copied(database, ring.key("database"))
        _under(coming, draft, ring.key("database"))
        _note(draft, coming, ring, purpose, by, now)
        switching.switch(draft, database)
    else:
        _note(database, ring.key("database"), ring, purpose, by, now)
    return keyring.finish_rotation(folder, ring, purpose)


def settle(database: Path, ring: Keyring) -> Keyring:
    """Finish what an interrupted rotation had done, forget what it had only begun. Nobody else may have the clinic open."""
    switching.sweep(switching.draft_of(database))
    for purpose, coming in ring.coming.items():
        assert purpose in keyring.PURPOSES
        if purpose == "database":
            took_place = not does_open(database, ring.key("database")) and does_open(database, coming)
        else:
            took_place = _is_noted(database, ring.key("database"), purpose, coming)
        change = keyring.finish_rotation if took_place else keyring.drop_rotation
        ring = change(database.parent, ring, purpose)
    return ring


def _note(database: Path, key: bytes, ring: Keyring, purpose: Purpose, by: str, now: datetime) -> None:
    """One line of the log, in a transaction of its own. It is still chained with the former audit key; those after it are not."""
    conn = open_database(database, key, "maintenance")
    try:
        with conn:
            last = audit_log.head(conn)
            subject = f"{purpose}:{keyring.fingerprint(ring.coming[purpose])}"
            line = (
                by,
                "system",
                None,
                None,
                None,
                None,
                audit_log.ROTATED,
                "critical",
                "done",
                None,
                subject,
                None,
                None,
                None,
            )
            audit_log.append(conn, ring.key("audit"), last, max(clock.text(now), last.at), [line])
    finally:
        conn.close()


def _is_noted(database: Path, key: bytes, purpose: Purpose, coming: bytes) -> bool:
    conn = open_database(database, key, "reader")
    try:
        subject = f"{purpose}:{keyring.fingerprint(coming)}"
        sql = "SELECT 1 FROM audit WHERE action = ? AND subject = ? AND severity = 'critical'"
        return conn.execute(sql, (audit_log.ROTATED, subject)).get is not None
    finally:
        conn.close()


def _under(coming: bytes, draft: Path, key: bytes) -> None:
    """Encrypt the copy with the coming key."""
    conn = open_copy(draft, key)
    try:
        conn.execute("PRAGMA journal_mode = delete").fetchall()
        conn.execute(f"PRAGMA rekey = 'raw:{coming.hex()}'").fetchall()
        found = conn.execute("PRAGMA quick_check(1)").fetchall()
        if found != [("ok",)]:
            raise Broken(f"The copy under the new key is not whole ({found[0][0]}); the clinic keeps its old key")
    finally:
        conn.close()
