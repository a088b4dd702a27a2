"""What happens to accounts: ids only. The secrets of a mail are derived from the one-time row that the event names."""

from typing import ClassVar

from esante.kernel.structs import Event, Outcome, Severity


class AccountCreated(Event, tag="user.registered"):
    """An account was made, in this role."""

    role: str


class AccountAddressKnown(Event, tag="auth.address_known"):
    """Somebody tried to register an address that already has an account; its owner (the subject) is told."""

    severity: ClassVar[Severity] = "warning"


class ConfirmationIssued(Event, tag="auth.confirmation_issued"):
    """The account `subject` is to confirm its address; the mail's secrets come from `one_time_id`."""

    one_time_id: str


class ResetIssued(Event, tag="auth.reset_issued"):
    """The account `subject` may choose a new password; the mail's (or the slip's) secrets come from `one_time_id`."""

    one_time_id: str
    by_mail: bool = True
    """False when staff hand the slip over themselves."""


class AddressAskedFor(Event, tag="auth.address_asked"):
    """A resend or a reset was asked for. The subject is the account, or `unknown`: the answer is the same."""

    purpose: str


class AccountConfirmed(Event, tag="user.email_verified"):
    """The address of the account is confirmed."""


class CodeRefused(Event, tag="auth.code_refused"):
    """A wrong, used or outdated link or code was tried. The subject is the account, or `unknown`."""

    severity: ClassVar[Severity] = "warning"
    outcome: ClassVar[Outcome] = "failed"
    purpose: str


class LoginFailed(Event, tag="auth.login_failed"):
    """A wrong password, or an unknown address (subject `unknown`)."""

    severity: ClassVar[Severity] = "warning"
    outcome: ClassVar[Outcome] = "failed"


class AccountLocked(Event, tag="auth.locked"):
    """Five failures in ten minutes from unknown devices: these wait; known devices do not."""

    severity: ClassVar[Severity] = "critical"
    until: str


class LoggedIn(Event, tag="user.login"):
    """The account `subject` opened a session."""

    session_id: str
    role: str


class PasswordChanged(Event, tag="user.password_changed"):
    """By its owner, who knew the current one; the other sessions are ended."""


class PasswordWasReset(Event, tag="user.password_reset"):
    """By link, by code, or by the operator; all sessions are ended."""


class AccountSuspended(Event, tag="user.suspended"):
    """The account may not sign in, and its sessions are ended."""

    severity: ClassVar[Severity] = "warning"


class AccountReactivated(Event, tag="user.reactivated"):
    """The account may sign in again."""


class AccountArchived(Event, tag="user.archived"):
    """The account is closed for good; what it wrote stays."""

    severity: ClassVar[Severity] = "warning"

    by_owner: bool


class AccountRemoved(Event, tag="user.removed"):
    """An account that never did anything is gone for good."""

    severity: ClassVar[Severity] = "warning"


class LanguageChosen(Event, tag="user.language_chosen"):
    """The account is written to in another language from now on."""

    language: str


class FirstAdminCodeIssued(Event, tag="auth.first_admin_code_issued"):
    """The console printed a code that makes the first admin."""

    severity: ClassVar[Severity] = "warning"


class FirstAdminMade(Event, tag="auth.first_admin_made"):
    """The code was used: the clinic has an admin."""

    severity: ClassVar[Severity] = "warning"


class AccountsListed(Event, tag="user.listed"):
    """An admin looked at the list of accounts; how many were shown."""

    count: int
