"""Counts of appointments: of the whole clinic for admins (SPEC AD-04), of one's own visits for practitioners (AD-05)."""
