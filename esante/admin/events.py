"""What happens in administration."""

from typing import Any, ClassVar

from esante.kernel.structs import Event, Severity


class SettingChanged(Event, tag="settings.changed"):
    """The subject is the key. The values are kept here too: no setting is a secret."""

    severity: ClassVar[Severity] = "warning"

    version: int
    old: Any
    new: Any


class LogoChanged(Event, tag="settings.logo_changed"):
    """The clinic has another logo, or none (`removed`)."""

    version: int
    removed: bool = False


class PreferencesChanged(Event, tag="user.settings_changed"):
    """The subject is the account; `fields` names what changed."""

    version: int
    fields: list[str]


class JobRetried(Event, tag="job.retried"):
    """An admin had a job that was given up tried again."""

    job: str


class JobDiscarded(Event, tag="job.discarded"):
    """An admin gave a job up for good; what it would have done is never done."""

    severity: ClassVar[Severity] = "warning"

    job: str


class SlotAdded(Event, tag="key.slot_added"):
    """The keyring opens in one more way; the subject is the slot."""

    severity: ClassVar[Severity] = "warning"

    kind: str


class SlotRemoved(Event, tag="key.slot_removed"):
    """The keyring no longer opens by this slot."""

    severity: ClassVar[Severity] = "warning"

    kind: str


class KitMade(Event, tag="key.kit_made"):
    """A recovery kit was made; from now on backups are sealed to it too."""

    severity: ClassVar[Severity] = "warning"


class KitProven(Event, tag="key.kit_proven"):
    """The recovery kit was typed back and opened the keyring."""


class KitProofDue(Event, tag="key.kit_proof_due"):
    """No recovery kit was typed back lately; so many there are."""

    severity: ClassVar[Severity] = "warning"

    kits: int
