"""The second factor: an authenticator app's codes, and recovery codes for the day the phone is lost (SPEC ID-20)."""
