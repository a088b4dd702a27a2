"""Every statement on copies of licences and identity cards."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.credentials.structs import CredentialKind, CredentialRow

_ROW = (
    "SELECT practitioner_id, kind, file_id, sha256, size, width, height, uploaded_at FROM practitioner_credential"
    " WHERE practitioner_id = ?"
)


def of_practitioner(tx: ReadTx, practitioner_id: str) -> list[CredentialRow]:
    return tx.all(CredentialRow, _ROW + " ORDER BY kind", practitioner_id)


def one(tx: ReadTx, practitioner_id: str, kind: CredentialKind) -> CredentialRow | None:
    return tx.maybe(CredentialRow, _ROW + " AND kind = ?", practitioner_id, kind)


def files(tx: ReadTx) -> list[str]:
    return tx.all(str, "SELECT file_id FROM practitioner_credential")


def put(tx: WriteTx, row: CredentialRow) -> None:
    """In the place of the one before."""
    tx.run(
        "INSERT INTO practitioner_credential (practitioner_id, kind, file_id, sha256, size, width, height, uploaded_at)"
        " VALUES (:practitioner_id, :kind, :file_id, :sha256, :size, :width, :height, :uploaded_at)"
        " ON CONFLICT (practitioner_id, kind) DO UPDATE SET file_id = excluded.file_id, sha256 = excluded.sha256,"
        " size = excluded.size, width = excluded.width, height = excluded.height, uploaded_at = excluded.uploaded_at",
        row,
    )


def delete(tx: WriteTx, practitioner_id: str, kind: CredentialKind) -> None:
    tx.run("DELETE FROM practitioner_credential WHERE practitioner_id = ? AND kind = ?", practitioner_id, kind)
