"""Who may come in: accounts and their roles, sessions, one-time secrets, passwords.

An *account* signs in; it holds one or more *roles*, each standing for a *person* (a patient or a practitioner) or for none.
A *session* acts in exactly one role. A *one-time secret* (link or code) confirms an address or resets a password; it is
derived when it is needed and never stored. Main use cases: sign in, refresh, sign out, confirm, reset, suspend.
"""
