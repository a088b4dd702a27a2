"""What happens to second factors."""

from typing import ClassVar

from esante.kernel.structs import Event, Outcome, Severity


class SecondFactorEnabled(Event, tag="auth.second_factor_enabled"):
    """From now on the account `subject` signs in with a code too."""


class SecondFactorDisabled(Event, tag="auth.second_factor_disabled"):
    """The account `subject` signs in with its password alone again."""

    severity: ClassVar[Severity] = "warning"


class RecoveryCodesRenewed(Event, tag="auth.recovery_codes_renewed"):
    """The account `subject` has ten new recovery codes; the old ones are worth nothing."""


class RecoveryCodeUsed(Event, tag="auth.recovery_code_used"):
    """A recovery code stood in for the app."""

    severity: ClassVar[Severity] = "warning"

    left: int


class SecondFactorRefused(Event, tag="auth.second_factor_refused"):
    """A wrong or used code was tried for the account `subject`."""

    severity: ClassVar[Severity] = "warning"
    outcome: ClassVar[Outcome] = "failed"


class ProofGiven(Event, tag="auth.step_up"):
    """The holder of the session `subject` gave the password or a code once more, for a dangerous act."""
