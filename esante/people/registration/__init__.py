"""Self-registration: an account and the person it stands for, in one transaction."""
