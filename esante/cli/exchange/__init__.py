"""Files that other programs read and write: plain SQLite, CSV. sqlite-utils is loaded when a command needs it, and opens other
files only: the standard library's SQLite must never meet the live file in one process with ours."""
