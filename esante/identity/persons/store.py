"""Every statement that changes whom an account stands for."""

from esante.kernel.structs import AccountId
from esante.kernel.transaction import ReadTx, WriteTx


def move(tx: WriteTx, from_id: str, to_id: str) -> list[AccountId]:
    return tx.all(
        AccountId,
        "UPDATE account_role SET person_id = :to_id WHERE person_id = :from_id AND role = 'patient' RETURNING account_id",
        {"from_id": from_id, "to_id": to_id},
    )


def move_some(tx: WriteTx, accounts: list[str], from_id: str, to_id: str) -> list[AccountId]:
    return tx.all(
        AccountId,
        "UPDATE account_role SET person_id = :to_id WHERE person_id = :from_id AND role = 'patient'"
        " AND account_id IN (SELECT value FROM json_each(:accounts)) RETURNING account_id",
        {"from_id": from_id, "to_id": to_id, "accounts": accounts},
    )


def accounts_of(tx: ReadTx, person_id: str) -> list[AccountId]:
    return tx.all(AccountId, "SELECT account_id FROM account_role WHERE person_id = ? AND role = 'patient'", person_id)


def drop_role(tx: WriteTx, account_id: str) -> bool:
    """The account is no patient any more; True when it is nothing else either."""
    tx.run("DELETE FROM account_role WHERE account_id = ? AND role = 'patient'", account_id)
    return tx.one(bool, "SELECT NOT EXISTS (SELECT 1 FROM account_role WHERE account_id = ?)", account_id)


def empty(tx: WriteTx, account_id: str) -> None:
    tx.run(
        "UPDATE account SET email = NULL, email_key = NULL, mobile_e164 = NULL, password_hash = NULL, status = 'archived',"
        " status_before = NULL, updated_at = ? WHERE id = ?",
        tx.now,
        account_id,
    )
