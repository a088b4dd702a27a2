"""Reminders of confirmed visits, so many minutes before (setting `reminderMinutes`).

Nothing is kept when a visit is booked, moved or cancelled: every few minutes the clinic looks which confirmed visits have come
within a mark, and notes each mark of each start once. So a reminder cannot be lost or doubled by a restart or a jump of the
clock, moves with its visit and goes with it.
"""
