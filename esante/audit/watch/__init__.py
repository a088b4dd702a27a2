"""Watching the log: admins learn of what is critical; bursts of refusals and odd accesses are found (SPEC AU-09)."""
