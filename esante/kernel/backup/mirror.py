"""A second and a third place: what the first shelf holds is put on the others, files first, so an archive is never without them."""

import hashlib
from typing import BinaryIO, cast

from esante.kernel.backup import archive, check, pace, shelf
from esante.kernel.backup.opening import Opening
from esante.kernel.backup.pace import Told
from esante.kernel.backup.shelf import ARCHIVE, CONTENT, KEYRING, PROOF, SEGMENTS, Folder, Shelf
from esante.kernel.errors import Broken


class Hashed:
    """A stream that remembers the hash of what was read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._hash.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def copy(home: Folder, other: Shelf, name: str, opening: Opening, told: Told = pace.nobody) -> None:
    """Put one proven backup on another shelf. `Broken` says what is missing or damaged here, or unreachable there."""
    proof = shelf.proof_of(home, name)
    if proof is None:
        raise Broken(
            f"{name} is not proven, so it is not copied to {other.where}. Prove it: esante backup drill {name}"
        )
    with home.open(name + ARCHIVE) as sealed:
        said, _ = archive.manifest_of(sealed, opening.identities, f"{home.where}/{name}{ARCHIVE}")
    there = other.sizes(CONTENT)
    wanted = {file.sha256: file.size for file in said.files}
    new = [sha for sha, size in wanted.items() if there.get(shelf.content_key(sha)) != size]
    for number, sha256 in enumerate(new, 1):
        if _put(home, other, shelf.content_key(sha256)) != sha256:
            other.remove(shelf.content_key(sha256))
            raise check.damaged(home, name, sha256)
        told(f"Copying files to {other.where}", number, len(new))
    told(f"Copying the archive to {other.where}", 0, 1)
    if _put(home, other, name + ARCHIVE) != proof.sha256:
        other.remove(name + ARCHIVE)
        raise Broken(f"{home.where}/{name}{ARCHIVE} is not as it was when it was proven: it was not copied")
    for key in (name + PROOF, KEYRING):
        _put(home, other, key)
    for key in home.sizes(SEGMENTS).keys() - other.sizes(SEGMENTS).keys():
        _put(home, other, key)
    told(f"Copying the archive to {other.where}", 1, 1)


def _put(home: Folder, other: Shelf, key: str) -> str:
    with home.open(key) as source:
        hashed = Hashed(source)
        other.put(key, cast(BinaryIO, hashed))
    return hashed.sha256
