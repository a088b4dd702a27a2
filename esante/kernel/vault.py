"""The file store: sealed as it streams in, unsealed as it streams out; plaintext never touches the disk.

A sealed file is: 16 bytes of salt, then blocks of 256 KiB under AES-256-GCM. The file's key is
derived from the vault key, the file's id and the salt; the nonce is the block's number and whether it is the last; the
associated data is the file's id. So a block that is cut off, moved, repeated or taken from another file does not open.
"""

import asyncio
import hashlib
import hmac
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from esante.kernel import files
from esante.kernel.errors import Broken, NotFound, TooLarge
from esante.kernel.structs import new_id

BLOCK = 256 * 1024
SHOVEL = 8 * BLOCK
"""So much is received before a thread seals it, while the next is on its way."""
TAG = 16
SALT = 16
MOST_BYTES = 50 * 1024 * 1024


class SealedFile(msgspec.Struct, frozen=True):
    """What the vault says of a file that it has taken: size in bytes and SHA-256 of the plaintext."""

    id: str
    size: int
    sha256: str


class Vault:
    """The folder `files`. File first, row second; deletion the other way round."""

    def __init__(
        self,
        folder: Path,
        key: bytes,
        former: Sequence[bytes] = (),
        refuse_uploads: Callable[[], None] = lambda: None,
    ) -> None:
        """`former`: the keys that were rotated; what they sealed still opens. `refuse_uploads` raises when there is no room."""
        self.folder, self._keys, self._refuse_uploads = folder, (key, *former), refuse_uploads

    async def save(self, chunks: AsyncIterable[bytes], most: int = MOST_BYTES) -> SealedFile:
        """Seal the stream; return when it is whole and durable. More than `most` bytes is `TooLarge`, and nothing stays."""
        self._refuse_uploads()
        id = new_id()
        path = self._path(id)
        await asyncio.to_thread(files.make_folder, path.parent)
        draft = path.with_suffix(".part")
        salt = os.urandom(SALT)
        cipher, pending, size = _cipher(self._keys[0], id, salt), bytearray(), 0
        try:
            with await asyncio.to_thread(files.create_for_stream, draft) as out:
                out.write(salt)
                async with _Sealing(out, cipher, id) as sealing:
                    async for chunk in chunks:
                        size += len(chunk)
                        if size > most:
                            raise TooLarge("The file is larger than {most} bytes", most=most)
                        pending += chunk
                        if len(pending) > SHOVEL:
                            rest = pending[(len(pending) - 1) // BLOCK * BLOCK :]
                            del pending[-len(rest) :]
                            await sealing.take(pending)
                            pending = rest
                    await sealing.take(pending, last=True)
            await asyncio.to_thread(files.settle, draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return SealedFile(id, size, sealing.digest.hexdigest())

    async def open(self, id: str) -> AsyncIterator[bytes]:
        """The plaintext, block by block. Nothing of a damaged block is given: `Broken` names the file."""
        try:
            sealed = await asyncio.to_thread(self._path(id).open, "rb")
        except FileNotFoundError:
            raise NotFound("This file is not in the store") from None
        with sealed:
            salt = sealed.read(SALT)
            number, block = 0, await asyncio.to_thread(sealed.read, BLOCK + TAG)
            cipher = self._cipher_of(id, salt, block)
            while True:
                following = await asyncio.to_thread(sealed.read, BLOCK + TAG)
                try:
                    yield cipher.decrypt(_nonce(number, last=not following), block, id.encode())
                except InvalidTag:
                    raise Broken(f"The sealed file {id} is damaged at block {number}; restore it") from None
                if not following:
                    return
                number, block = number + 1, following

    def remove(self, id: str) -> None:
        """Take the file away; gone already is fine. Its row must be gone first.

        While a backup is made it stays, for the backup may hold the row; the nightly sweep takes it.
        """
        path = self._path(id)
        with suppress(FileNotFoundError, files.InUse), files.locked(lock_of(self.folder), "", shared=True):
            path.unlink()

    def older_than(self, seconds: float, now: float) -> list[str]:
        """The ids of the files that were sealed so long before `now` (seconds of the epoch)."""
        return [path.name for path in sealed_files(self.folder) if path.stat().st_mtime < now - seconds]

    def remove_drafts(self, seconds: float, now: float) -> None:
        """Take away what a crash left half written so long before `now`."""
        for path in self.folder.glob("??/*.part"):
            if path.stat().st_mtime < now - seconds:
                path.unlink(missing_ok=True)

    def _cipher_of(self, id: str, salt: bytes, first: bytes) -> AESGCM:
        """The cipher under the key that sealed this file; the present one when none did, so that the damage is told."""
        ciphers = [_cipher(key, id, salt) for key in self._keys]
        return next((one for one in ciphers if len(ciphers) > 1 and _opens(one, id, first)), ciphers[0])

    def _path(self, id: str) -> Path:
        if not is_id(id):
            raise NotFound("This file is not in the store")
        return place_of(self.folder, id)


def is_id(name: str) -> bool:
    return len(name) == 36 and set(name) <= set("0123456789abcdef-")


def place_of(folder: Path, id: str) -> Path:
    """Where a file lies in the vault's folder."""
    return folder / id[-2:] / id


def sealed_files(folder: Path) -> Iterator[Path]:
    """Every whole file; drafts are not among them."""
    return (path for path in folder.glob("??/*") if is_id(path.name))


def lock_of(folder: Path) -> Path:
    """Who holds it alone keeps every file in place; who removes one shares it for that moment."""
    return folder.with_name(f"{folder.name}.lock")


class _Sealing:
    """Seals and writes in a thread what it was given, and counts its digest in another, while the next is being received; at
    its end all is synced.

    Who is cancelled meanwhile goes on only when the thread is done, or the file would be closed under its hands.
    """

    def __init__(self, out: FileIO, cipher: AESGCM, id: str) -> None:
        self._out, self._cipher, self._id, self._number = out, cipher, id, 0
        # A new one for each block would cost more than the cipher.
        self._buffer = memoryview(bytearray(SHOVEL // BLOCK * (BLOCK + TAG)))
        self._task: asyncio.Future[Any] | None = None
        self.digest = hashlib.sha256()
        """Of the plain content."""

    async def __aenter__(self) -> "_Sealing":
        return self

    async def take(self, content: bytearray, *, last: bool = False) -> None:
        """Whole blocks, and with `last` what is left; waits for what was taken before."""
        await self._settled()
        self._task = asyncio.gather(
            asyncio.to_thread(self._seal, content, last=last), asyncio.to_thread(self.digest.update, content)
        )

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            await self._settled()
        elif self._task:
            await asyncio.wait([self._task])

    async def _settled(self) -> None:
        if self._task:
            try:
                await asyncio.shield(self._task)
            except asyncio.CancelledError:
                await asyncio.wait([self._task])
                raise

    def _seal(self, content: bytearray, *, last: bool) -> None:
        """Each piece goes on its way to the disk at once, so that little is left for the sync at the end."""
        view = memoryview(content)
        for at in range(0, max(len(view), 1), SHOVEL):
            self._write(view[at : at + SHOVEL], last=last and at + SHOVEL >= len(view))
        if last:
            os.fsync(self._out.fileno())

    def _write(self, piece: memoryview, *, last: bool) -> None:
        """In one call: after each call this thread waits for its turn again."""
        size = 0
        for at in range(0, max(len(piece), 1), BLOCK):
            block = piece[at : at + BLOCK]
            nonce = _nonce(self._number, last and at + BLOCK >= len(piece))
            sealed = self._buffer[size : size + len(block) + TAG]
            self._cipher.encrypt_into(nonce, block, self._id.encode(), sealed)
            size += len(sealed)
            self._number += 1
        left = self._buffer[:size]
        while left:  # an unbuffered write may take less than it was given
            left = left[self._out.write(left) :]
        with suppress(OSError):
            os.posix_fadvise(self._out.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _cipher(key: bytes, id: str, salt: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, b"esante file\0" + salt + id.encode(), "sha256"))


def _opens(cipher: AESGCM, id: str, first: bytes) -> bool:
    for last in (True, False):
        with suppress(InvalidTag):
            cipher.decrypt(_nonce(0, last), first, id.encode())
            return True
    return False


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
