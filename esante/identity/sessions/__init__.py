"""Sessions: one row for a browser's cookie or an app's tokens, ended at once when it must be."""
