"""Retiring old lines of the audit log: sealed, exported, taken out, and the chain still provable from the first line on.

A segment's row keeps the MAC that the next line is chained to, the Merkle tree up to there, and a signed checkpoint of exactly
those lines; its archive is sealed with age to the recovery kit and to this box. Offline only: the append-only triggers are lifted
within one transaction.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pyrage

from esante.kernel import audit_log, checkpoints, clock, files
from esante.kernel.audit_log import Past, Tree
from esante.kernel.checkpoints import Signer
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring
from esante.kernel.witness import Witness

ACTION = "audit.segment_sealed"
MOST_LINES = 100_000
"""Of one segment: so many are held in memory."""
KEPT = "audit_is_kept"
LINES = (
    f"SELECT {audit_log.COLUMNS}, mac FROM audit WHERE seq > ? AND at < ? AND seq < ? ORDER BY seq LIMIT {MOST_LINES}"  # noqa: S608
)


class Segment(msgspec.Struct, frozen=True, rename="camel"):
    """What was retired, and the file that holds it."""

    first: int
    last: int
    archive: str
    sha256: str


def retire(
    database: Path,
    ring: Keyring,
    before: datetime,
    folder: Path,
    by: str,
    now: datetime,
    progress: Callable[[int], None] = lambda line: None,
) -> list[Segment]:
    """Move the lines that are older than `before` into archives in `folder`; nobody else may have the clinic open.

    The newest line that the witness has seen always stays. A log that is not whole is `Broken`, and nothing is moved.
    """
    files.make_folder(folder)
    conn = open_database(database, ring.key("database"), "maintenance")
    try:
        mark = Witness(database.parent, ring.key("audit"), ring.former("audit")).read()
        signer = Signer(ring)
        verdict = audit_log.verify(conn, ring.audit_keys, signed=checkpoints.kept(conn, signer), progress=progress)
        if not verdict.ok:
            raise Broken(f"The audit log is not whole, so nothing of it is retired: {verdict.problem}")
        newest = min(mark.seq if mark else audit_log.head(conn).seq, audit_log.head(conn).seq)
        made = []
        while rows := conn.execute(LINES, (audit_log.retired(conn).seq, clock.text(before), newest)).fetchall():
            made.append(_retire(conn, ring, signer, rows, folder, by, now))
        return made
    finally:
        conn.close()


def check(archive: Path, conn: apsw.Connection, ring: Keyring, identities: list[str]) -> Segment:
    """Open an archive and hold it against its segment's row: hash, chain, and the signed root. `Broken` says what differs."""
    content = archive.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    row: Any = conn.execute("SELECT first, last, mac, note FROM audit_segment WHERE sha256 = ?", (sha256,)).get
    if row is None:
        raise Broken(f"{archive} is not an archive of this clinic's audit log, or was changed")
    first, last, mac, note = row
    try:
        plain = bytes(pyrage.decrypt(content, [pyrage.x25519.Identity.from_str(one) for one in identities]))
    except pyrage.DecryptError:
        raise Broken(f"{archive} does not open with the keys at hand. Use the recovery kit: --kit") from None
    lines = (msgspec.json.decode(line) for line in plain.splitlines())
    rows = ((*line[:-1], bytes.fromhex(line[-1])) for line in lines)
    end = {last: Signer(ring).read(note).root}
    verdict = audit_log.walk(rows, _past_before(conn, first), ring.audit_keys, witness=(last, mac), signed=end)
    if not verdict.ok or verdict.lines != last:
        raise Broken(f"{archive} is not what its segment was signed for: {verdict.problem or 'lines follow its end'}")
    return Segment(first, last, str(archive), sha256)


def _retire(
    conn: apsw.Connection, ring: Keyring, signer: Signer, rows: list[Any], folder: Path, by: str, now: datetime
) -> Segment:
    past = audit_log.retired(conn)
    first, last = int(rows[0][0]), int(rows[-1][0])
    tree = Tree(past.seq, past.peaks)
    tree.extend([row[-1] for row in rows])
    generation = past.generation + sum(row[8] == audit_log.ROTATED and row[12].startswith("audit:") for row in rows)
    plain = b"".join(msgspec.json.encode([*row[:-1], row[-1].hex()]) + b"\n" for row in rows)
    recipients = [pyrage.x25519.Recipient.from_str(one) for one in (ring.drill_recipient, *ring.kit_recipients)]
    content = pyrage.encrypt(plain, recipients)
    archive = folder / f"audit-{first:09}-{last:09}.ndjson.age"
    files.write_whole(archive, content)
    segment = Segment(first, last, archive.name, hashlib.sha256(content).hexdigest())
    guard = conn.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (KEPT,)).get
    with conn:
        conn.execute(
            "INSERT INTO audit_segment (last, first, mac, at, generation, peaks, archive, sha256, note, sealed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                last, first, rows[-1][-1], rows[-1][1], generation, b"".join(tree.peaks), segment.archive, segment.sha256,
                signer.sign(last, tree.root()).note, clock.text(now),
            ),
        )  # fmt: skip
        head = audit_log.head(conn)
        line = (
            by,
            "system",
            None,
            None,
            None,
            None,
            ACTION,
            "critical",
            "done",
            None,
            f"{first}-{last}",
            None,
            None,
            None,
        )
        audit_log.append(conn, ring.key("audit"), head, max(clock.text(now), head.at), [line])
        conn.execute(f"DROP TRIGGER {KEPT}")
        conn.execute("DELETE FROM audit WHERE seq <= ?", (last,))
        conn.execute(str(guard))
    return segment


def _past_before(conn: apsw.Connection, first: int) -> Past:
    """Where the segment that begins with this line was chained to."""
    sql = "SELECT last, mac, at, generation, peaks FROM audit_segment WHERE last < ? ORDER BY last DESC LIMIT 1"
    row: Any = conn.execute(sql, (first,)).get
    return Past(row[0], row[1], row[2], row[3], audit_log.split(row[4])) if row else Past()
