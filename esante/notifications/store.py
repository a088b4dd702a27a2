"""Every SQL statement of notifications."""

from datetime import datetime

from esante.kernel.transaction import ReadTx, WriteTx
from esante.notifications.structs import Delivery, NewNotification, Notification


def insert_notification(tx: WriteTx, new: NewNotification) -> None:
    tx.run(
        "INSERT INTO notification (id, account_id, kind, priority, title, body, subject, created_at)"
        " VALUES (:id, :account_id, :kind, :priority, :title, :body, :subject, :created_at)",
        new,
    )


def forget_account(tx: WriteTx, account_id: str) -> None:
    tx.run("DELETE FROM delivery WHERE account_id = ?", account_id)
    tx.run("DELETE FROM notification WHERE account_id = ?", account_id)


def notifications(tx: ReadTx, account_id: str, before: str | None, limit: int, *, unread: bool) -> list[Notification]:
    return tx.all(
        Notification,
        "SELECT id, kind, priority, title, body, subject, read_at, created_at FROM notification"
        " WHERE account_id = :account AND (:before IS NULL OR id < :before) AND (NOT :unread OR read_at IS NULL)"
        " ORDER BY id DESC LIMIT :limit",
        {"account": account_id, "before": before, "unread": unread, "limit": limit},
    )


def count_unread(tx: ReadTx, account_id: str) -> int:
    return tx.one(int, "SELECT count(*) FROM notification WHERE account_id = ? AND read_at IS NULL", account_id)


def notification(tx: ReadTx, account_id: str, id: str) -> Notification:
    return tx.one(
        Notification,
        "SELECT id, kind, priority, title, body, subject, read_at, created_at FROM notification"
        " WHERE id = ? AND account_id = ?",
        id,
        account_id,
    )


def any_notification(tx: ReadTx, id: str) -> Notification:
    return tx.one(
        Notification,
        "SELECT id, kind, priority, title, body, subject, read_at, created_at FROM notification WHERE id = ?",
        id,
    )


def mark_read(tx: WriteTx, account_id: str, id: str) -> int:
    return tx.run(
        "UPDATE notification SET read_at = ? WHERE id = ? AND account_id = ? AND read_at IS NULL",
        tx.now,
        id,
        account_id,
    )


def mark_all_read(tx: WriteTx, account_id: str) -> int:
    return tx.run("UPDATE notification SET read_at = ? WHERE account_id = ? AND read_at IS NULL", tx.now, account_id)


def insert_delivery(tx: WriteTx, new: Delivery) -> None:
    tx.run(
        "INSERT INTO delivery (id, notification_id, account_id, channel, kind, one_time_id, subject, state, tries,"
        " error, sent_at, created_at, updated_at) VALUES (:id, :notification_id, :account_id, :channel, :kind,"
        " :one_time_id, :subject, :state, :tries, :error, :sent_at, :created_at, :updated_at)",
        new,
    )


def delivery(tx: ReadTx, id: str) -> Delivery:
    return tx.one(Delivery, "SELECT * FROM delivery WHERE id = ?", id)


def deliveries(tx: ReadTx, state: str | None, before: str | None, limit: int) -> list[Delivery]:
    return tx.all(
        Delivery,
        "SELECT * FROM delivery WHERE (:state IS NULL OR state = :state) AND (:before IS NULL OR id < :before)"
        " ORDER BY id DESC LIMIT :limit",
        {"state": state, "before": before, "limit": limit},
    )


def set_delivery_state(
    tx: WriteTx, id: str, state: str, error: str | None, *, tried: bool, sent_at: datetime | None = None
) -> None:
    tx.run(
        "UPDATE delivery SET state = ?, error = ?, tries = tries + ?, sent_at = ?, updated_at = ? WHERE id = ?",
        state,
        error,
        int(tried),
        sent_at,
        tx.now,
        id,
    )


def suppress_old(tx: WriteTx, before: datetime, why: str) -> None:
    tx.run(
        "UPDATE delivery SET state = 'suppressed', error = :why, updated_at = :now"
        " WHERE state IN ('queued', 'sending') AND created_at < :before",
        {"why": why, "now": tx.now, "before": before},
    )
