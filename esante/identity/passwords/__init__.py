"""Passwords: which are good enough, how they are changed, and how a lost one is replaced."""
