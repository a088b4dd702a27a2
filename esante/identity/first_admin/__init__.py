"""The first admin: no default account exists; the console prints a code that makes one."""
