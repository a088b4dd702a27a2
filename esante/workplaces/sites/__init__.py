"""Sites with their hours, and their rooms and chairs: made, changed, closed."""
