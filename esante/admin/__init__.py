"""Running the clinic: its settings and features, its logo, what each account has set for itself, and pages over many rooms.

Words: a *setting* is one constant of the clinic with a default and bounds; a *feature* is a setting that turns a part of the
product on; a *preference* is what an account has chosen for itself. Main use cases: `change_setting`, `keep_logo`,
`change_preferences`, `assistant_dashboard`.
"""
