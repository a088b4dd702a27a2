"""The audit log: append-only, chained, keyed.

Line n carries MAC(n) = HMAC-SHA-256(audit key, MAC(n-1) ‖ msgpack(row n)). Without the key nobody can write a line that
fits, change one, take one out or swap two; that the end was not cut off is what the witness tells (`witness`).
"""

import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import apsw
import msgspec

Outcome = Literal["done", "refused", "failed"]

Line = tuple[
    str,  # actor
    str,  # role
    str | None,  # on behalf of
    str | None,  # session
    str | None,  # address
    str | None,  # request id
    str,  # action
    str,  # severity
    str,  # outcome
    str | None,  # patient
    str | None,  # subject
    str | None,  # reason
    str | None,  # purpose
    str | None,  # detail, JSON
]

COLUMNS = (
    "seq, at, actor, role, on_behalf_of, session_id, address, request_id, action, severity, outcome, patient_id,"
    " subject, reason, purpose, detail"
)
INSERT = f"INSERT INTO audit ({COLUMNS}, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
SELECT = f"SELECT {COLUMNS}, mac FROM audit ORDER BY seq"  # noqa: S608
GENESIS = bytes(32)

_encode = msgspec.msgpack.Encoder().encode


class Head(msgspec.Struct, frozen=True):
    """The last line of the chain: its number, its MAC, its instant as text."""

    seq: int = 0
    mac: bytes = GENESIS
    at: str = ""


class Verdict(msgspec.Struct, frozen=True, rename="camel"):
    """What a verification found. `first_bad` is the first line that is wrong or missing; None when the log is whole."""

    lines: int
    ok: bool
    first_bad: int | None = None
    problem: str | None = None


def head(conn: apsw.Connection) -> Head:
    row: Any = conn.execute("SELECT seq, mac, at FROM audit ORDER BY seq DESC LIMIT 1").get
    return Head(*row) if row else Head()


def append(conn: apsw.Connection, key: bytes, last: Head, at: str, lines: Iterable[Line]) -> Head:
    """Write the lines behind `last`; the new head, which is true only once the transaction has committed."""
    seq, mac = last.seq, last.mac
    rows = []
    for line in lines:
        seq += 1
        row = (seq, at, *line)
        mac = hmac.digest(key, mac + _encode(row), "sha256")
        rows.append((*row, mac))
    if not rows:
        return last
    conn.executemany(INSERT, rows)
    return Head(seq, mac, at)


def verify(
    conn: apsw.Connection,
    keys: Sequence[bytes],
    *,
    witness: tuple[int, bytes] | None = None,
    progress: Callable[[int], None] = lambda line: None,
) -> Verdict:
    """Read the whole chain again. `witness` is (sequence, MAC) of a line that must be there, kept outside the database.
    `keys` are all that the log ever had, oldest first: the line that says that one was rotated is the last under it.

    The first bad line is named: changed, missing, swapped, or written without the key.
    """
    expected, mac, last_at = 0, GENESIS, ""
    seen: bytes | None = None
    following = iter(keys)
    digest, encode, from_key = hmac.digest, _encode, next(following)
    for row in conn.execute(SELECT):
        expected += 1
        if row[0] != expected:
            return Verdict(expected - 1, False, expected, f"line {expected} is missing; line {row[0]} follows instead")
        mac = digest(from_key, mac + encode(row[:-1]), "sha256")
        if mac != row[-1]:
            return Verdict(expected, False, expected, f"line {expected} was changed, or written without the audit key")
        if row[1] < last_at:
            return Verdict(expected, False, expected, f"line {expected} is older than the line before it")
        last_at = row[1]
        if row[8] == "key.rotated" and row[12].startswith("audit:"):
            from_key = next(following, b"")
        if witness and expected == witness[0]:
            seen = mac
        if expected % 10_000 == 0:
            progress(expected)
    progress(expected)
    if witness and witness[0] > expected:
        return Verdict(
            expected, False, expected + 1, f"the log ends at line {expected}, the witness has seen line {witness[0]}"
        )
    if witness and witness[0] and seen != witness[1]:
        return Verdict(expected, False, witness[0], f"line {witness[0]} is not the one that the witness has seen")
    return Verdict(expected, True)
