"""A backup is proven by restoring it: into a scratch folder, opened, checked, removed."""

from datetime import datetime
from pathlib import Path

import msgspec

from esante.kernel import files
from esante.kernel.backup import archive, check, manifest, pace, shelf
from esante.kernel.backup.check import NamedFiles
from esante.kernel.backup.manifest import Manifest
from esante.kernel.backup.opening import Opening
from esante.kernel.backup.pace import Told
from esante.kernel.backup.shelf import Folder, Proof, Shelf
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring


def examine(
    place: Shelf, name: str, opening: Opening, scratch: Path, named: NamedFiles, told: Told = pace.nobody
) -> Manifest:
    """Restore the database into the empty folder `scratch` and check everything; the files are read where they lie."""
    _, said = unlocked(place, name, opening, scratch, told)
    keys = opening.unlock(scratch)
    check.database(scratch, keys, said, named, told)
    check.contents(place, said, told)
    return said


def unlocked(
    place: Shelf, name: str, opening: Opening, into: Path, told: Told = pace.nobody
) -> tuple[Keyring, Manifest]:
    """Unpack an archive, unlock its keyring and believe its manifest; `Broken` when any of them is not genuine."""
    where = f"{place.where}/{name}{shelf.ARCHIVE}"
    with place.open(name + shelf.ARCHIVE) as sealed:
        said, signed = archive.unpack(sealed, opening.identities, where, into, told)
    if said.name != name:
        raise Broken(f"{where} is the backup {said.name} under another name. Give it its own name back")
    manifest.refuse_newer(said, where)
    keys = opening.unlock(into)
    signed.refuse_foreign(keys, where)
    return keys, said


def prove(
    place: Folder, name: str, opening: Opening, now: datetime, named: NamedFiles, told: Told = pace.nobody
) -> Proof:
    """A drill. The proof is kept beside the archive; one that fails takes an older proof away."""
    place.remove(name + shelf.PROOF)
    with place.scratch() as scratch:
        examine(place, name, opening, scratch, named, told)
    with place.open(name + shelf.ARCHIVE) as sealed:
        size, sha256 = pace.digest(sealed)
    proof = Proof(now, size, sha256)
    files.write_whole(place.path / f"{name}{shelf.PROOF}", msgspec.json.encode(proof))
    return proof
