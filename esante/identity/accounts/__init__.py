"""Accounts: made, confirmed, suspended, listed."""
