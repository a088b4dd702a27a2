"""Every statement that takes an account away for good."""

from esante.kernel.transaction import ReadTx, WriteTx

OWN_TABLES = (
    "pin",
    "login_ticket",
    "recovery_code",
    "second_factor",
    "one_time",
    "session",
    "password_history",
    "account_role",
)
"""What is only about signing in."""


def stands_for_somebody(tx: ReadTx, account_id: str) -> bool:
    sql = "SELECT EXISTS (SELECT 1 FROM account_role WHERE account_id = ? AND person_id IS NOT NULL)"
    return tx.one(bool, sql, account_id)


def has_acted(tx: ReadTx, account_id: str) -> bool:
    """Has it done anything but sign in and look after itself?"""
    return tx.one(
        bool,
        "SELECT EXISTS (SELECT 1 FROM audit WHERE actor = ? AND outcome = 'done'"
        " AND action NOT LIKE 'auth.%' AND action NOT LIKE 'user.%')",
        account_id,
    )


def remove(tx: WriteTx, account_id: str) -> None:
    """A foreign key of any other table refuses it."""
    for table in OWN_TABLES:
        tx.run(f"DELETE FROM {table} WHERE account_id = ?", account_id)  # noqa: S608 - a constant of this file
    tx.run("DELETE FROM account WHERE id = ?", account_id)
