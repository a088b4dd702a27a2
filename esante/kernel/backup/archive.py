"""One archive: a tar of manifest, signature, keyring and database, sealed with age.

Both formats are everybody's: with the recovery kit's identity, `age --decrypt FILE | tar --extract` opens it without esante.
Nothing here is ever held in memory whole but the manifest. What opens comes in pieces that age has verified; whether it is
whole is known only at its end, so nobody may use a piece before `unpack` has returned.
"""

import io
import os
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
import pyrage

from esante.kernel import files
from esante.kernel.backup import pace
from esante.kernel.backup.manifest import Manifest, Piece, Signed
from esante.kernel.backup.pace import PacedFile, Told
from esante.kernel.connection import DATABASE
from esante.kernel.errors import Broken

MEMBERS = ("manifest.json", "manifest.sig", "keyring", "box.json", DATABASE)
"""What an archive holds, in this order, and nothing else."""
BOX = ("tls/ca.crt", "tls/ca.key")
"""Files of the data folder that travel in `box.json`: with another authority no device would trust the restored clinic."""
MOST_IN_MEMORY = 256 * 1024 * 1024
BLOCK = tarfile.BLOCKSIZE


class Segments(io.RawIOBase):
    """Bytes and files, one behind the other, as one stream to read."""

    def __init__(self, segments: Sequence[bytes | Path]) -> None:
        super().__init__()
        self._left = list(segments)
        self._open: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        while self._open or self._left:
            if self._open is None:
                following = self._left.pop(0)
                self._open = following.open("rb") if isinstance(following, Path) else io.BytesIO(following)
            piece = self._open.read(len(buffer))
            if piece:
                buffer[: len(piece)] = piece
                return len(piece)
            self._open.close()
            self._open = None
        return 0

    def close(self) -> None:
        if self._open:
            self._open.close()
        super().close()


def box_of(data: Path) -> bytes:
    """The content of `box.json`: those of the box's files that are there."""
    return msgspec.json.encode({name: (data / name).read_bytes() for name in BOX if (data / name).exists()})


def seal(
    into: PacedFile, signed: Signed, keyring: bytes, box: bytes, database: Path, at: int, recipients: Sequence[str]
) -> None:
    """Write the archive. `at` is the members' time, in seconds of the epoch."""
    segments: list[bytes | Path] = []
    contents: tuple[bytes | Path, ...] = (signed.content, signed.signature, keyring, box, database)
    for name, content in zip(MEMBERS, contents, strict=True):
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = size, at, 0o600
        segments += [member.tobuf(tarfile.GNU_FORMAT), content, bytes(-size % BLOCK)]
    with Segments([*segments, bytes(2 * BLOCK)]) as source:
        pyrage.encrypt_io(source, into, [pyrage.x25519.Recipient.from_str(one) for one in recipients])


def manifest_of(sealed: BinaryIO, identities: Sequence[str], where: str) -> tuple[Manifest, Signed]:
    """Only the manifest; the rest is neither read nor checked."""
    with _unsealed(sealed, identities, where) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
        signed = Signed(_small(tar, 0, where), _small(tar, 1, where))
    return signed.read(where), signed


def unpack(
    sealed: BinaryIO, identities: Sequence[str], where: str, into: Path, told: Told = pace.nobody
) -> tuple[Manifest, Signed]:
    """Put keyring, box and database into the folder, synced, and hold each against the manifest.

    `Broken` says what is wrong: another key, damaged or cut short and where, a member that no archive has. The
    signature is the caller's to check, for the key that made it is in the keyring.
    """
    with _unsealed(sealed, identities, where) as plain:
        with tarfile.open(fileobj=plain, mode="r|") as tar:
            signed = Signed(_small(tar, 0, where), _small(tar, 1, where))
            manifest = signed.read(where)
            keyring, box = _small(tar, 2, where), _small(tar, 3, where)
            for content, said, name in ((keyring, manifest.keyring, MEMBERS[2]), (box, manifest.box, MEMBERS[3])):
                _refuse_other(pace.digest(io.BytesIO(content)), said, name, where)
            files.create_whole(into / MEMBERS[2], keyring)
            _open_box(box, into, where)
            with files.create_for_stream(into / DATABASE) as out:
                draft = PacedFile(out)
                member = _member(tar, 4, where)
                if member.size != manifest.database.size:
                    raise _foreign(f"a database of {member.size} bytes", where)
                source = tar.extractfile(member)
                assert source is not None
                while piece := source.read(pace.READ_BYTES):
                    draft.write(piece)
                    told("Unpacking", draft.size, manifest.database.size)
                draft.sync()
            _refuse_other((draft.size, draft.sha256), manifest.database, DATABASE, where)
            if (more := tar.next()) is not None:
                raise _foreign(f"{more.name!r}", where)
        while plain.read(pace.READ_BYTES):  # only its end proves that nothing was cut off
            pass
    return manifest, signed


def _open_box(content: bytes, into: Path, where: str) -> None:
    for name, file in msgspec.json.decode(content, type=dict[str, bytes]).items():
        if name not in BOX:
            raise _foreign(f"{name!r}", where)
        files.make_folder((into / name).parent)
        files.create_whole(into / name, file)


def _small(tar: tarfile.TarFile, number: int, where: str) -> bytes:
    member = _member(tar, number, where)
    if member.size > MOST_IN_MEMORY:
        raise _foreign(f"a {member.name} of {member.size} bytes", where)
    source = tar.extractfile(member)
    assert source is not None
    return source.read()


def _member(tar: tarfile.TarFile, number: int, where: str) -> tarfile.TarInfo:
    member = tar.next()
    if member is None:
        raise _foreign(f"no {MEMBERS[number]}", where)
    if member.name != MEMBERS[number] or not member.isreg():
        raise _foreign(f"{member.name!r} where {MEMBERS[number]} should be", where)
    return member


def _foreign(what: str, where: str) -> Broken:
    return Broken(f"{where} holds {what}: esante did not make it so. Nothing was restored; take another backup")


def _refuse_other(found: tuple[int, str], said: Piece, name: str, where: str) -> None:
    if found != (said.size, said.sha256):
        raise Broken(f"{where}: its {name} is not the one that its manifest names. Nothing was restored")


@contextmanager
def _unsealed(sealed: BinaryIO, identities: Sequence[str], where: str) -> Iterator[BinaryIO]:
    """The plaintext as a stream. age pushes and tar pulls, so a thread and a pipe stand between them."""
    reading, writing = os.pipe()
    passed, failures = 0, list[BaseException]()

    class Source:
        """What cannot be read is told as that, not as damage; and age wants true bytes."""

        def read(self, size: int = -1) -> bytes:
            try:
                return bytes(sealed.read(size))
            except BaseException as error:
                failures.append(error)
                raise

    class Pipe:
        def __init__(self, out: BinaryIO) -> None:
            self.out = out

        def write(self, piece: bytes) -> int:
            nonlocal passed
            passed += len(piece)
            return self.out.write(piece)

        def flush(self) -> None:
            self.out.flush()

    def pump() -> None:
        keys = [pyrage.x25519.Identity.from_str(one) for one in identities]
        try:
            with open(writing, "wb") as out:
                pyrage.decrypt_io(Source(), Pipe(out), keys)
        except BrokenPipeError:
            pass  # the reader had enough
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=pump, name="unseal", daemon=True)
    thread.start()
    torn: Exception | None = None
    try:
        with open(reading, "rb") as plain:
            try:
                yield plain
            except (tarfile.TarError, EOFError) as error:
                torn = error
    finally:
        thread.join()
    if failures:
        raise _explained(failures[0], where, passed) from None
    if torn:
        raise _foreign(f"no tar ({torn})", where)


def _explained(error: BaseException, where: str, passed: int) -> BaseException:
    if isinstance(error, pyrage.DecryptError):
        if "No matching keys" in str(error):
            return Broken(
                f"{where} does not open with this key: it was sealed for another clinic or recovery kit, or its first bytes"
                " are damaged"
            )
        return Broken(f"{where} is damaged in its first bytes ({error}). Take another backup: esante backup list")
    if isinstance(error, OSError) and error.errno is None:  # age's own word for a block that does not verify
        return Broken(
            f"{where} is damaged or cut short: only its first {passed} bytes unseal. Take another backup: esante backup"
            " list"
        )
    return error
