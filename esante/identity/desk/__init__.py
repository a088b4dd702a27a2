"""The shared desk: a session is locked when its holder leaves, and opened again with a PIN on the same device (SPEC ID-24)."""
