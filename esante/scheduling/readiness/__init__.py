"""What can be settled before the day of a visit: the papers at the desk, and whether a time that the staff chose suits."""
