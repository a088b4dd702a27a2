"""The three ways into an archive: the clinic that made it, its key file, its recovery kit."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from esante.kernel import files, keyring, slots
from esante.kernel.backup.shelf import KEYRING, Shelf
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring


class Opening(msgspec.Struct, frozen=True):
    """What unseals an archive, and what then unlocks the keyring in it."""

    identities: list[str]
    unlock: Callable[[Path], Keyring]


def by_clinic(keys: Keyring) -> Opening:
    """The clinic itself: by its drill key."""
    return Opening(keys.drill_identities(), lambda folder: keyring.unlock_with_key(folder, keys.encryption_key))


def by_kit(typed: str) -> Opening:
    """A recovery kit: its words or its identity, as typed. `Broken` says what is wrong with what was typed."""
    identity = slots.kit_from(typed).identity
    return Opening([identity], lambda folder: keyring.unlock_with_identity(folder, identity))


def by_key_file(shelf: Shelf, key_file: Path, scratch: Path) -> Opening:
    """The clinic's key file. It opens the keyring that lies on the shelf, and that holds the drill key."""
    if KEYRING not in shelf.sizes():
        raise Broken(
            f"There is no keyring in {shelf.where}, so a key file does not open it. Use the recovery kit: --kit"
        )
    with shelf.open(KEYRING) as source:
        files.write_whole(scratch / KEYRING, source.read())
    keys = keyring.unlock(scratch, key_file)
    return Opening(keys.drill_identities(), lambda folder: keyring.unlock(folder, key_file))


def without_passphrases(folder: Path, keys: Keyring) -> bytes:
    """The wrapped keyring for the shelf. A passphrase slot stays at home: off the box it could be guessed at leisure."""
    ring = keyring.read(folder)
    kept = [slot for slot in ring.slots if not isinstance(slot, slots.PassphraseSlot)]
    return msgspec.json.encode(msgspec.structs.replace(ring, slots=kept).sealed(keys.encryption_key))
