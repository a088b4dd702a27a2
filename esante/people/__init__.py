"""The people of the clinic: patients with and without account, practitioners, and who cares for whom.

A *patient* is a record of its own; a login may stand for it. A *dependant* names its *guardian*, who acts for it until it is
of age. A *practitioner* is seen by the public and may prescribe once an admin has *approved* the licence. A *care relation*
says that a practitioner treats a patient: that word means the same everywhere. Main use cases: register, edit, archive,
find a patient; submit, approve, reject, suspend, find a doctor.
"""
