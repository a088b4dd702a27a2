"""The review queue: what is critical, and security that failed, is looked at by an admin who says what came of it (SPEC AU-08)."""
