"""Visits that recur: the same wall time every week or every few weeks, booked all together or not at all."""
