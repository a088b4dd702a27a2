"""What the other rooms may ask of people: one page over patients, practitioners and care relations."""

from esante.people.care.service import end_care, is_treating, keep_care, open_care
from esante.people.family.service import has_consented
from esante.people.merging.service import note_moved, note_returned, to_return
from esante.people.patients.service import (
    acts_for,
    add_patient,
    import_patient,
    own_patient,
    patient_brief,
    register_patient,
    visible_patient,
)
from esante.people.practitioners.service import (
    add_practitioner,
    approve_practitioner,
    bookable_practitioner,
    import_practitioner,
    practitioner_brief,
    require_prescriber,
)

__all__ = [
    "acts_for",
    "add_patient",
    "add_practitioner",
    "approve_practitioner",
    "bookable_practitioner",
    "end_care",
    "has_consented",
    "import_patient",
    "import_practitioner",
    "is_treating",
    "keep_care",
    "note_moved",
    "note_returned",
    "open_care",
    "own_patient",
    "patient_brief",
    "practitioner_brief",
    "register_patient",
    "require_prescriber",
    "to_return",
    "visible_patient",
]
