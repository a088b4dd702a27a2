"""Closing a site: refused while somebody still works or is expected there."""
