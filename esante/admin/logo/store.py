"""Every statement on the logo."""

from esante.admin.structs import Logo
from esante.kernel.transaction import ReadTx, WriteTx


def logo(tx: ReadTx) -> Logo | None:
    return tx.maybe(Logo, "SELECT file_id, sha256, size, width, height, version, updated_at, updated_by FROM logo")


def put_logo(tx: WriteTx, new: Logo) -> None:
    tx.run(
        "INSERT INTO logo (id, file_id, sha256, size, width, height, version, updated_at, updated_by)"
        " VALUES (1, :file_id, :sha256, :size, :width, :height, :version, :updated_at, :updated_by)"
        " ON CONFLICT (id) DO UPDATE SET file_id = excluded.file_id, sha256 = excluded.sha256, size = excluded.size,"
        " width = excluded.width, height = excluded.height, version = excluded.version, updated_at = excluded.updated_at,"
        " updated_by = excluded.updated_by",
        new,
    )


def delete_logo(tx: WriteTx) -> None:
    tx.run("DELETE FROM logo")


def named_files(tx: ReadTx) -> list[str]:
    return tx.all(str, "SELECT file_id FROM logo")
