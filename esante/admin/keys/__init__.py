"""What the clinic remembers of its keys: which were changed, by whom, and when the recovery kit was last typed back."""
