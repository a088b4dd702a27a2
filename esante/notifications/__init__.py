"""Telling people what concerns them: in the app always, by mail when the clinic has a mail server.

Words: a *notification* is what a person sees in the app; a *delivery* is one attempt to reach them outside, with its true
state. Main use cases: `list_notifications`, `mark_read`, `list_deliveries`; everything else is a reaction.
"""
