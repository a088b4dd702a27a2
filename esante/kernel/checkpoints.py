"""Signed checkpoints: so that even somebody with every key cannot rewrite yesterday's log unseen.

A checkpoint says how many lines the log had and what the root of their Merkle tree was (RFC 9162; the leaves are the lines' MACs,
which bind them), signed with Ed25519 as a C2SP note. It is kept here, in the manifests of backups, on paper, and by the
clients of staff. Between any two there is a proof that the later log only added to the earlier.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

import apsw
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from esante.kernel import audit_log
from esante.kernel.audit_log import Past, Tree
from esante.kernel.errors import Broken, Invalid
from esante.kernel.keyring import Keyring

ED25519 = b"\x01"
NOTE = re.compile(
    r"(?P<body>(?P<origin>esante/[0-9a-f-]+)\n(?P<size>\d+)\n(?P<root>[A-Za-z0-9+/=]+)\n(?:[^\n]+\n)*)\n— (?P<signed>[^\n]+)\n"
)
MACS = "SELECT mac FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq"


class Checkpoint(msgspec.Struct, frozen=True):
    """The log had `size` lines, under this root, as `note` says and signs."""

    size: int
    root: bytes
    note: str


class Signer:
    """Signs with the clinic's present key, and knows what it signed with the former ones."""

    def __init__(self, ring: Keyring) -> None:
        self.origin = f"esante/{ring.installation_id}"
        seeds = [ring.key("audit-signing"), *ring.former("audit-signing")]
        self._keys = [Ed25519PrivateKey.from_private_bytes(seed) for seed in seeds]

    @property
    def verifier(self) -> str:
        """The public key as C2SP writes it, for whoever checks a checkpoint elsewhere."""
        return f"{self.origin}+{self._hint(self.origin, 0).hex()}+{_text(ED25519 + self._public(0))}"

    def sign(self, size: int, root: bytes) -> Checkpoint:
        body = f"{self.origin}\n{size}\n{_text(root)}\n"
        signature = self._hint(self.origin, 0) + self._keys[0].sign(body.encode())
        return Checkpoint(size, root, f"{body}\n— {self.origin} {_text(signature)}\n")

    def read(self, note: str) -> Checkpoint:
        """The checkpoint, when this clinic signed it, now or before a restore or a rotation; `Invalid` when not."""
        found = NOTE.fullmatch(note)
        if not found:
            raise Invalid("This is not a checkpoint of an esante audit log")
        name, _, encoded = found["signed"].rpartition(" ")
        try:
            signature, root = base64.b64decode(encoded, validate=True), base64.b64decode(found["root"], validate=True)
        except ValueError:
            raise Invalid("This is not a checkpoint of an esante audit log") from None
        for number, key in enumerate(self._keys):
            if name == found["origin"] and signature[:4] == self._hint(name, number):
                try:
                    key.public_key().verify(signature[4:], found["body"].encode())
                except InvalidSignature:
                    break
                return Checkpoint(int(found["size"]), root, note)
        raise Invalid("This checkpoint was not signed by this clinic, or was changed after it was signed")

    def _public(self, number: int) -> bytes:
        return self._keys[number].public_key().public_bytes_raw()

    def _hint(self, name: str, number: int) -> bytes:
        return hashlib.sha256(name.encode() + b"\n" + ED25519 + self._public(number)).digest()[:4]


def notes_in(text: str) -> list[str]:
    """Every checkpoint in a file that may hold several, one after the other."""
    return [found[0] for found in NOTE.finditer(text)]


def newest(conn: apsw.Connection) -> tuple[int, datetime, str] | None:
    """Size, instant and note of the last checkpoint that was kept."""
    row = conn.execute("SELECT size, at, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1").get
    return (row[0], datetime.fromisoformat(row[1]), row[2]) if row else None


def at_or_after(conn: apsw.Connection, size: int) -> str | None:
    """The first kept checkpoint that covers so many lines."""
    return (
        str(found)
        if (
            found := conn.execute(
                "SELECT note FROM audit_checkpoint WHERE size >= ? ORDER BY size LIMIT 1", (size,)
            ).get
        )
        else None
    )


def grown(conn: apsw.Connection) -> Tree:
    """The tree of the whole log: that of the last checkpoint, and the lines since."""
    row = conn.execute("SELECT size, peaks FROM audit_checkpoint ORDER BY size DESC LIMIT 1").get
    past = audit_log.retired(conn)
    tree = Tree(row[0], audit_log.split(row[1])) if row and row[0] >= past.seq else Tree(past.seq, past.peaks)
    tree.extend([mac for (mac,) in conn.execute(MACS, (tree.size, 2**62))])
    return tree


def keep(conn: apsw.Connection, made: Checkpoint, peaks: Sequence[bytes], at: str) -> None:
    """Keep it; one of the same size that is there stays."""
    conn.execute(
        "INSERT INTO audit_checkpoint (size, at, peaks, note) VALUES (?, ?, ?, ?) ON CONFLICT (size) DO NOTHING",
        (made.size, at, b"".join(peaks), made.note),
    )


def kept(conn: apsw.Connection, signer: Signer) -> dict[int, bytes]:
    """Size and root of every checkpoint and retired segment; `Broken` names one that the clinic did not sign, or that says
    another size."""
    found = {}
    sql = "SELECT size, note FROM audit_checkpoint UNION ALL SELECT last, note FROM audit_segment ORDER BY 1"
    for size, note in conn.execute(sql):
        try:
            said = signer.read(note)
        except Invalid:
            raise Broken(f"the checkpoint of line {size} was not signed by this clinic") from None
        if said.size != size:
            raise Broken(f"the checkpoint of line {size} was put in the place of that of line {said.size}")
        found[size] = said.root
    return found


def consistency(conn: apsw.Connection, first: int, second: int) -> list[bytes]:
    """The proof that the log of `second` lines begins with the log of `first` (RFC 9162, 2.1.4); empty when they are the same.

    Reads the MACs of the lines once. `Invalid` unless 1 <= first <= second <= the log's length, or when the proof would need
    lines that were retired.
    """
    past = audit_log.retired(conn)
    if not 1 <= first <= second <= audit_log.head(conn).seq:
        raise Invalid("A proof is between two sizes of the log, the smaller one first")
    ranges = _subproof(first, 0, second, whole=True)
    found = {}
    for low, high in ranges:
        tree = _frontier(past, low, high)
        if low + tree.size > high:
            raise Invalid("Lines up to {last} were retired: a proof from there needs a later checkpoint", last=past.seq)
        tree.extend([mac for (mac,) in conn.execute(MACS, (low + tree.size, high))])
        found[low, high] = tree.root()
    return [found[one] for one in ranges]


def is_consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """What a client does with the proof (RFC 9162, 2.1.4.2): does the second tree begin with the first?"""
    if first == second:
        return first_root == second_root and not proof
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    number, last = first - 1, second - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    if not path:
        return False
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = _joined(node, old), _joined(node, new)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            new = _joined(new, node)
        number, last = number >> 1, last >> 1
    return last == 0 and (old, new) == (first_root, second_root)


def _subproof(first: int, low: int, high: int, *, whole: bool) -> list[tuple[int, int]]:
    """The ranges of lines whose roots the proof consists of."""
    size = high - low
    if first == size:
        return [] if whole else [(low, high)]
    left = 1 << (size - 1).bit_length() - 1
    if first <= left:
        return [*_subproof(first, low, low + left, whole=whole), (low + left, high)]
    return [*_subproof(first - left, low + left, high, whole=False), (low, low + left)]


def _frontier(past: Past, low: int, high: int) -> Tree:
    """The tree of those lines from `low` up to `high` that are retired; empty when none is. Subtrees begin where ranges do."""
    start, peaks = 0, list[bytes]()
    for peak in past.peaks:
        size = 1 << (past.seq - start).bit_length() - 1
        if low <= start < high:
            peaks.append(peak)
        start += size
        if start >= high:
            break
    return Tree(min(start, past.seq) - low, peaks) if peaks else Tree()


def _joined(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
