"""What the command line and the app may ask of administration, on one page."""

from esante.admin.health.service import confirm_clock
from esante.admin.settings.service import change_setting, list_settings, show_setting

__all__ = ["change_setting", "confirm_clock", "list_settings", "show_setting"]
