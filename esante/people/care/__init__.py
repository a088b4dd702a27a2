"""Who treats whom: one fact, opened and ended by visits and referrals, read by every policy."""
