"""The clinic's settings: shown, checked, changed, remembered."""
