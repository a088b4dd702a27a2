"""Visits, and those who wait for one, go along when two records of one patient are merged, and come back when that is undone."""
