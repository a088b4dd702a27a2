"""The keys: one key-encryption key wraps a small key for each purpose; a slot unlocks it.

`data/keyring` holds only wrapped keys. The slot of this version is the key file, which lies outside the data folder: whoever
steals the data without it has nothing. No default secret exists anywhere; every key is random and made at `esante init`.
"""

import base64
import os
import secrets
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from esante.kernel import files
from esante.kernel.errors import Broken
from esante.kernel.structs import new_id

Purpose = Literal["database", "files", "audit", "audit-signing", "sessions", "links", "backup-drill"]
PURPOSES: tuple[Purpose, ...] = ("database", "files", "audit", "audit-signing", "sessions", "links", "backup-drill")

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_FILE_HEAD = "esante-key-1:"


class Wrapped(msgspec.Struct, frozen=True):
    """A key sealed by another: AES-256-GCM, its name as associated data."""

    nonce: bytes
    sealed: bytes


class Slot(msgspec.Struct, frozen=True):
    """One way to the key-encryption key."""

    kind: Literal["key-file"]
    wrapped: Wrapped


class KeyringFile(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What `data/keyring` holds."""

    installation_id: str
    slots: list[Slot]
    keys: dict[str, Wrapped]
    format: Literal[1] = 1


class Keyring:
    """The clinic's keys, unlocked."""

    def __init__(self, installation_id: str, keys: dict[str, bytes]) -> None:
        self.installation_id, self._keys = installation_id, keys

    def key(self, purpose: Purpose) -> bytes:
        """The 256-bit key of this purpose."""
        return self._keys[purpose]

    def __repr__(self) -> str:
        return f"Keyring({self.installation_id})"


def create(folder: Path, key_file: Path) -> Keyring:
    """Make a keyring in the data folder and its key file. An existing key file is used; an existing keyring is `Broken`."""
    path = folder / "keyring"
    if path.exists():
        raise Broken(f"{path} exists already; a clinic's keys are made once")
    if key_file.exists():
        slot_key = _read_key_file(key_file)
    else:
        files.make_folder(key_file.parent)
        files.create_whole(key_file, new_key_file())
        slot_key = _read_key_file(key_file)
    encryption_key = secrets.token_bytes(KEY_BYTES)
    keys: dict[str, bytes] = {purpose: secrets.token_bytes(KEY_BYTES) for purpose in PURPOSES}
    ring = KeyringFile(
        installation_id=new_id(),
        slots=[Slot("key-file", _wrap(slot_key, "slot:key-file", encryption_key))],
        keys={purpose: _wrap(encryption_key, f"key:{purpose}", key) for purpose, key in keys.items()},
    )
    files.create_whole(path, msgspec.json.format(msgspec.json.encode(ring)))
    return Keyring(ring.installation_id, keys)


def new_key_file() -> bytes:
    """The content of a fresh key file: 256 random bits."""
    return (KEY_FILE_HEAD + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n").encode()


def unlock(folder: Path, key_file: Path) -> Keyring:
    """Open the keyring with the key file. `Broken` says which file is missing, unreadable or not the right one."""
    path = folder / "keyring"
    try:
        ring = msgspec.json.decode(path.read_bytes(), type=KeyringFile)
    except FileNotFoundError:
        raise Broken(f"There is no clinic in {folder}. Make one: esante init --data {folder}") from None
    except msgspec.DecodeError as error:
        raise Broken(f"{path} is damaged ({error}); restore it from a backup") from None
    slot_key = _read_key_file(key_file)
    for slot in ring.slots:
        encryption_key = _unwrap(slot_key, f"slot:{slot.kind}", slot.wrapped)
        if encryption_key is None:
            continue
        keys = {}
        for purpose, wrapped in ring.keys.items():
            key = _unwrap(encryption_key, f"key:{purpose}", wrapped)
            if key is None:
                raise Broken(f"{path}: the {purpose} key is damaged; restore the keyring from a backup")
            keys[purpose] = key
        if missing := set(PURPOSES) - keys.keys():
            raise Broken(f"{path}: the {', '.join(sorted(missing))} key is missing; restore the keyring from a backup")
        return Keyring(ring.installation_id, keys)
    raise Broken(f"The key file {key_file} is not the key of the clinic in {folder}")


def _read_key_file(path: Path) -> bytes:
    try:
        content = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise Broken(
            f'The key file {path} is missing. Bring it back, or name its place in esante.toml: [keys] file = "…"'
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Broken(f"The key file {path} cannot be read: {error}") from None
    if path.stat().st_mode & 0o077:
        raise Broken(f"The key file {path} can be read by others. Close it: chmod 600 {path}")
    try:
        key = base64.b64decode(content.removeprefix(KEY_FILE_HEAD), validate=True)
    except ValueError:
        key = b""
    if not content.startswith(KEY_FILE_HEAD) or len(key) != KEY_BYTES:
        raise Broken(f"{path} is not an esante key file")
    return key


def _wrap(by: bytes, name: str, key: bytes) -> Wrapped:
    nonce = os.urandom(NONCE_BYTES)
    return Wrapped(nonce, AESGCM(by).encrypt(nonce, key, name.encode()))


def _unwrap(by: bytes, name: str, wrapped: Wrapped) -> bytes | None:
    try:
        return AESGCM(by).decrypt(wrapped.nonce, wrapped.sealed, name.encode())
    except (InvalidTag, ValueError):  # a nonce of the wrong length is a ValueError
        return None
