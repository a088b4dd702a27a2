# ruff: noqa: S608 - the pieces are constants of this file and of the policy; every value is bound
"""Every statement on accounts, their roles and their passwords."""

from datetime import datetime
from typing import Any

from esante.identity.structs import Account, AccountContact, AccountFilter, AccountRole, Credentials, DoorSession
from esante.kernel.transaction import ReadTx, WriteTx

_ROLES = "(SELECT json_group_array(role) FROM account_role r WHERE r.account_id = a.id) AS roles"

_CREDENTIALS = (
    "SELECT a.id, a.email, a.password_hash, a.status, a.language, a.failed_logins, a.failed_since_at,"
    " a.locked_until_at, " + _ROLES + " FROM account a WHERE a.status <> 'archived' AND "
)

_ACCOUNT = (
    "SELECT a.id, a.email, a.mobile_e164, a.status, a.status_reason, a.language, a.created_at, a.last_login_at, "
    + _ROLES
    + " FROM account a WHERE "
)


def insert_account(tx: WriteTx, row: dict[str, Any]) -> None:
    tx.run(
        "INSERT INTO account (id, email, email_key, mobile_e164, password_hash, status, language, created_at, updated_at)"
        " VALUES (:id, :email, :email_key, :mobile, :password_hash, :status, :language, :now, :now)",
        row,
    )


def insert_role(tx: WriteTx, account_id: str, role: str, person_id: str | None) -> None:
    sql = "INSERT INTO account_role (account_id, role, person_id, created_at) VALUES (?, ?, ?, ?)"
    tx.run(sql, account_id, role, person_id, tx.now)


def account(tx: ReadTx, account_id: str) -> Account | None:
    return tx.maybe(Account, _ACCOUNT + "a.id = ?", account_id)


def accounts(tx: ReadTx, asked: AccountFilter, pattern: str | None, before: str | None) -> list[Account]:
    """Newest first; one more than the page, to know whether another follows."""
    return tx.all(
        Account,
        _ACCOUNT + "(:status IS NULL OR a.status = :status) AND (:before IS NULL OR a.id < :before)"
        " AND (:role IS NULL OR EXISTS (SELECT 1 FROM account_role r WHERE r.account_id = a.id AND r.role = :role))"
        " AND (:pattern IS NULL OR a.email_key LIKE :pattern ESCAPE '\\' OR a.mobile_e164 LIKE :pattern ESCAPE '\\')"
        " ORDER BY a.id DESC LIMIT :most",
        {
            "status": asked.status,
            "role": asked.role,
            "before": before,
            "pattern": pattern,
            "most": asked.limit + 1,
        },
    )


def credentials(tx: ReadTx, account_id: str) -> Credentials | None:
    return tx.maybe(Credentials, _CREDENTIALS + "a.id = ?", account_id)


def credentials_by_email(tx: ReadTx, email_key: str) -> Credentials | None:
    return tx.maybe(Credentials, _CREDENTIALS + "a.email_key = ?", email_key)


def credentials_by_mobile(tx: ReadTx, mobile: str) -> Credentials | None:
    return tx.maybe(Credentials, _CREDENTIALS + "a.mobile_e164 = ?", mobile)


def email_taken(tx: ReadTx, email_key: str) -> bool:
    return tx.one(bool, "SELECT EXISTS (SELECT 1 FROM account WHERE email_key = ?)", email_key)


def role(tx: ReadTx, account_id: str, role: str) -> AccountRole | None:
    sql = "SELECT account_id, role, person_id FROM account_role WHERE account_id = ? AND role = ?"
    return tx.maybe(AccountRole, sql, account_id, role)


def contacts_of_person(tx: ReadTx, person_id: str) -> list[AccountContact]:
    return tx.all(
        AccountContact,
        "SELECT a.id AS account_id, a.email, a.language, r.role FROM account_role r JOIN account a ON a.id = r.account_id"
        " WHERE r.person_id = ? AND a.status <> 'archived' ORDER BY a.id",
        person_id,
    )


def contacts_in_role(tx: ReadTx, role: str) -> list[AccountContact]:
    return tx.all(
        AccountContact,
        "SELECT a.id AS account_id, a.email, a.language, r.role FROM account_role r JOIN account a ON a.id = r.account_id"
        " WHERE r.role = ? AND a.status = 'active' ORDER BY a.id",
        role,
    )


def contact(tx: ReadTx, account_id: str) -> AccountContact | None:
    return tx.maybe(
        AccountContact,
        "SELECT a.id AS account_id, a.email, a.language, r.role FROM account a JOIN account_role r ON r.account_id = a.id"
        " WHERE a.id = ? ORDER BY r.created_at, r.role LIMIT 1",
        account_id,
    )


def admin_exists(tx: ReadTx) -> bool:
    return tx.one(
        bool,
        "SELECT EXISTS (SELECT 1 FROM account_role r JOIN account a ON a.id = r.account_id"
        " WHERE r.role = 'admin' AND a.status <> 'archived')",
    )


def set_language(tx: WriteTx, account_id: str, language: str) -> bool:
    """Was it another one?"""
    sql = "UPDATE account SET language = ?, updated_at = ? WHERE id = ? AND language <> ?"
    return tx.run(sql, language, tx.now, account_id, language) > 0


def set_active(tx: WriteTx, account_id: str) -> bool:
    """From pending to active; also for a suspended account, which stays suspended."""
    tx.run(
        "UPDATE account SET status_before = 'active', updated_at = ?"
        " WHERE id = ? AND status_before = 'pending_confirmation'",
        tx.now,
        account_id,
    )
    sql = "UPDATE account SET status = 'active', updated_at = ? WHERE id = ? AND status = 'pending_confirmation'"
    return tx.run(sql, tx.now, account_id) > 0


def suspend(tx: WriteTx, account_id: str, reason: str) -> bool:
    return (
        tx.run(
            "UPDATE account SET status_before = status, status = 'suspended', status_reason = ?, updated_at = ?"
            " WHERE id = ? AND status IN ('pending_confirmation', 'active')",
            reason,
            tx.now,
            account_id,
        )
        > 0
    )


def reactivate(tx: WriteTx, account_id: str) -> bool:
    return (
        tx.run(
            "UPDATE account SET status = status_before, status_before = NULL, status_reason = NULL, updated_at = ?"
            " WHERE id = ? AND status = 'suspended'",
            tx.now,
            account_id,
        )
        > 0
    )


def set_password(tx: WriteTx, account_id: str, password_hash: str) -> None:
    """The new hash; failures and waiting are forgotten."""
    tx.run(
        "UPDATE account SET password_hash = ?, failed_logins = 0, failed_since_at = NULL, locked_until_at = NULL,"
        " updated_at = ? WHERE id = ?",
        password_hash,
        tx.now,
        account_id,
    )


def set_rehashed(tx: WriteTx, account_id: str, old: str, new: str) -> None:
    """The same password under today's parameters, unless it was changed meanwhile."""
    tx.run("UPDATE account SET password_hash = ? WHERE id = ? AND password_hash = ?", new, account_id, old)


def count_failure(tx: WriteTx, account_id: str, count: int, since: datetime, locked_until: datetime | None) -> None:
    tx.run(
        "UPDATE account SET failed_logins = ?, failed_since_at = ?, locked_until_at = coalesce(?, locked_until_at)"
        " WHERE id = ?",
        count,
        since,
        locked_until,
        account_id,
    )


def note_login(tx: WriteTx, account_id: str) -> None:
    tx.run(
        "UPDATE account SET failed_logins = 0, failed_since_at = NULL, locked_until_at = NULL, last_login_at = ?"
        " WHERE id = ?",
        tx.now,
        account_id,
    )


def archive(tx: WriteTx, account_id: str, reason: str | None) -> bool:
    """The address is free for another account from now on; the row still shows which it was."""
    return (
        tx.run(
            "UPDATE account SET status = 'archived', status_before = NULL, status_reason = ?, updated_at = ?,"
            " email_key = 'archived ' || id || ' ' || email_key, password_hash = NULL WHERE id = ? AND status <> 'archived'",
            reason,
            tx.now,
            account_id,
        )
        > 0
    )


def other_active_admins(tx: ReadTx, account_id: str) -> int:
    return tx.one(
        int,
        "SELECT count(*) FROM account_role r JOIN account a ON a.id = r.account_id"
        " WHERE r.role = 'admin' AND a.status = 'active' AND a.id <> ?",
        account_id,
    )


def door_session(tx: ReadTx, session_id: str) -> DoorSession | None:
    """A session that is not ended, of an active account that still holds the role."""
    return tx.maybe(
        DoorSession,
        "SELECT s.id, s.account_id, s.role, s.kind, s.salt, s.expires_at, s.last_seen_at, s.locked_at,"
        " s.enrolling, r.person_id, a.language FROM session s"
        " JOIN account a ON a.id = s.account_id JOIN account_role r ON r.account_id = s.account_id AND r.role = s.role"
        " WHERE s.id = ? AND s.ended_at IS NULL AND a.status = 'active'",
        session_id,
    )
