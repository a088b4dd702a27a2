"""FHIR R4: other systems' bundles, resources and bulk exports become rows of this clinic.

Every resource ends as one of four: *imported* into a room, *kept raw* beside its patient or the clinic, *already there* from
an earlier run, or *refused* with its file, entry and reason. One resource (or one encounter with what is folded into it) is one
transaction: nothing is half imported, and a run that was broken off is simply started again.
"""
