"""Every statement on preferences."""

from typing import Any

from esante.admin.structs import Preferences
from esante.kernel.transaction import ReadTx, WriteTx


def preferences(tx: ReadTx, account_id: str) -> Preferences | None:
    return tx.maybe(
        Preferences,
        "SELECT theme, language, time_zone, refresh_seconds, timeout_minutes, sound, version FROM user_setting"
        " WHERE account_id = ?",
        account_id,
    )


def forget_account(tx: WriteTx, account_id: str) -> None:
    tx.run("DELETE FROM user_setting WHERE account_id = ?", account_id)


def put_preferences(tx: WriteTx, row: dict[str, Any]) -> None:
    tx.run(
        "INSERT INTO user_setting (account_id, theme, language, time_zone, refresh_seconds, timeout_minutes, sound, version,"
        " updated_at) VALUES (:account_id, :theme, :language, :time_zone, :refresh_seconds, :timeout_minutes, :sound,"
        " :version, :now) ON CONFLICT (account_id) DO UPDATE SET theme = :theme, language = :language,"
        " time_zone = :time_zone, refresh_seconds = :refresh_seconds, timeout_minutes = :timeout_minutes, sound = :sound,"
        " version = :version, updated_at = :now",
        row,
    )
