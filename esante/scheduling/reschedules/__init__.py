"""A patient's wish to move a visit: the new time is held while the practitioner or the desk decides.

A wish is *open* until it is approved, rejected or withdrawn; it *lapses* when nobody answers before its hold ends, or when
the visit has ended or was moved otherwise. A visit has one open wish at most.
"""
