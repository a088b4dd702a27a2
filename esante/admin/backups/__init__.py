"""Backups as the clinic sees them: made every night, proven, told of when they fail; and the first act of a restored clinic.

The work itself is `kernel.backup`, in a process of its own. Main use cases: `list_backups`, `request_backup`, `begin_again`.
"""
