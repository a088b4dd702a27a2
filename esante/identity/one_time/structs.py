"""One-time secrets as they are kept: the salt they are derived from, and how often somebody guessed."""

from datetime import datetime
from typing import Literal

from esante.kernel.structs import AccountId, Kept

OneTimePurpose = Literal["confirm", "reset", "first_admin"]


class OneTime(Kept):
    """The row behind one link and one code."""

    id: str
    account_id: AccountId | None
    purpose: OneTimePurpose
    salt: bytes
    attempts: int
    link_until_at: datetime
    code_until_at: datetime
    created_at: datetime
    used_at: datetime | None


class Secrets(Kept):
    """The link's token and the code, derived."""

    token: str
    code: str
