"""Links and codes that work once: made for one account and one purpose, counted, never stored."""
