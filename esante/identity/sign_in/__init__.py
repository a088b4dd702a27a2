"""Signing in: a password is right or wrong, and nobody learns more than that."""
