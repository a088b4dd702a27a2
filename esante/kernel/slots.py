"""The ways to the key-encryption key: a key file, a passphrase, a recovery kit. Each keeps that key sealed in its own manner.

The recovery kit is an age identity: 32 random bytes, as `AGE-SECRET-KEY-1…` or as 24 words of the BIP 39 list, which carry a
checksum and can be read aloud. Only its public recipient stays on the box.
"""

import base64
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import bech32
import msgspec
import pyrage
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from mnemonic import Mnemonic

from esante.kernel.errors import Broken
from esante.kernel.structs import new_id

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_FILE_HEAD = "esante-key-1:"
IDENTITY_HEAD = "age-secret-key-"
SHORTEST_PASSPHRASE = 12
WORDS = 24

PASSPHRASE_COST = (262_144, 3, 4)
"""Argon2id: KiB of memory, passes, lanes. About a second on a small box, once a start."""


class Wrapped(msgspec.Struct, frozen=True):
    """A key sealed by another: AES-256-GCM, its name as associated data."""

    nonce: bytes
    sealed: bytes


class KeyFileSlot(msgspec.Struct, frozen=True, rename="camel", tag_field="kind", tag="key-file"):
    """A file outside the data folder: the clinic starts by itself; who has the box and its disk has the data."""

    id: str
    made_at: datetime
    wrapped: Wrapped


class PassphraseSlot(msgspec.Struct, frozen=True, rename="camel", tag_field="kind", tag="passphrase"):
    """Words in somebody's head: after each start the clinic stays sealed until they are typed."""

    id: str
    made_at: datetime
    wrapped: Wrapped
    salt: bytes
    cost: tuple[int, int, int]


class KitSlot(msgspec.Struct, frozen=True, rename="camel", tag_field="kind", tag="recovery-kit"):
    """A sheet of paper: opens the keyring and every backup when all else is lost. `proven_at`: when it was last typed back."""

    id: str
    made_at: datetime
    recipient: str
    sealed: bytes
    proven_at: datetime | None = None


Slot: TypeAlias = KeyFileSlot | PassphraseSlot | KitSlot


class Kit(msgspec.Struct, frozen=True):
    """A recovery kit in clear: to be printed, never kept."""

    identity: str
    words: list[str]
    recipient: str

    def __repr__(self) -> str:
        return f"Kit({self.recipient})"


def wrap(by: bytes, name: str, key: bytes) -> Wrapped:
    """Seal `key` under `by`; it opens under the same name only."""
    nonce = os.urandom(NONCE_BYTES)
    return Wrapped(nonce, AESGCM(by).encrypt(nonce, key, name.encode()))


def unwrap(by: bytes, name: str, wrapped: Wrapped) -> bytes | None:
    """The key, or None when this is not what sealed it or it is damaged."""
    try:
        return AESGCM(by).decrypt(wrapped.nonce, wrapped.sealed, name.encode())
    except (InvalidTag, ValueError):  # a nonce of the wrong length is a ValueError
        return None


def new_key_file() -> bytes:
    """The content of a fresh key file: 256 random bits."""
    return (KEY_FILE_HEAD + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n").encode()


def read_key_file(path: Path) -> bytes:
    """The key in it. `Broken` when it is missing, open to others, or no key file."""
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


def key_file_slot(encryption_key: bytes, path: Path, at: datetime) -> KeyFileSlot:
    """A slot for the key file at `path`."""
    return KeyFileSlot(new_id(), at, wrap(read_key_file(path), "slot:key-file", encryption_key))


def open_by_key_file(slot: KeyFileSlot, key: bytes) -> bytes | None:
    return unwrap(key, "slot:key-file", slot.wrapped)


def passphrase_slot(encryption_key: bytes, passphrase: str, at: datetime) -> PassphraseSlot:
    """A slot for `passphrase`; fewer than 12 characters are `Broken`."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Broken(
            f"The passphrase is too short: take {SHORTEST_PASSPHRASE} characters or more, four words for example"
        )
    salt = os.urandom(16)
    key = _stretched(passphrase, salt, PASSPHRASE_COST)
    return PassphraseSlot(new_id(), at, wrap(key, "slot:passphrase", encryption_key), salt, PASSPHRASE_COST)


def open_by_passphrase(slot: PassphraseSlot, passphrase: str) -> bytes | None:
    return unwrap(_stretched(passphrase, slot.salt, slot.cost), "slot:passphrase", slot.wrapped)


def _stretched(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    memory, passes, lanes = cost
    return hash_secret_raw(passphrase.encode(), salt, passes, memory, lanes, KEY_BYTES, Type.ID)


def new_kit() -> Kit:
    """A fresh recovery kit."""
    return _kit(secrets.token_bytes(KEY_BYTES))


def kit_from(text: str) -> Kit:
    """The kit that was typed: its 24 words, or `AGE-SECRET-KEY-1…`. Case, spaces and line ends do not matter.

    `Broken` says what is wrong with what was typed: a word that is not in the list, a wrong count, a checksum that fails.
    """
    words = text.lower().split()
    if len(words) == 1 and words[0].startswith(f"{IDENTITY_HEAD}1"):
        return _kit(_identity_bytes(words[0]))
    if len(words) != WORDS:
        raise Broken(
            f"A recovery kit has {WORDS} words, or one line that begins with AGE-SECRET-KEY-1; {len(words)} were given"
        )
    book = Mnemonic("english")
    unknown = [word for word in words if word not in book.wordlist]
    if unknown:
        raise Broken(f"Not a word of the recovery kit's list: {', '.join(unknown)}. Look at the sheet again")
    try:
        return _kit(bytes(book.to_entropy(words)))
    except ValueError:
        raise Broken(
            "The 24 words do not fit together: one is wrong, or two are swapped. Look at the sheet again"
        ) from None


def identity_of(key: bytes) -> str:
    """32 bytes as an age identity."""
    return str(bech32.bech32_encode(IDENTITY_HEAD, bech32.convertbits(key, 8, 5) or [])).upper()


def recipient_of(identity: str) -> str:
    """The public half of an age identity."""
    return str(pyrage.x25519.Identity.from_str(identity).to_public())


def kit_slot(encryption_key: bytes, recipient: str, at: datetime) -> KitSlot:
    """A slot for the kit with this recipient."""
    return KitSlot(
        new_id(), at, recipient, pyrage.encrypt(encryption_key, [pyrage.x25519.Recipient.from_str(recipient)])
    )


def open_by_kit(slot: KitSlot, kit: Kit) -> bytes | None:
    """The key-encryption key, or None when this is another kit."""
    try:
        return bytes(pyrage.decrypt(slot.sealed, [pyrage.x25519.Identity.from_str(kit.identity)]))
    except pyrage.DecryptError:
        return None


def _kit(key: bytes) -> Kit:
    identity = identity_of(key)
    return Kit(identity, Mnemonic("english").to_mnemonic(key).split(), recipient_of(identity))


def _identity_bytes(text: str) -> bytes:
    head, data = bech32.bech32_decode(text)
    found = bech32.convertbits(data, 5, 8, False) if head == IDENTITY_HEAD and data else None
    if found is None or len(found) != KEY_BYTES:
        raise Broken("This AGE-SECRET-KEY-1 line has a typing slip in it. Look at the sheet again")
    return bytes(found)
