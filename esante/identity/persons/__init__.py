"""Whom accounts stand for, when that changes: two records of one person are merged, or a person is to be forgotten."""
