"""Accounts that an admin makes, or gives one more role: for staff, and for patients and doctors whom the clinic knows already."""
