"""Leaving: an account is archived, by its owner or by an admin; what it wrote stays (SPEC ID-18)."""
