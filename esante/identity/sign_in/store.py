"""Every statement on sign-ins that wait for their second factor."""

from esante.identity.sign_in.structs import LoginTicket
from esante.kernel.transaction import ReadTx, WriteTx


def insert_ticket(tx: WriteTx, ticket: LoginTicket) -> None:
    tx.run(
        "INSERT INTO login_ticket (id, account_id, role, kind, device_id, device, salt, until_at, created_at)"
        " VALUES (:id, :account_id, :role, :kind, :device_id, :device, :salt, :until_at, :created_at)",
        ticket,
    )


def ticket(tx: ReadTx, ticket_id: str) -> LoginTicket | None:
    return tx.maybe(LoginTicket, "SELECT * FROM login_ticket WHERE id = ?", ticket_id)


def count_try(tx: WriteTx, ticket_id: str) -> None:
    tx.run("UPDATE login_ticket SET tries = tries + 1 WHERE id = ?", ticket_id)


def spend(tx: WriteTx, ticket_id: str) -> None:
    tx.run("UPDATE login_ticket SET used_at = ? WHERE id = ? AND used_at IS NULL", tx.now, ticket_id)


def spend_all(tx: WriteTx, account_id: str) -> None:
    tx.run("UPDATE login_ticket SET used_at = ? WHERE account_id = ? AND used_at IS NULL", tx.now, account_id)


def delete_outdated(tx: WriteTx) -> int:
    return tx.run("DELETE FROM login_ticket WHERE until_at <= ?", tx.now)
