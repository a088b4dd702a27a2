"""Taking the log along: streamed, safe to open in a spreadsheet, and itself in the log (SPEC AU-10)."""
