"""The reading room of the audit log: who did what, who saw whose record, and is the log whole.

Main use cases: `list_lines` (admins), `list_accesses` (a patient sees who opened their record), `verify`.
"""
