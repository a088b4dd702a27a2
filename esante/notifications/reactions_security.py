"""What the owner of an account is told about its safety, and admins about the box's (SPEC 28). Each once, after it happened."""

from esante.identity import service as identity
from esante.identity.events import AccountArchived, AccountReactivated, AccountRemoved, AccountSuspended
from esante.identity.second_factor.events import RecoveryCodeUsed, SecondFactorDisabled, SecondFactorEnabled
from esante.identity.sessions.events import TokenReused
from esante.kernel.clock_guard import ClockDoubted
from esante.kernel.disk import DiskLevelChanged
from esante.kernel.transaction import WriteTx
from esante.notifications import service


def tell_token_reused(tx: WriteTx, event: TokenReused) -> None:
    """Somebody may have a copy of what keeps the owner signed in."""
    service.tell(
        tx, identity.contact(tx, event.account_id), "token_reused", "urgent",
        "One of your sessions was ended",
        "A key of one of your sessions was used twice, so somebody may have a copy of it. The session was ended. If you do"
        " not know why, choose a new password and tell the clinic.",
        event.subject,
    )  # fmt: skip


def forget_account(tx: WriteTx, event: AccountRemoved) -> None:
    """What an account was told goes with it."""
    service.forget_account(tx, event.subject)


def tell_account_suspended(tx: WriteTx, event: AccountSuspended) -> None:
    """The owner can sign in no more."""
    service.tell(
        tx, identity.contact(tx, event.subject), "account_suspended", "high",
        "Your account was suspended",
        "You cannot sign in for now. Please speak with the clinic.",
        event.subject,
    )  # fmt: skip


def tell_account_reactivated(tx: WriteTx, event: AccountReactivated) -> None:
    """The owner can sign in again."""
    service.tell(
        tx, identity.contact(tx, event.subject), "account_reactivated", "high",
        "Your account is active again",
        "You can sign in again with your address and your password.",
        event.subject,
    )  # fmt: skip


def tell_account_archived(tx: WriteTx, event: AccountArchived) -> None:
    """The owner learns that the account is closed; if it was not they, they learn it in time."""
    service.tell(
        tx, identity.contact(tx, event.subject), "account_archived", "high",
        "Your account was closed",
        "You cannot sign in any more. Your medical record stays with the clinic, as the law wants. If you did not ask for"
        " this, please speak with the clinic.",
        event.subject,
    )  # fmt: skip


def tell_second_factor_enabled(tx: WriteTx, event: SecondFactorEnabled) -> None:
    """From now on a code is asked for."""
    service.tell(
        tx, identity.contact(tx, event.subject), "second_factor_enabled", "high",
        "Your second factor is on",
        "From now on signing in asks for a code of your authenticator app. Keep your recovery codes in a safe place. If it"
        " was not you, tell the clinic at once.",
        event.subject,
    )  # fmt: skip


def tell_second_factor_disabled(tx: WriteTx, event: SecondFactorDisabled) -> None:
    """No code is asked for any more."""
    service.tell(
        tx, identity.contact(tx, event.subject), "second_factor_disabled", "high",
        "Your second factor is off",
        "Signing in asks for your password only. If it was not you, choose a new password at once and tell the clinic.",
        event.subject,
    )  # fmt: skip


def tell_recovery_code_used(tx: WriteTx, event: RecoveryCodeUsed) -> None:
    """A recovery code was spent; so many are left."""
    service.tell(
        tx, identity.contact(tx, event.subject), "recovery_code_used", "high",
        "A recovery code was used",
        "Somebody signed in to your account with a recovery code; {left} are left. If it was not you, choose a new password"
        " at once and tell the clinic.",
        event.subject, left=str(event.left),
    )  # fmt: skip


def tell_clock_doubted(tx: WriteTx, event: ClockDoubted) -> None:
    """Every admin: somebody has to look at the clock."""
    for admin in identity.accounts_in_role(tx, "admin"):
        service.tell(
            tx, admin, "clock_doubted", "urgent", "Please check the time of the clinic's server",
            "Its clock is {seconds} seconds from where it was expected. Nothing old is removed until an admin has looked at"
            " the time and confirmed it. Everything else goes on.",
            event.subject, seconds=str(event.seconds),
        )  # fmt: skip


def tell_disk_level(tx: WriteTx, event: DiskLevelChanged) -> None:
    """Every admin, while there is still time; that there is room again needs nobody's hand."""
    if event.level == "ok":
        return
    for admin in identity.accounts_in_role(tx, "admin"):
        service.tell(
            tx, admin, "disk_low", "high" if event.level == "low" else "urgent",
            "The disk of the clinic's server is filling up",
            "Only {percent} % of it is free. Below {uploads} % no files are taken any more, below {writes} % nothing can be"
            " saved. Please free some space.",
            event.subject, percent=str(event.free_percent), uploads=str(event.uploads_percent), writes=str(event.writes_percent),
        )  # fmt: skip
