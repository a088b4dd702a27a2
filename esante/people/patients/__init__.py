"""Patients: registered, found, read, changed, archived."""
