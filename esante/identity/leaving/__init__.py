"""Leaving: an account is archived, by its owner or by an admin; what it wrote stays. One that never did anything can go for good
(SPEC ID-18)."""
