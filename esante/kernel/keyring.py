"""The keys: one key-encryption key wraps a small key for each purpose; a slot unlocks it (`slots`).

`data/keyring` holds only wrapped keys, and a seal over all of it, so that nobody without a key can add a slot or a recovery
kit of his own. No default secret exists anywhere; every key is random and made at `esante init`. A key that was rotated stays,
wrapped, among the former ones: what it sealed or chained must still open.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from esante.kernel import clock, files, slots
from esante.kernel.errors import Broken
from esante.kernel.slots import KeyFileSlot, Kit, KitSlot, PassphraseSlot, Slot, Wrapped, unwrap, wrap
from esante.kernel.structs import new_id

Purpose = Literal["database", "files", "audit", "audit-signing", "sessions", "links", "backup-drill"]
PURPOSES: tuple[Purpose, ...] = ("database", "files", "audit", "audit-signing", "sessions", "links", "backup-drill")

KEY_BYTES = slots.KEY_BYTES
new_key_file = slots.new_key_file

HANDED_OVER = "ESANTE_KEY_FD"


class KeyringFile(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What `data/keyring` holds. `former`: rotated keys, oldest first; `coming`: the key of a rotation that is not finished."""

    installation_id: str
    slots: list[Slot]
    keys: dict[str, Wrapped]
    former: dict[str, list[Wrapped]] = {}
    coming: dict[str, Wrapped] = {}
    seal: bytes = b""
    format: Literal[2] = 2

    def sealed(self, encryption_key: bytes) -> "KeyringFile":
        return msgspec.structs.replace(self, seal=self.seal_under(encryption_key))

    def seal_under(self, encryption_key: bytes) -> bytes:
        content = msgspec.json.encode(msgspec.structs.replace(self, seal=b""))
        return hmac.digest(encryption_key, b"esante keyring\0" + content, "sha256")


class Keyring:
    """The clinic's keys, unlocked."""

    def __init__(
        self,
        installation_id: str,
        keys: dict[str, bytes],
        *,
        former: dict[str, list[bytes]] | None = None,
        coming: dict[str, bytes] | None = None,
        slots: tuple[Slot, ...] = (),
        encryption_key: bytes = b"",
    ) -> None:
        self.installation_id, self._keys, self._former = installation_id, keys, former or {}
        self.coming, self.slots, self.encryption_key = coming or {}, slots, encryption_key

    def key(self, purpose: Purpose) -> bytes:
        """The 256-bit key of this purpose that is in force."""
        return self._keys[purpose]

    def former(self, purpose: Purpose) -> list[bytes]:
        """The keys that this purpose had before, oldest first."""
        return self._former.get(purpose, [])

    @property
    def audit_keys(self) -> list[bytes]:
        """All that the log was ever chained with, oldest first."""
        return [*self.former("audit"), self.key("audit")]

    @property
    def kits(self) -> list[KitSlot]:
        return [slot for slot in self.slots if isinstance(slot, KitSlot)]

    @property
    def kit_recipients(self) -> list[str]:
        """Whom backups are sealed to, beside the drill."""
        return [kit.recipient for kit in self.kits]

    def drill_identities(self) -> list[str]:
        """The age identities that open backups on this box: the present one first."""
        return [slots.identity_of(key) for key in (self.key("backup-drill"), *reversed(self.former("backup-drill")))]

    @property
    def drill_recipient(self) -> str:
        return slots.recipient_of(slots.identity_of(self.key("backup-drill")))

    def __repr__(self) -> str:
        return f"Keyring({self.installation_id})"


def create(folder: Path, key_file: Path | None, *, passphrase: str | None = None) -> Keyring:
    """Make a keyring in the data folder, opened by a key file, a passphrase, or both; at least one must be given.

    An existing key file is used, a missing one is made; an existing keyring is `Broken`.
    """
    path = folder / "keyring"
    if path.exists():
        raise Broken(f"{path} exists already; a clinic's keys are made once")
    encryption_key, now, ways = secrets.token_bytes(KEY_BYTES), clock.now(), list[Slot]()
    if key_file is not None:
        ways.append(slots.key_file_slot(encryption_key, make_key_file(key_file), now))
    if passphrase is not None:
        ways.append(slots.passphrase_slot(encryption_key, passphrase, now))
    if not ways:
        raise Broken("A keyring needs a key file or a passphrase to open it")
    keys: dict[str, Wrapped] = {
        purpose: _wrap_for(encryption_key, purpose, secrets.token_bytes(KEY_BYTES)) for purpose in PURPOSES
    }
    ring = KeyringFile(new_id(), ways, keys).sealed(encryption_key)
    files.create_whole(path, _encoded(ring))
    return _opened(path, ring, encryption_key)


def make_key_file(path: Path) -> Path:
    """A key file at `path`, for its owner only; one that is there is kept."""
    if not path.exists():
        files.make_folder(path.parent)
        files.create_whole(path, new_key_file())
    return path


def unlock(folder: Path, key_file: Path) -> Keyring:
    """Open the keyring with the key file. `Broken` says which file is missing, unreadable or not the right one."""
    ring, key = read(folder), slots.read_key_file(key_file)
    for slot in ring.slots:
        if isinstance(slot, KeyFileSlot) and (found := slots.open_by_key_file(slot, key)):
            return _opened(folder / "keyring", ring, found)
    raise Broken(f"The key file {key_file} is not the key of the clinic in {folder}")


def unlock_with_passphrase(folder: Path, passphrase: str) -> Keyring:
    """Open the keyring with a passphrase, at the cost of about a second. A wrong one is `Broken`."""
    ring = read(folder)
    for slot in ring.slots:
        if isinstance(slot, PassphraseSlot) and (found := slots.open_by_passphrase(slot, passphrase)):
            return _opened(folder / "keyring", ring, found)
    raise Broken("This is not the passphrase of the clinic")


def unlock_with_identity(folder: Path, typed: str) -> Keyring:
    """Open the keyring with a recovery kit: its words or its identity. Another clinic's or an older kit is `Broken`."""
    ring, kit = read(folder), slots.kit_from(typed)
    for slot in ring.slots:
        if isinstance(slot, KitSlot) and (found := slots.open_by_kit(slot, kit)):
            return _opened(folder / "keyring", ring, found)
    raise Broken(f"This recovery kit does not belong to the clinic in {folder}, or was removed from it")


def unlock_with_key(folder: Path, encryption_key: bytes) -> Keyring:
    """Open the keyring with the key-encryption key itself, as a process hands it to one that it starts."""
    return _opened(folder / "keyring", read(folder), encryption_key)


def read(folder: Path) -> KeyringFile:
    """The keyring as it lies there, locked: only what the slots say of themselves can be read, and it is not yet trusted."""
    path = folder / "keyring"
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeyringFile)
    except FileNotFoundError:
        raise Broken(f"There is no clinic in {folder}. Make one: esante init --data {folder}") from None
    except msgspec.DecodeError as error:
        raise Broken(f"{path} is damaged ({error}); restore it from a backup") from None


def opens_with(folder: Path, kind: Literal["key-file", "passphrase", "recovery-kit"]) -> bool:
    """Whether the keyring has a slot of this kind."""
    return any(slot.__struct_config__.tag == kind for slot in read(folder).slots)


def add_slot(folder: Path, ring: Keyring, slot: Slot) -> Keyring:
    """One more way to open it."""
    return _change(folder, ring, lambda kept: msgspec.structs.replace(kept, slots=[*kept.slots, slot]))


def remove_slot(folder: Path, ring: Keyring, slot_id: str) -> Keyring:
    """Take a way away. `Broken` when there is no such slot, or when only recovery kits would be left to start the clinic."""

    def without(kept: KeyringFile) -> KeyringFile:
        left = [slot for slot in kept.slots if slot.id != slot_id]
        if len(left) == len(kept.slots):
            raise Broken(f"There is no slot {slot_id}. See them with: esante key status")
        if all(isinstance(slot, KitSlot) for slot in left):
            raise Broken("This is the only slot that starts the clinic. Add another first: esante key add-slot")
        return msgspec.structs.replace(kept, slots=left)

    return _change(folder, ring, without)


def prove_kit(folder: Path, ring: Keyring, kit: Kit, at: datetime) -> tuple[Keyring, KitSlot]:
    """The kit was typed back: remember when. A kit that does not open this keyring is `Broken`."""
    slot = next((one for one in ring.kits if slots.open_by_kit(one, kit) == ring.encryption_key), None)
    if slot is None:
        raise Broken("This is a recovery kit, but not one of this clinic's. Make a new one: esante key kit FILE.pdf")
    proven = msgspec.structs.replace(slot, proven_at=at)

    def noted(kept: KeyringFile) -> KeyringFile:
        return msgspec.structs.replace(kept, slots=[proven if one.id == proven.id else one for one in kept.slots])

    return _change(folder, ring, noted), proven


def renew_installation(folder: Path, ring: Keyring) -> Keyring:
    """Another installation id: a restored clinic is not the one that it was copied from."""
    return _change(folder, ring, lambda kept: msgspec.structs.replace(kept, installation_id=new_id()))


def begin_rotation(folder: Path, ring: Keyring, purpose: Purpose) -> Keyring:
    """Keep a fresh key as the coming one. Until `finish_rotation` the present one is in force."""
    fresh = _wrap_for(ring.encryption_key, purpose, secrets.token_bytes(KEY_BYTES))
    return _change(folder, ring, lambda kept: msgspec.structs.replace(kept, coming=kept.coming | {purpose: fresh}))


def finish_rotation(folder: Path, ring: Keyring, purpose: Purpose) -> Keyring:
    """The coming key is in force; the present one is kept among the former."""

    def promoted(kept: KeyringFile) -> KeyringFile:
        before = [*kept.former.get(purpose, []), kept.keys[purpose]]
        return msgspec.structs.replace(
            _without_coming(kept, purpose),
            keys=kept.keys | {purpose: kept.coming[purpose]},
            former=kept.former | {purpose: before},
        )

    return _change(folder, ring, promoted)


def drop_rotation(folder: Path, ring: Keyring, purpose: Purpose) -> Keyring:
    """Forget the coming key: the rotation never took place."""
    return _change(folder, ring, lambda kept: _without_coming(kept, purpose))


def _without_coming(kept: KeyringFile, purpose: str) -> KeyringFile:
    return msgspec.structs.replace(kept, coming={name: key for name, key in kept.coming.items() if name != purpose})


def fingerprint(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return hashlib.sha256(b"esante key\0" + key).hexdigest()[:16]


def reopened(folder: Path, ring: Keyring) -> Keyring:
    """The keyring as it lies there now: another process may have changed it."""
    return unlock_with_key(folder, ring.encryption_key)


@contextmanager
def handed_over(ring: Keyring) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """For a process that this one starts: the environment to add and the files to pass on, by which it opens the same keyring.

    The key goes through a pipe: it is in no argument, no environment and no file.
    """
    reading, writing = os.pipe()
    try:
        os.write(writing, ring.encryption_key)
        os.close(writing)
        yield {HANDED_OVER: str(reading)}, (reading,)
    finally:
        os.close(reading)


def unlock_handed_over(folder: Path) -> Keyring | None:
    """The keyring, when the process that started this one handed its key over; a key is taken once."""
    handle = os.environ.pop(HANDED_OVER, None)
    if handle is None:
        return None
    with open(int(handle), "rb") as pipe:
        return unlock_with_key(folder, pipe.read(KEY_BYTES))


def _change(folder: Path, ring: Keyring, change: Callable[[KeyringFile], KeyringFile]) -> Keyring:
    path = folder / "keyring"
    with files.locked(folder / "keyring.lock", "esante key", wait=True):
        kept = read(folder)
        _opened(path, kept, ring.encryption_key)  # never build on what somebody else put there
        changed = change(kept).sealed(ring.encryption_key)
        files.write_whole(path, _encoded(changed))
    return _opened(path, changed, ring.encryption_key)


def _opened(path: Path, ring: KeyringFile, encryption_key: bytes) -> Keyring:
    if missing := set(PURPOSES) - ring.keys.keys():
        raise Broken(f"{path}: the {', '.join(sorted(missing))} key is missing; restore the keyring from a backup")

    def opened(purpose: str, wrapped: Wrapped) -> bytes:
        key = unwrap(encryption_key, f"key:{purpose}", wrapped)
        if key is None:
            raise Broken(f"{path}: the {purpose} key is damaged; restore the keyring from a backup")
        return key

    unlocked = Keyring(
        ring.installation_id,
        {purpose: opened(purpose, key) for purpose, key in ring.keys.items()},
        former={purpose: [opened(purpose, key) for key in keys] for purpose, keys in ring.former.items()},
        coming={purpose: opened(purpose, key) for purpose, key in ring.coming.items()},
        slots=tuple(ring.slots),
        encryption_key=encryption_key,
    )
    if not hmac.compare_digest(ring.seal, ring.seal_under(encryption_key)):
        raise Broken(f"{path} was changed by somebody who does not have its keys; restore it from a backup")
    return unlocked


def _wrap_for(encryption_key: bytes, purpose: str, key: bytes) -> Wrapped:
    return wrap(encryption_key, f"key:{purpose}", key)


def _encoded(ring: KeyringFile) -> bytes:
    return msgspec.json.format(msgspec.json.encode(ring))
