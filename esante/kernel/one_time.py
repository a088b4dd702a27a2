"""Secrets that are never stored: link tokens, codes, refresh successors.

Each is HMAC(purpose key, purpose, row id, 128 random bits kept in the row, generation). Whoever may send it derives it
again; whoever receives it compares digests. A stolen database without the keyring yields none of them.
"""

import base64
import hmac
import secrets
from typing import Literal

Purpose = Literal[
    "confirm-link",
    "confirm-code",
    "reset-link",
    "reset-code",
    "refresh",
    "session",
    "first-admin",
    "login-ticket",
    "invitation",
    "calendar-feed",
    "kiosk-code",
    "kiosk-pass",
]

SALT_BYTES = 16
CODE_DIGITS = 6


def new_salt() -> bytes:
    """The 128 random bits that a row keeps for its secrets."""
    return secrets.token_bytes(SALT_BYTES)


class OneTimeSecrets:
    """Derives the clinic's one-time secrets; handed to every transaction as `tx.secrets`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, purpose: Purpose, row_id: str, salt: bytes, generation: int = 0) -> str:
        """`<row id>.<secret>`, URL-safe: the row is found by the first part, the secret proves the right to it."""
        secret = base64.urlsafe_b64encode(self._derive(purpose, row_id, salt, generation)).decode().rstrip("=")
        return f"{row_id}.{secret}"

    def code(self, purpose: Purpose, row_id: str, salt: bytes, generation: int = 0) -> str:
        """Six digits, for typing; guessing is bounded by the attempts that the row counts."""
        number = int.from_bytes(self._derive(purpose, row_id, salt, generation)[:8], "big")
        return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"

    def _derive(self, purpose: Purpose, row_id: str, salt: bytes, generation: int) -> bytes:
        message = b"\0".join((purpose.encode(), row_id.encode(), salt, str(generation).encode()))
        return hmac.digest(self._key, message, "sha256")


def row_of(token: str) -> str:
    """The row id that a token names; what does not look like one names nothing."""
    return token.partition(".")[0][:64]


def same(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
