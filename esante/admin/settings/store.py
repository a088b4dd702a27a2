"""Every statement on settings; the rows themselves are written by `kernel.settings`."""

from esante.admin.structs import SettingChangeRow, SettingRow
from esante.kernel import settings
from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx

_ROW = "SELECT key, value, version, updated_at, updated_by FROM setting"


def rows(tx: ReadTx) -> dict[str, SettingRow]:
    return {row.key: row for row in tx.all(SettingRow, _ROW)}


def row(tx: ReadTx, key: str) -> SettingRow | None:
    return tx.maybe(SettingRow, f"{_ROW} WHERE key = ?", key)


def put(tx: WriteTx, key: str, value: str, version: int) -> None:
    settings.put(tx.conn, key, value, version, tx.now, tx.actor.id)


def insert_change(tx: WriteTx, key: str, version: int, old: str, new: str) -> None:
    tx.run(
        "INSERT INTO setting_change (id, key, version, old, new, changed_at, changed_by) VALUES (?, ?, ?, ?, ?, ?, ?)",
        new_id(),
        key,
        version,
        old,
        new,
        tx.now,
        tx.actor.id,
    )


def changes(tx: ReadTx, key: str | None, before: str | None, most: int) -> list[SettingChangeRow]:
    return tx.all(
        SettingChangeRow,
        "SELECT key, version, old, new, changed_at, changed_by FROM setting_change"
        " WHERE (:key IS NULL OR key = :key) AND (:before IS NULL OR id < :before) ORDER BY id DESC LIMIT :most",
        {"key": key, "before": before, "most": most},
    )


def author_of(tx: ReadTx, key: str, version: int) -> str | None:
    return tx.maybe(str, "SELECT changed_by FROM setting_change WHERE key = ? AND version = ?", key, version)
