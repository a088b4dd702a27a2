"""Copies of licences and identity cards (SPEC PE-09, PE-10). The file is there before its row, and goes after it."""

import msgspec

from esante.kernel.errors import NotFound
from esante.kernel.structs import Page
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.kernel.vault import SealedFile
from esante.people.credentials import policy, store
from esante.people.credentials.structs import Credential, CredentialKind, CredentialRow
from esante.people.events import CredentialRemoved, CredentialSeen, CredentialsListed, CredentialUploaded
from esante.people.structs import PractitionerId


def check_may_keep(tx: ReadTx) -> str:
    """Before a byte is read: is the actor a doctor? The practitioner's id."""
    return policy.may_keep_own(tx)


def put_own(tx: WriteTx, kind: CredentialKind, sealed: SealedFile, width: int, height: int) -> str | None:
    """The copy from now on; the file that it replaces, to be taken away."""
    whose = PractitionerId(policy.may_keep_own(tx))
    before = store.one(tx, whose, kind)
    row = CredentialRow(
        practitioner_id=whose,
        kind=kind,
        file_id=sealed.id,
        sha256=sealed.sha256,
        size=sealed.size,
        width=width,
        height=height,
        uploaded_at=tx.now,
    )
    store.put(tx, row)
    tx.record(CredentialUploaded(subject=whose, kind=kind))
    return before.file_id if before else None


def remove_own(tx: WriteTx, kind: CredentialKind) -> str:
    """Take the copy away; its file, to be removed. `NotFound` when there is none."""
    whose = policy.may_keep_own(tx)
    before = _one(tx, whose, kind)
    store.delete(tx, whose, kind)
    tx.record(CredentialRemoved(subject=whose, kind=kind))
    return before.file_id


def list_own(tx: ReadTx) -> Page[Credential]:
    """Which copies the clinic has of the signed-in doctor."""
    return _listed(tx, policy.may_keep_own(tx))


def show_own(tx: LookTx, kind: CredentialKind) -> str:
    """The sealed file of an own copy; one audit line."""
    return _seen(tx, policy.may_keep_own(tx), kind)


def list_for_admin(tx: LookTx, practitioner_id: str) -> Page[Credential]:
    """Which copies there are of a doctor; one audit line."""
    policy.may_verify(tx)
    found = _listed(tx, practitioner_id)
    tx.record(CredentialsListed(subject=practitioner_id, count=len(found.items)))
    return found


def show_to_admin(tx: LookTx, practitioner_id: str, kind: CredentialKind) -> str:
    """The sealed file of a doctor's copy, for an admin; one audit line."""
    policy.may_verify(tx)
    return _seen(tx, practitioner_id, kind)


def files_of(tx: ReadTx, practitioner_id: str) -> dict[CredentialKind, str]:
    """For other rooms. The sealed files by what they are copies of."""
    return {row.kind: row.file_id for row in store.of_practitioner(tx, practitioner_id)}


def named_files(tx: ReadTx) -> list[str]:
    """For the house: every sealed file that a copy names."""
    return store.files(tx)


def _listed(tx: ReadTx, practitioner_id: str) -> Page[Credential]:
    rows = store.of_practitioner(tx, practitioner_id)
    return Page(items=[msgspec.convert(row, Credential, from_attributes=True) for row in rows])


def _seen(tx: LookTx, practitioner_id: str, kind: CredentialKind) -> str:
    found = _one(tx, practitioner_id, kind)
    tx.record(CredentialSeen(subject=practitioner_id, kind=kind))
    return found.file_id


def _one(tx: ReadTx, practitioner_id: str, kind: CredentialKind) -> CredentialRow:
    found = store.one(tx, practitioner_id, kind)
    if found is None:
        raise NotFound("There is no such copy")
    return found
