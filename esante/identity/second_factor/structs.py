"""The second factor as kept, and what is asked and answered about it."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from esante.identity.structs import Code, GivenPassword
from esante.kernel.structs import AccountId, Asked, Kept

AnyCode = Annotated[str, Meta(min_length=6, max_length=40)]
"""Six digits of the authenticator app, or a recovery code; spaces, dashes and case do not matter."""


class SecondFactor(Kept):
    """The row. Never leaves the process."""

    account_id: AccountId
    secret: str
    last_step: int
    confirmed_at: datetime | None
    created_at: datetime


class SecondFactorState(Kept):
    """What the owner sees: is it on, since when, and how many recovery codes are left."""

    enabled: bool
    confirmed_at: datetime | None
    recovery_codes_left: int


class Enrolment(Kept):
    """To be typed or scanned (as a QR code of `uri`) into an authenticator app; confirm with its first code."""

    secret: str
    uri: str


class EnrolmentConfirmation(Asked):
    """The first code of the app."""

    code: Code


class RecoveryCodes(Kept):
    """Ten codes, each good for one sign-in without the app. Shown once: nobody can show them again."""

    recovery_codes: list[str]


class StepUp(Asked):
    """The password, or a code of the second factor: one of the two."""

    password: GivenPassword | None = None
    code: AnyCode | None = None
