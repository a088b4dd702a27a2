"""Practitioners: their profile, the public list, and the admin who approves them."""
