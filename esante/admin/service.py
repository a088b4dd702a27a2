"""What the command line and the app may ask of administration, on one page."""

from esante.admin.settings.service import change_setting, list_settings, show_setting

__all__ = ["change_setting", "list_settings", "show_setting"]
