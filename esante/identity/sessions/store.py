"""Every statement on sessions."""

from datetime import datetime

from esante.identity.sessions.structs import EndReason, Session, SessionView
from esante.kernel.transaction import ReadTx, WriteTx


def insert_session(tx: WriteTx, session: Session) -> None:
    tx.run(
        "INSERT INTO session (id, account_id, role, kind, device_id, device, address, salt, generation, rotated_at,"
        " refresh_until_at, expires_at, created_at, last_seen_at, proven_at, enrolling) VALUES (:id, :account_id, :role,"
        " :kind, :device_id, :device, :address, :salt, :generation, :rotated_at, :refresh_until_at, :expires_at,"
        " :created_at, :last_seen_at, :proven_at, :enrolling)",
        session,
    )


def session(tx: ReadTx, session_id: str) -> Session | None:
    return tx.maybe(Session, "SELECT * FROM session WHERE id = ?", session_id)


def live_ids(tx: ReadTx, account_id: str) -> list[str]:
    return tx.all(str, "SELECT id FROM session WHERE account_id = ? AND ended_at IS NULL ORDER BY id", account_id)


def all_live(tx: ReadTx) -> list[Session]:
    return tx.all(Session, "SELECT * FROM session WHERE ended_at IS NULL ORDER BY id")


def live_sessions(tx: ReadTx, account_id: str) -> list[SessionView]:
    return tx.all(
        SessionView,
        "SELECT id, role, kind, device, address, created_at, last_seen_at, expires_at FROM session"
        " WHERE account_id = ? AND ended_at IS NULL AND expires_at > ? ORDER BY id DESC",
        account_id,
        tx.now,
    )


def end(tx: WriteTx, session_id: str, why: EndReason) -> bool:
    sql = "UPDATE session SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL"
    return tx.run(sql, tx.now, why, session_id) > 0


def rotate(tx: WriteTx, session: Session) -> None:
    tx.run(
        "UPDATE session SET generation = :generation, rotated_at = :rotated_at, refresh_until_at = :refresh_until_at"
        " WHERE id = :id",
        session,
    )


def note_use(tx: WriteTx, session_id: str, at: datetime) -> None:
    tx.run("UPDATE session SET last_seen_at = ?1 WHERE id = ?2 AND last_seen_at < ?1", at, session_id)


def note_proof(tx: WriteTx, session_id: str) -> None:
    tx.run("UPDATE session SET proven_at = ? WHERE id = ?", tx.now, session_id)


def end_enrolling(tx: WriteTx, account_id: str) -> None:
    tx.run("UPDATE session SET enrolling = 0 WHERE account_id = ? AND enrolling = 1", account_id)


def lock(tx: WriteTx, session_id: str) -> bool:
    return tx.run("UPDATE session SET locked_at = ? WHERE id = ? AND locked_at IS NULL", tx.now, session_id) > 0


def count_pin_try(tx: WriteTx, session_id: str) -> None:
    tx.run("UPDATE session SET pin_tries = pin_tries + 1 WHERE id = ?", session_id)


def unlock(tx: WriteTx, session_id: str) -> None:
    """Used from now on: neither locked nor idle."""
    sql = "UPDATE session SET locked_at = NULL, pin_tries = 0, last_seen_at = ? WHERE id = ?"
    tx.run(sql, tx.now, session_id)


def is_known_device(tx: ReadTx, account_id: str, device_id: str) -> bool:
    sql = "SELECT EXISTS (SELECT 1 FROM session WHERE account_id = ? AND device_id = ?)"
    return tx.one(bool, sql, account_id, device_id)
