"""The nouns of administration: settings, logo, preferences, dashboards."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from esante.identity.structs import Language
from esante.kernel.structs import Asked, Kept
from esante.scheduling.structs import AppointmentLine
from esante.workplaces.structs import AssistedDoctor, AssistedWorkplace, Invitation

# ------------------------------------------------------------------------------ settings


class SettingRow(Kept):
    """A setting that the clinic has changed, as it is kept: `value` is JSON."""

    key: str
    value: str
    version: int
    updated_at: datetime
    updated_by: str


class Setting(Kept):
    """One constant of the clinic. `schema` (JSON Schema) has its bounds; `version` is 0 while it has its default."""

    key: str
    value: Any
    default: Any
    description: str
    schema: dict[str, Any]
    version: int
    updated_at: datetime | None
    updated_by: str | None


class SettingWish(Asked):
    """The new value."""

    value: Any


class SettingChange(Kept):
    """What a setting was and became, when, and by whom."""

    key: str
    version: int
    old: Any
    new: Any
    changed_at: datetime
    changed_by: str


class SettingChangeRow(Kept):
    """A change as it is kept: `old` and `new` are JSON."""

    key: str
    version: int
    old: str
    new: str
    changed_at: datetime
    changed_by: str


class ClinicFace(Kept):
    """What everybody may know of the clinic; `settings` is there for admins only."""

    clinic_name: str
    language: str
    languages: list[str]
    time_zone: str
    country: str
    currency: str
    currency_exponent: int
    features: dict[str, bool]
    logo_url: str | None
    settings: list[Setting] | UnsetType = UNSET


# ---------------------------------------------------------------------------------- logo


class Logo(Kept):
    """The clinic's logo: a PNG of at most 512 pixels a side, in the vault."""

    file_id: str
    sha256: str
    size: int
    width: int
    height: int
    version: int
    updated_at: datetime
    updated_by: str


class LogoShown(Kept):
    """Where the logo is, and how large."""

    url: str
    width: int
    height: int
    version: int


# --------------------------------------------------------------------------- preferences

TimeZone = Annotated[str, Meta(min_length=1, max_length=64)]


class PreferencesWish(Asked):
    """All that an account may set for itself. `refreshSeconds` 0: never; `timeoutMinutes` 0: the clinic's own."""

    theme: Literal["system", "light", "dark"] = "system"
    language: Language | None = None
    time_zone: TimeZone | None = None
    refresh_seconds: Annotated[int, Meta(ge=0, le=3600)] = 30
    timeout_minutes: Annotated[int, Meta(ge=0, le=480)] = 0
    sound: bool = True


class Preferences(Kept):
    """What an account has set for itself; `version` 0 while nothing was."""

    theme: Literal["system", "light", "dark"]
    language: Language | None
    time_zone: str | None
    refresh_seconds: int
    timeout_minutes: int
    sound: bool
    version: int


# ---------------------------------------------------------------------------- dashboards


class AssistantDashboard(Kept):
    """What an assistant needs to see first: whom they work for and where, what waits for an answer, the day."""

    doctors: list[AssistedDoctor]
    workplaces: list[AssistedWorkplace]
    invitations: list[Invitation]
    requests: list[AppointmentLine]
    """What patients ask for and nobody has answered, the nearest first; a hundred at most."""
    today: list[AppointmentLine]
