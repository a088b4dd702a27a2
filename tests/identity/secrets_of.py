"""What a mail would have held, derived as the mail job does it; and settings, set behind the clinic's back."""

from typing import Any

from esante.identity.service import confirmation_secrets
from esante.identity.structs import OneTimeMail
from esante.kernel.actor import house

HOUSE = house("job:test")


def mailed(clinic: Any, account_id: str, purpose: str = "confirm") -> OneTimeMail:
    """The newest confirmation or reset of the account."""
    rows = clinic.rows(
        "SELECT id FROM one_time WHERE account_id = ? AND purpose = ? ORDER BY created_at DESC, id DESC",
        account_id,
        purpose,
    )
    return clinic.read(HOUSE, confirmation_secrets, rows[0]["id"])


def account_id(clinic: Any, email: str) -> str:
    return str(clinic.rows("SELECT id FROM account WHERE email_key = ?", email.casefold())[0]["id"])


def wrong(code: str) -> str:
    """Another six digits."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def set_setting(clinic: Any, key: str, value: str) -> None:
    """Behind the clinic's back; in force at once."""
    clinic.tamper(
        "INSERT OR REPLACE INTO setting (key, value, updated_at, updated_by)"
        " VALUES (?, ?, '2026-01-01T00:00:00.000Z', 'test')",
        key,
        value,
    )
    clinic.write(HOUSE, lambda tx: None)  # the writer notices
