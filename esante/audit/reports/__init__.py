"""Reports over the log: what one account did, day by day; the month on paper, with a checkpoint to keep (SPEC AU-11)."""
