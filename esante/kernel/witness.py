"""The witness: a small file outside the database that remembers how far the audit log had come.

A write-ahead log that was cut short loses committed lines silently; the database then looks whole. The witness knows
better. It is written at most once a second after a commit, and at stop, and only moves forward.
"""

import hmac
from collections.abc import Iterable
from pathlib import Path

import apsw
import msgspec

from esante.kernel import files
from esante.kernel.audit_log import Head
from esante.kernel.audit_log import head as newest_head
from esante.kernel.errors import Broken


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The last line seen, sealed with the audit key so that it cannot be forged."""

    seq: int
    mac: bytes
    at: str
    seal: bytes = b""

    def sealed(self, key: bytes) -> "Mark":
        return msgspec.structs.replace(self, seal=self._seal(key))

    def is_genuine(self, keys: Iterable[bytes]) -> bool:
        return any(hmac.compare_digest(self.seal, self._seal(key)) for key in keys)

    def _seal(self, key: bytes) -> bytes:
        return hmac.digest(key, b"esante witness" + msgspec.msgpack.encode((self.seq, self.mac, self.at)), "sha256")


class Witness:
    """The file `witness` in the data folder. `read` and `advance` may be called by any process, any thread."""

    def __init__(self, folder: Path, key: bytes, former: Iterable[bytes] = ()) -> None:
        """`former`: the audit keys that were rotated; a mark that one of them sealed is genuine."""
        self.path, self._lock, self._key = folder / "witness", folder / "witness.lock", key
        self._genuine = (key, *former)

    def read(self) -> Mark | None:
        """The mark, or None when there is none yet. A mark that was tampered with is `Broken`."""
        try:
            mark = msgspec.json.decode(self.path.read_bytes(), type=Mark)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            raise Broken(f"{self.path} is not readable; restore it, or the clinic, from a backup") from None
        if not mark.is_genuine(self._genuine):
            raise Broken(f"{self.path} was not written by this clinic; restore it, or the clinic, from a backup")
        return mark

    def advance(self, head: Head) -> None:
        """Remember this head, unless the file already remembers a later one."""
        with files.locked(self._lock, "witness", wait=True):
            mark = self.read()
            if mark is None or mark.seq < head.seq:
                self._write(head)

    def set_back(self, head: Head) -> None:
        """Take the present end of the log for true; only `esante db accept-loss` may do this, and it is audited."""
        with files.locked(self._lock, "witness", wait=True):
            self._write(head)

    def _write(self, head: Head) -> None:
        mark = Mark(seq=head.seq, mac=head.mac, at=head.at).sealed(self._key)
        files.write_whole(self.path, msgspec.json.encode(mark))


def gap_message(conn: apsw.Connection, witness: Witness, head: Head) -> str | None:
    """What is missing against the witness, and the two ways out; None when nothing is."""
    mark = witness.read()
    if mark is None or mark.seq == 0:
        return None
    ways = "Restore a backup, or accept the loss with: esante db accept-loss --reason TEXT"
    if head.seq < mark.seq:
        head = newest_head(conn)  # another process may have written line and witness since `head` was read
    if head.seq < mark.seq:
        return (
            f"audit lines {head.seq + 1} to {mark.seq} are missing ({mark.seq - head.seq} lines, the last of {mark.at}):"
            f" committed data was lost, by damage to the write-ahead log or an old copy of the file. {ways}"
        )
    found = conn.execute("SELECT mac FROM audit WHERE seq = ?", (mark.seq,)).get
    if found != mark.mac:
        return f"audit line {mark.seq} is not the one that was written on {mark.at}: the history was replaced. {ways}"
    return None
