"""What an archive says of itself: signed, so that nobody but the clinic can have said it."""

from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Meta

from esante.kernel import migrate
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?![\s\S])")]
FileId = Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}(?![\s\S])")]
SIGNED_AS = b"esante backup manifest\0"


class Piece(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A part of the backup: its size in bytes and its SHA-256."""

    size: Annotated[int, Meta(ge=0)]
    sha256: Sha256


class KeptFile(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A sealed file of the vault: `sha256` is of the sealed bytes, and its name on the shelf."""

    id: FileId
    size: Annotated[int, Meta(ge=0)]
    sha256: Sha256


class AuditHead(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Where the audit log ended; `checkpoint` is a signed checkpoint of exactly these lines."""

    seq: int
    mac: bytes
    checkpoint: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Everything that a restore is held against."""

    name: str
    made_at: str
    program: str
    installation_id: str
    clinic: str
    db_schema: int
    database: Piece
    keyring: Piece
    box: Piece
    """Small files of the box that a new one needs: what `archive.BOX` names, as far as it is there."""
    audit: AuditHead
    counts: dict[str, int]
    recipients: list[str]
    files: list[KeptFile]
    format: Literal[1] = 1

    @property
    def files_size(self) -> int:
        return sum(file.size for file in self.files)


class Signed(msgspec.Struct, frozen=True):
    """A manifest as the archive holds it: its bytes, and the signature over them."""

    content: bytes
    signature: bytes

    def read(self, where: str) -> Manifest:
        """What it says; not yet believed. `Broken` when it is no manifest that this program knows."""
        try:
            return msgspec.json.decode(self.content, type=Manifest)
        except msgspec.DecodeError as error:
            raise Broken(
                f"{where}: its manifest is not one that this program can read ({error}). It was made by a newer esante, or"
                " by somebody else. Nothing was restored"
            ) from None

    def refuse_foreign(self, keys: Keyring, where: str) -> None:
        """`Broken` unless one of the clinic's signing keys signed it."""
        for key in (keys.key("audit-signing"), *keys.former("audit-signing")):
            try:
                _public(key).verify(self.signature, SIGNED_AS + self.content)
            except InvalidSignature:
                continue
            return
        raise Broken(
            f"{where}: its manifest was not signed with this clinic's keys: somebody else made or changed it. Nothing was"
            " restored; take another backup"
        )


def sign(manifest: Manifest, keys: Keyring) -> Signed:
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    private = Ed25519PrivateKey.from_private_bytes(keys.key("audit-signing"))
    return Signed(content, private.sign(SIGNED_AS + content))


def signer(keys: Keyring) -> str:
    """The public half of the key that signs, to be compared by eye."""
    return _public(keys.key("audit-signing")).public_bytes(Encoding.Raw, PublicFormat.Raw).hex()[:32]


def refuse_newer(manifest: Manifest, where: str) -> None:
    if manifest.db_schema > migrate.newest():
        raise Broken(
            f"{where} was made by a newer esante ({manifest.program}, schema {manifest.db_schema}); this program knows"
            f" schema {migrate.newest()}. Install the newer esante, then restore"
        )


def _public(key: bytes) -> Ed25519PublicKey:
    return Ed25519PrivateKey.from_private_bytes(key).public_key()
