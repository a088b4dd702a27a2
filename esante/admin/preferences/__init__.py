"""What each account has set for itself."""
